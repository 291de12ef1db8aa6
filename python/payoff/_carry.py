# python/payoff/_carry.py: log records and warnings of forked workers, handed to the caller's own
"""What a forked worker logs or warns of arrives in the caller, once, as in the plain loop.

A worker has copies of the caller's handlers, and of what warnings were shown already. It uses
neither: a MemoryHandler, a QueueHandler or pytest's caplog would fill in the copy, a file would be
rotated by several processes, and a warning would be shown by each worker. Instead it appends
records and warnings to a memory file without a name, and the caller reads that at its own looks
(ten times a second, and at the end) and gives them to the handlers and filters that it has then.

They arrive in the order in which they were made, which is the order of the items within a worker
but not among workers: as with threads. Waiting for the items before them would hold back what one
wants to see while the loop runs; who prefers that says log_order="item" (_order.py). What was
written stays readable when its writer is killed, and no writer waits for a reader.

Levels, logger filters and the filters of warnings are the worker's (that is, the caller's at the
fork): an "error" raises in the item. Handlers that `f` adds in a worker work there.
"""

from __future__ import annotations

import os
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from ._order import Order

_MARK = b"\x8epayoff\x8f"  # at both ends: whoever is killed while writing spoils one entry only
_HEAD = struct.Struct("<8sqq")  # the mark, bytes that follow, the item where the order counts
_PLAIN = (str, int, float, bool, bytes, type(None))
_AT_ONCE = 1 << 20  # bytes
Send = Callable[..., bool]  # (kind, content, handlers that had it at once): will it be handed over?


class Post:
    """The file between the workers of one map and their caller."""

    def __init__(self, order: Order | None = None) -> None:
        self._order = order
        self._file = _core.MemoryFile("payoff-post")
        self._read = self._forgotten = 0
        self._rest = b""

    def send(self, kind: str, content: Any, told: tuple[Any, ...] = ()) -> bool:
        """In a worker, whose own handlers the caller does not have: whether it will get it."""
        import pickle

        item = self._order.item() if self._order is not None else -1
        try:
            data = pickle.dumps((kind, content), 5)
            entry = _HEAD.pack(_MARK, len(data), item) + data + _MARK
            return os.write(self._file.fd(), entry) == len(entry)
        except Exception:
            return False

    def deliver(self) -> None:
        """In the caller: hands over what has come since the last call."""
        while (fd := self._file.fd()) >= 0:
            data = os.pread(fd, _AT_ONCE, self._read)
            self._read += len(data)
            self._rest += data
            self._hand_over_whole()
            if self._read - self._forgotten >= _AT_ONCE:
                self._file.forget(self._read)
                self._forgotten = self._read
            if len(data) < _AT_ONCE:
                return

    def _hand_over_whole(self) -> None:
        for item, entry in self._entries():
            if self._order is not None:
                self._order.keep(item, entry)
            else:
                hand_over(entry)

    def close(self) -> None:
        """In the caller, when its workers have gone."""
        try:
            self.deliver()
            while self._rest:  # begun by a worker that was killed; others wrote theirs behind it
                self._rest = self._rest[1:]
                self._hand_over_whole()
        finally:
            self._file.close()

    def _entries(self) -> Iterator[tuple[int, bytes]]:
        """Items and whole entries; the beginning of a further one stays for the next time."""
        at = 0
        try:
            while True:
                found = self._rest.find(_MARK, at)
                if found < 0:  # perhaps its beginning is there
                    at = max(at, len(self._rest) - len(_MARK) + 1)
                    break
                at = found
                begin = at + _HEAD.size
                if len(self._rest) < begin:
                    break
                _, size, item = _HEAD.unpack_from(self._rest, at)
                end = begin + size
                if len(self._rest) >= end + len(_MARK):
                    if self._rest[end : end + len(_MARK)] == _MARK:
                        at, entry = end + len(_MARK), self._rest[begin:end]
                        yield item, entry
                    else:
                        at += 1  # cut short: its writer was killed
                    continue
                break
        finally:
            self._rest = self._rest[at:]

    # -- in a worker

    def install(self) -> None:
        """Called once in a worker, right after the fork."""
        pid = os.getpid()

        def is_worker() -> bool:  # and no process of f's own
            return os.getpid() == pid

        divert_warnings(self.send, is_worker)
        if "logging" in sys.modules:
            import logging

            refs = logging._handlerList  # type: ignore[attr-defined]
            inherited = [handler for ref in refs if (handler := ref()) is not None]
            divert_records(self.send, is_worker, inherited)


def hand_over(entry: bytes, told: tuple[Any, ...] = ()) -> None:
    """To the handlers and filters of the caller, but not to those that had it at once."""
    import pickle

    from ._failure import is_interruption

    try:
        kind, content = pickle.loads(entry)
    except Exception as error:  # a class that only the worker knew
        if is_interruption(error):
            raise
        return
    if kind == "record":
        _log(content, told)
    else:
        _warn(*content)


# ---------------------------------------------------------------------------------------- logging


