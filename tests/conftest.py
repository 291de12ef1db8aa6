# tests/conftest.py: what all Python tests take for granted of the process that runs them
import functools
import os
import signal
import traceback

import pytest

# A shell's background job starts with some of them ignored, and nohup with another: Python keeps
# that, and hands it on to the programs that tests start and interrupt.
INTERRUPTS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


@pytest.fixture(autouse=True, scope="session")
def signals_interrupt():
    before = {}
    for number, handler in INTERRUPTS.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


RAISED = 1  # a process that did not end as it was to


@pytest.fixture
def beside():
    """beside(f): f() in a forked process; a function that waits for it: its exit code.

    It ends there whatever f raises: an exception that went on would make a second pytest of it.
    """
    waits = []

    def start(f):
        pid = os.fork()
        if pid == 0:
            code = RAISED
            try:
                f()
                code = 0
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(code)
        waits.append(functools.cache(lambda: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
        return waits[-1]

    yield start
    assert RAISED not in [wait() for wait in waits]
