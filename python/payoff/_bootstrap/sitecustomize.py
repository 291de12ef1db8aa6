# python/payoff/_bootstrap/sitecustomize.py: starts the sampler in a Python that is profiled
"""First on PYTHONPATH of a profiled program and of its children, so `site` imports it at the start.

It starts the sampler, takes its own folder out of sys.path, and gives way to the sitecustomize that
would have been imported without it. Whatever goes wrong here, the program runs as it would have.
"""

import sys
from os import environ, getpid, register_at_fork
from types import ModuleType


class Pools:
    """Called before a fork: has multiprocessing's children stop the sampler when they end.

    They leave by os._exit, behind which nothing runs, but for the finalizers of multiprocessing.
    """

    def __init__(self, stop) -> None:  # type: ignore[no-untyped-def]
        self._stop = stop
        self._told = False

    def __call__(self) -> None:
        util = sys.modules.get("multiprocessing.util")
        if util is None or self._told:
            return
        try:
            util.register_after_fork(self, Pools._in_child)
            self._told = True
        except Exception:  # half imported by another thread: the next fork tells it
            pass

    def _in_child(self) -> None:
        util = sys.modules["multiprocessing.util"]
        util.Finalize(None, self._stop, exitpriority=-1000)  # behind all others


def begin() -> None:
    words = environ.get("PAYOFF_PROFILE", "").rsplit(";", 2)
    if len(words) != 3 or not in_main_interpreter():
        return
    import atexit
    from os.path import isdir

    directory, rate, budget = words
    if not isdir(directory):  # the run is over; who is left of it is nobody's child any more
        return
    try:
        core = load_core()
        if not core.profile_start(as_bytes(directory), float(rate), float(budget)):
            raise OSError("no thread can be started")
    except Exception as error:
        confess(directory, error)
        return
    atexit.register(core.profile_stop)  # the first to register is the last to run
    register_at_fork(before=Pools(core.profile_stop), after_in_child=core.profile_after_fork)


def as_bytes(text: str) -> bytes:
    return text.encode(sys.getfilesystemencoding(), "surrogateescape")


def in_main_interpreter() -> bool:
    """`site` runs in subinterpreters too, but one sampler sees the whole process."""
    import _signal  # type: ignore[import-not-found]

    try:
        _signal.set_wakeup_fd(_signal.set_wakeup_fd(-1))
    except ValueError:  # "only works in main thread of the main interpreter"
        return False
    return True


def load_core() -> ModuleType:
    """payoff._core of the payoff that this file belongs to, without the package around it.

    Under its own name if the program would import that very payoff, and so load it a second time;
    else under a name that nobody else uses.
    """
    from _imp import extension_suffixes
    from os.path import exists

    # importlib without its package, which the program may never import.
    bootstrap, external = (
        sys.modules[name] for name in ("_frozen_importlib", "_frozen_importlib_external")
    )
    package = __file__.rsplit("/", 2)[0]
    for suffix in extension_suffixes():
        path = f"{package}/_core{suffix}"
        if exists(path):
            theirs = bootstrap._find_spec("payoff", None)
            same = theirs is not None and theirs.origin == f"{package}/__init__.py"
            name = "payoff._core" if same else "payoff_profiler._core"
            loader = external.ExtensionFileLoader(name, path)
            module: ModuleType = bootstrap._load(bootstrap.ModuleSpec(name, loader, origin=path))
            return module
    raise ImportError("payoff is not built for this Python")


def confess(directory: str, error: Exception) -> None:
    from time import monotonic_ns

    why = f"Python {sys.version.split()[0]} ({sys.executable}): {error}"
    try:
        with open(f"{directory}/{getpid()}-{monotonic_ns()}.unseen", "wb") as file:
            file.write(as_bytes(why))
    except OSError:
        pass


def give_way() -> None:
    here = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)
    sys.modules.pop("sitecustomize", None)


if __name__ == "sitecustomize":
    try:
        begin()
    finally:
        give_way()
    # That there is none is for `site` to know: it expects, and ignores, just this ImportError.
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
