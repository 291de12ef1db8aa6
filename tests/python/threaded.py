# tests/python/threaded.py: ways to call with workers in threads, and to see that one has done it
import threading
import time

import payoff

THREADS = {"backend": "threads", "workers": 4}


def in_thread():
    return threading.current_thread() is not threading.main_thread()


def leave_some(seconds=0.002):
    """In the caller, wait: so that workers get items, too."""
    if not in_thread():
        time.sleep(seconds)


def pause(x):
    time.sleep(0.001)
    return x


def threads_of(items, f=None, **how):
    """The threads that ran items, by name."""

    def named(x):
        time.sleep(0.002)
        return threading.current_thread().name, f(x) if f else None

    names = {name for name, _ in payoff.map(named, range(items), **{**THREADS, **how})}
    return names - {threading.current_thread().name}