def divert_records(send: Send, here: Callable[[], bool], known: list[Any]) -> Callable[[], None]:
    """Where `here()`, what known handlers want goes to `send`; others have it at once.

    Returns what ends that.
    """
    import logging

    from ._failure import is_interruption

    ids = {id(handler) for handler in known}
    plain = logging.Logger.callHandlers

    def send_record(record: logging.LogRecord, told: tuple[Any, ...]) -> bool:
        try:
            return send("record", _portable(record), told)
        except Exception as error:  # it cannot even be put into words: "%d" of a text, say
            if is_interruption(error):
                raise
            return False

    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if not here():
            return plain(self, record)
        found = False
        wanted = False
        told = []
        for handler in _handlers(self):
            found = True
            if record.levelno >= handler.level:
                if id(handler) in ids:
                    wanted = True
                else:
                    handler.handle(record)
                    told.append(handler)
        last = logging.lastResort
        if not found and last is not None:
            wanted = record.levelno >= last.level
        if wanted and not send_record(record, tuple(told)):
            plain(self, record)  # which tells what is wrong with it

    def undo() -> None:
        if logging.Logger.callHandlers is call_handlers:
            logging.Logger.callHandlers = plain  # type: ignore[method-assign]

    call_handlers.known = known  # type: ignore[attr-defined]  # their ids stay theirs
    logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]
    return undo


def _handlers(logger: Any) -> Iterator[Any]:
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def _portable(record: Any) -> dict[str, Any]:
    """Everything the record says, in a form that arrives."""
    from ._failure import _survives
    from ._words import any_repr

    fields = dict(vars(record))
    if record.exc_info:
        import logging

        kind, error, _ = record.exc_info
        if not record.exc_text:
            fields["exc_text"] = logging.Formatter().formatException(record.exc_info)
        # Without its traceback, which is text from here on.
        fields["exc_info"] = (kind, error, None) if _survives((kind, error)) else None
    if record.args and not _survives(record.args):
        fields["msg"], fields["args"] = record.getMessage(), ()
    for name, value in fields.items():
        if type(value) not in _PLAIN and name not in ("args", "exc_info") and not _survives(value):
            fields[name] = str(value) if name == "msg" else any_repr(value)
    return fields


def _log(fields: dict[str, Any], told: tuple[Any, ...]) -> None:
    import logging

    from ._failure import is_interruption

    record = logging.makeLogRecord(fields)
    logger = logging.getLogger(record.name)
    try:
        if not told:
            logger.callHandlers(record)
        for handler in _handlers(logger) if told else ():
            if record.levelno >= handler.level and handler not in told:
                handler.handle(record)
    except Exception as error:  # in the plain loop it would have been the item's; here nobody's
        if is_interruption(error):
            raise
        if logging.raiseExceptions and sys.stderr is not None:
            import traceback

            traceback.print_exc()


# --------------------------------------------------------------------------------------- warnings


def divert_warnings(send: Send, here: Callable[[], bool]) -> Callable[[], None]:
    """Where `here()`, warnings that would be shown go to `send`. Returns what ends that."""
    module: Any = warnings  # what the type checker does not know of it is used
    plain, plain_show = module._showwarnmsg_impl, warnings.showwarning
    recorded = _recorder(module)  # of the caller, if it records; a copy here

    def show(message: Any) -> None:
        mine = _recorder(module)
        if mine is not None and mine is not recorded:  # f itself records
            mine.append(message)
        elif not here() or not send("warning", _described(message)):
            if plain_show is not module._showwarning_orig:
                plain_show(
                    message.message, message.category, message.filename, message.lineno,
                    message.file, message.line,
                )  # fmt: skip
            else:
                plain(message)

    def undo() -> None:
        if module._showwarnmsg_impl is show:
            module._showwarnmsg_impl = plain
        if warnings.showwarning is module._showwarning_orig:
            warnings.showwarning = plain_show

    warnings.showwarning = module._showwarning_orig
    module._showwarnmsg_impl = show
    return undo


def _recorder(module: Any) -> Any:
    """The list that records warnings, where that is a matter of context (Python 3.14)."""
    context = getattr(module, "_get_context", None)
    return getattr(context(), "log", None) if context is not None else None


def _described(message: Any) -> tuple[Any, ...]:
    from ._failure import _survives

    warning, category = message.message, message.category
    if not _survives(warning):
        warning = str(warning)
    if not _survives(category):
        category = next((c for c in category.__mro__ if _survives(c)), UserWarning)
        warning = str(warning)
    frame: FrameType | None = sys._getframe(1)
    name = None
    while frame is not None:
        if frame.f_code.co_filename == message.filename:
            name = frame.f_globals.get("__name__")
            break
        frame = frame.f_back
    return warning, category, message.filename, message.lineno, name


def _warn(warning: Any, category: Any, filename: str, line: int, name: str | None) -> None:
    """Shows it unless the caller, or another worker, has done so: by the registry of its module."""
    module = sys.modules.get(name) if name is not None else None
    registry = vars(module).setdefault("__warningregistry__", {}) if module is not None else None
    try:
        warnings.warn_explicit(warning, category, filename, line, name, registry)
    except Warning:  # an "error" that the worker's filters did not know of
        pass
