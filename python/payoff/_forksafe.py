# python/payoff/_forksafe.py: may this process fork now? The policy, with its reasons.
"""Decide whether a fork is safe, from the threads that are alive.

A fork copies the calling thread only. A lock that another thread holds at that moment stays locked
in the child for ever, and the worker hangs at its first use of it. So a fork is safe when every
other thread is *known* to hold nothing a worker needs; what is not known is unsafe.

Safe:

* No other thread.
* OpenBLAS's pool. OpenBLAS registers pthread_atfork handlers: it ends its pool before the fork, and
  parent and child each start a new one at their next use. Its threads run nothing but BLAS.
* payoff's own threads (names that begin with "payoff") while they are parked: they hold nothing.
  One that runs items of a map may hold any lock of the user's.
* tqdm's monitor while it sleeps in Event.wait: it takes tqdm's lock only to look at late bars.
* Jupyter's threads (seen in ipykernel 6 and 7), each only while it waits in its known place:
    - IOPub, Control, Shell channel and idle subshells sit in asyncio's select. A thread there runs
      no callback, so it is inside no `with lock:`. IOPub shares OutStream's buffer lock with
      whoever prints; as the caller flushes sys.stdout and sys.stderr right before it forks, and
      flush waits for IOPub, that thread has nothing left to do. A subshell that runs a cell is the
      user's code, and unsafe.
    - Heartbeat echoes inside libzmq, without the GIL, on a socket of its own.
    - the readers of the stdout and stderr pipes (OutStream._watch_pipe_fd) block in os.read and
      take the buffer lock only when native code has printed; then they are not waiting, and unsafe.
    - IPython's history thread is joined before a fork by IPython itself (os.register_at_fork, run
      by PyOS_BeforeFork). Where IPython is too old for that, it is safe while it waits for its
      event; writing the database it would hold sqlite's mutexes.
    - the parent poller sleeps in time.sleep and calls getppid: no lock at all.
    - libzmq's native threads (ZMQbg/…) hold only mutexes of the parent's zmq context. ipykernel
      gives a forked child a new context for its output, and pyzmq does not close inherited ones.

Unsafe: every other Python thread, as it may run any code; every other native thread; libgomp,
libomp or libiomp with a live team (a child that enters a parallel region waits for a team that does
not exist); torch with native threads. And a map from another thread than the main one: the main
thread exists as well, and that it waits in a join or an event loop does not show which locks it
took before (`with lock: thread.join()`), so it is never called idle.

Python threads and native ones are told apart by their ids. OpenBLAS's threads carry no name, so
they are counted; where another library that keeps native threads is loaded the count could be
theirs (OpenBLAS's pool is gone after an earlier fork), and then each thread must be seen asleep on
a futex inside OpenBLAS's own data.
"""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable
from types import FrameType, MethodType
from typing import Any

_REMEDY = "end it before the map, or keep the loop here with backend='inline'"
_POOLS = (  # libraries that keep native threads of their own
    "libgomp",
    "libomp",
    "libiomp",
    "libmkl",
    "libtorch",
    "libtbb",
    "libarrow",
    "libtensorflow",
    "libjax",
    "polars",
    "libgrpc",
    "libcuda",
    "libopencv",
    "libuv",
    "_ray",
)
_OPENMP = ("libgomp", "libomp", "libiomp")
_WAITS = {  # module of the thread's code: where it may wait (function, file); None: anywhere
    "tqdm._monitor": {("wait", "threading.py")},
    "IPython.core.history": {("wait", "threading.py")},
    "ipykernel.iostream": {("select", "selectors.py"), ("_watch_pipe_fd", "iostream.py")},
    "ipykernel.control": {("select", "selectors.py")},
    "ipykernel.shellchannel": {("select", "selectors.py")},
    "ipykernel.subshell": {("select", "selectors.py")},
    "ipykernel.thread": {("select", "selectors.py")},
    "ipykernel.heartbeat": None,
    "ipykernel.parentpoller": None,
}
_NAMES = {
    "ipykernel": "Jupyter's thread",
    "IPython": "IPython's thread",
    "tqdm": "tqdm's thread",
}


def unsafe_to_fork(
    native_threads: list[tuple[int, str]],
    openblas_threads: int,
    libraries: Callable[[], list[str]],
    asleep_in_openblas: Callable[[int], bool] | None = None,
) -> str | None:
    """Why this process must not fork now, as a sentence with a remedy, or None when it may.

    The caller flushes sys.stdout and sys.stderr between this answer and the fork, and forks as
    os.fork does (PyOS_BeforeFork). "try again" in the answer: the next moment may do.

    Args:
        native_threads: (thread id, name) of every thread of the process, as in /proc/self/task;
            the calling thread may be among them.
        openblas_threads: threads that the loaded OpenBLAS libraries may keep in their pools.
        libraries: gives the paths of the loaded shared libraries; asked only when threads remain.
        asleep_in_openblas: tells of a thread id whether it waits inside OpenBLAS; by default read
            from /proc, asked only when another library with native threads is loaded.
    """
    me = _thread.get_native_id()
    others = {tid: name for tid, name in native_threads if tid != me}
    if not others:
        return None
    reason = _python_threads(others)
    if reason is not None:
        return reason
    zmq = "ZMQbg/" if "zmq" in sys.modules else "payoff"
    rest = [(tid, name) for tid, name in others.items() if not name.startswith(("payoff", zmq))]
    if not rest:
        return None
    return _native_threads(rest, openblas_threads, libraries(), asleep_in_openblas)


