# python/payoff/_profile.py: `with payoff.profile():` and the cell magic %%payoff
"""The sampler of `payoff profile`, for a block of code in this process."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from . import _core
from ._bootstrap.sitecustomize import Pools
from ._words import shown

_FORMATS = ("payoff", "speedscope", "collapsed")
_VARIABLES = ("PYTHONPATH", "PAYOFF_PROFILE")
_running: list[profile] = []  # at most one
_following: list[int] = []  # the process whose forks are followed


class profile:
    """Where does the time of a block go?

    >>> with payoff.profile() as p:
    ...     work()
    >>> print(p)

    A native thread looks at every thread of this process about `rate` times a second, without the
    GIL and without a signal. Processes that start inside the block are looked at, too: for that,
    PYTHONPATH and PAYOFF_PROFILE are set in os.environ while it runs.

    Args:
        rate: looks a second, 1 to 1000.
        budget: the share of the process's CPU time that looking may take, 0 < budget <= 1.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind; the message names it.
        RuntimeError: another profile runs already, at __enter__.
    """

    def __init__(self, rate: float = 100, budget: float = 0.01) -> None:
        self._rate = _number("rate", rate, 1, 1000)
        self._budget = _number("budget", budget, 0, 1)
        self._json = ""
        self._directory: str | None = None

    def __enter__(self) -> profile:
        if _running:
            raise RuntimeError(
                "a payoff.profile() runs in this process already; one sees all threads and all"
                " that is called, so end it first or leave the inner one out"
            )
        if not _core.profile_running():
            self._start()
        # Else `payoff profile` samples this whole process: what it has seen is shown.
        _running.append(self)
        return self

    def _start(self) -> None:
        from tempfile import mkdtemp

        self._directory = mkdtemp(prefix="payoff-")
        self._before = {name: os.environ.get(name) for name in _VARIABLES}
        if not _core.profile_start(os.fsencode(self._directory), self._rate, self._budget):
            self._remove_directory()
            raise RuntimeError(
                "no thread can be started to sample the others, so nothing can be profiled; "
                "`ulimit -u` and the cgroup's pids.max limit them"
            )
        _follow_forks()
        atexit.register(_core.profile_stop)  # the thread must not outlive the interpreter
        bootstrap = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bootstrap")
        path = self._before["PYTHONPATH"]
        os.environ["PYTHONPATH"] = f"{bootstrap}:{path}" if path else bootstrap
        os.environ["PAYOFF_PROFILE"] = f"{self._directory};{self._rate};{self._budget}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _running.remove(self)
        if self._directory is None:
            self._json = _core.profile_merge([_core.profile_snapshot()], _lines)
            return
        _core.profile_stop()
        atexit.unregister(_core.profile_stop)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        try:
            self._json = _core.profile_gather(os.fsencode(self._directory), _lines)
        finally:
            self._remove_directory()

    def _remove_directory(self) -> None:
        from shutil import rmtree

        if self._directory is not None:
            rmtree(self._directory, ignore_errors=True)

    def summary(self) -> str:
        """What the program burns or waits for, its hot lines and its threads, as text.

        Raises:
            RuntimeError: the block has not ended.
        """
        return str(_core.profile_text(self._finished()))

    def to_json(self) -> str:
        """The numbers of the summary, for programs."""
        return str(_core.profile_export(self._finished(), "json"))

    def save(self, file: str | os.PathLike[str], format: str = "payoff") -> None:
        """Keep the profile.

        Args:
            file: is replaced if it exists.
            format: "payoff", which `payoff report FILE` shows again; "speedscope"; "collapsed".

        Raises:
            ValueError: an unknown format. RuntimeError: the block has not ended. OSError.
        """
        if format not in _FORMATS:
            raise ValueError(f"format={format!r} is unknown; use one of {', '.join(_FORMATS)}")
        text = self._finished()
        if format != "payoff":
            text = _core.profile_export(text, format)
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)

    def _finished(self) -> str:
        if not self._json:
            raise RuntimeError(
                "this profile's `with` block has not ended yet; ask for its results behind it"
            )
        return self._json

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        state = "ended" if self._json else "running" if self in _running else "not begun"
        return f"<payoff.profile, {state}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self) if self._json else repr(self))

    def _repr_html_(self) -> str | None:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>" if self._json else None


def _number(name: str, value: Any, above: float, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}={shown(value)} is not a number; leave it out for the default"
        ) from None
    if not (above <= number <= most and number > 0):
        least = f"at least {above}" if above else "above 0"
        raise ValueError(f"{name}={value!r} must be {least} and at most {most}")
    return number


def _follow_forks() -> None:
    """Once for ever: the hooks do nothing while no profile runs."""
    if not _following:
        os.register_at_fork(
            before=Pools(_core.profile_stop), after_in_child=_core.profile_after_fork
        )
        _following.append(os.getpid())


def _lines(file: str) -> list[str]:
    """The lines of what is no file: a cell of a notebook, a doctest."""
    from linecache import getlines

    return getlines(file)


@contextlib.contextmanager
def _shown(measured: profile, file: str | None) -> Iterator[None]:
    from IPython.display import display

    try:
        with measured:
            yield
    finally:
        if file:
            measured.save(file)
        display(measured)  # type: ignore[no-untyped-call]


def load_magic(shell: Any) -> None:
    """%load_ext payoff."""

    def payoff(line: str, cell: str) -> object:
        """Where does the time of this cell go? Options: --rate 100, --budget 1%, -o FILE."""
        options = _cell_options(line)
        budget = float(options.budget.rstrip("%")) / 100
        return _run_cell(shell, cell, profile(options.rate, budget), options.output)

    shell.register_magic_function(payoff, "cell", "payoff")


def _cell_options(line: str) -> argparse.Namespace:
    import shlex

    parser = argparse.ArgumentParser("%%payoff", add_help=False, exit_on_error=False)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--budget", default="1%")
    parser.add_argument("-o", "--output")
    try:
        options, rest = parser.parse_known_args(shlex.split(line))
    except argparse.ArgumentError as error:
        raise ValueError(f"%%payoff: {error}") from None
    if rest:
        raise ValueError(f"%%payoff: {rest[0]!r} is no option; it has --rate, --budget and -o FILE")
    return options


def _run_cell(shell: Any, cell: str, measured: profile, file: str | None) -> object:
    """As %%time runs a cell: in the user's names, with the value of its last line."""
    import ast

    code = shell.transform_cell(cell)
    name = shell.compile.cache(code, shell.execution_count, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(code, filename=name))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    silent = cell.rstrip().endswith(";")
    body = shell.compile(tree, name, "exec")
    value = None if last is None else shell.compile(ast.Expression(last.value), name, "eval")
    with _shown(measured, file):
        exec(body, shell.user_ns)
        result = None if value is None else eval(value, shell.user_ns)
    return None if silent else result