def _python_threads(others: dict[int, str]) -> str | None:
    """Judge Python's threads, and take those that are safe out of `others`."""
    me = _thread.get_ident()
    frames = sys._current_frames()
    threading = sys.modules.get("threading")
    active: dict[int, Any] = dict(threading._active) if threading is not None else {}
    busy = None  # told last: it passes, the others' reasons stay
    if threading is not None and threading._limbo:
        busy = "a thread is being started at this moment: try again"
    for ident, thread in active.items():
        if ident == me:
            continue
        others.pop(thread.native_id, None)
        module = _module(thread)
        reason = _stranger(threading, thread, module)
        if reason is not None:
            return reason
        busy = busy or _busy(thread, module, frames.get(ident))
    unknown = frames.keys() - active.keys() - {me}
    if unknown:
        return (
            "a thread started without the threading module is running Python code, and could hold"
            f" a lock that a worker needs: {_REMEDY}"
        )
    return busy


def _stranger(threading: Any, thread: Any, module: str) -> str | None:
    """Why this thread must not exist at a fork, unless it is one of those known here."""
    if thread is threading._main_thread:
        return (
            "the map runs in another thread than the main one, and the main thread could hold a"
            " lock that a worker needs: call it from the main thread"
        )
    if module in _WAITS or _is_own(thread, module):
        return None
    return f"thread `{thread.name}` is alive, and could hold a lock that a worker needs: {_REMEDY}"


def _busy(thread: Any, module: str, frame: FrameType | None) -> str | None:
    """Whether a known thread is elsewhere than where it waits, and so may hold a lock."""
    if getattr(thread, "is_at_work", bool)():
        return f"payoff's thread `{thread.name}` runs items of another map: try again"
    places = None if _is_own(thread, module) else _WAITS[module]
    if places is None or frame is None:
        return None
    if module == "IPython.core.history" and _is_joined_before_fork():
        return None
    code = frame.f_code
    if (code.co_name, code.co_filename.rpartition("/")[2]) in places:
        return None
    whose = _NAMES[module.partition(".")[0]]
    return f"{whose} `{thread.name}` is at work, and could hold a lock a worker needs: try again"


def _is_own(thread: Any, module: str) -> bool:
    return module.partition(".")[0] == "payoff" or thread.name.startswith("payoff")


def _is_joined_before_fork() -> bool:
    manager = getattr(sys.modules.get("IPython.core.history"), "HistoryManager", None)
    return hasattr(manager, "_stop_thread")


def _module(thread: Any) -> str:
    """The module whose code the thread runs: of its class, or of its target for a plain Thread."""
    cls = type(thread)
    if cls.__module__ != "threading":
        return str(cls.__module__)
    target = thread.__dict__.get("_target")
    if type(target) is MethodType:
        target = target.__func__
    module = getattr(target, "__module__", None)
    return module if isinstance(module, str) else ""


def _native_threads(
    rest: list[tuple[int, str]],
    openblas_threads: int,
    libraries: list[str],
    asleep_in_openblas: Callable[[int], bool] | None,
) -> str | None:
    files = [path.rpartition("/")[2] for path in libraries]
    pools = [file for file in files if file.startswith(_POOLS)]
    strange = rest[openblas_threads:]
    if not strange and pools:
        asleep = asleep_in_openblas or _asleep_in_openblas(libraries)
        strange = [thread for thread in rest if not asleep(thread[0])]
    if not strange:
        return None
    count = f"{len(strange)} native thread" + ("s" if len(strange) > 1 else "")
    if any(file.startswith("libtorch") for file in pools):
        return (
            f"torch is loaded with {count} running, and does not survive a fork:"
            " call torch.set_num_threads(1) before its first use, or use backend='inline'"
        )
    for file in pools:
        if file.startswith(_OPENMP):
            return (
                f"{file.partition('.')[0]} is loaded with {count} running, perhaps its team, and a"
                " worker that enters OpenMP would hang: set OMP_NUM_THREADS=1 before its first"
                " use, or use backend='inline'"
            )
    return (
        f"{count} of unknown origin (`{strange[0][1]}`, id {strange[0][0]}) could hold a lock that"
        f" a worker needs: {_REMEDY}"
    )


def _asleep_in_openblas(libraries: list[str]) -> Callable[[int], bool]:
    """A test of thread ids: does it wait on a futex in the data of an OpenBLAS library?

    The pool's condition variables are static, so their addresses lie in the library's writable
    mappings or in the anonymous one that follows them (its .bss). A thread that runs gives no
    address, and so counts as unknown; OpenBLAS's own spin for some milliseconds after work.
    """
    names = {path.rpartition("/")[2] for path in libraries if "openblas" in path}
    ranges: list[tuple[int, int]] = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        ours, end = False, 0
        for line in maps:
            span, flags, *_, path = [*line.split(maxsplit=5), ""][:6]
            first, last = (int(part, 16) for part in span.split("-"))
            path = path.strip()
            ours = path.rpartition("/")[2] in names if path else ours and first == end
            end = last
            if ours and flags.startswith("rw"):
                ranges.append((first, last))

    def asleep(tid: int) -> bool:
        try:
            with open(f"/proc/self/task/{tid}/syscall", encoding="ascii") as call:
                words = call.read().split()
        except OSError:
            return False
        if len(words) < 2:
            return False
        address = int(words[1], 16)
        return any(first <= address < last for first, last in ranges)

    return asleep
