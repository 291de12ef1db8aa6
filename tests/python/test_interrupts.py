# tests/python/test_interrupts.py: a Ctrl-C that comes at an inconvenient moment is not lost
import os
import subprocess
import sys

import pytest

STDOUT = """
class Out:
    def flush(self):
        send()
    def write(self, text):
        pass
sys.stdout = Out()
"""


def calls_of(module, name, when="first"):
    return f"""
import {module} as module
plain = module.{name}
def sends(*args, **named):
    if {when == "first"}:
        send()
    try:
        return plain(*args, **named)
    finally:
        send()
module.{name} = sends
"""


# Parked threads of payoff's own take what the main thread does not.
THREADS = 'payoff.map(time.sleep, [0.01] * 6, backend="threads", workers=3)\n'
FORK = 'backend="fork", workers=3'
DIES = "os._exit(3) if os.getpid() != me and x > 5 else time.sleep(0.005)"
# What sends the signal; what an item does; how the map is called.
MOMENTS = {
    "before a fork": ("os.register_at_fork(before=send)", "x", FORK),
    "after a fork": ("os.register_at_fork(after_in_parent=send)", "x", FORK),
    "before a fork, in another thread": (THREADS + "os.register_at_fork(before=send)", "x", FORK),
    "after a fork, in another thread": (
        THREADS + "os.register_at_fork(after_in_parent=send)",
        "x",
        FORK,
    ),
    "flushing stdout": (STDOUT, "x", FORK),
    "opening the file of log records": (
        calls_of("payoff._worker", "Post", when="when it is open"),
        "x",
        FORK,
    ),
    "taking the last log records": (calls_of("payoff._carry", "Post.close"), "x", FORK),
    "telling of a death": (calls_of("payoff._words", "shown"), DIES, FORK),
    "gathering what was finished": (calls_of("payoff._failure", "carry"), DIES, FORK),
    "starting threads": (
        calls_of("payoff._threads", "start", when="when they run"),
        "time.sleep(0.01)",
        'backend="threads", workers=4',
    ),
    "waiting for threads after the deadline": (
        "import threading",
        "time.sleep(0.001) if threading.current_thread() is threading.main_thread()"
        " else (time.sleep(0.2), send(), time.sleep(0.2))",
        'backend="threads", workers=3, deadline=0.1',
    ),
    "weighing a result": (
        calls_of("payoff._transport", "price"),
        "[sum(range(20_000))]",
        "workers=2",
    ),
}
PROGRAM = """
import os, signal, sys, time
import payoff

me = os.getpid()
sent = []

def send():
    if not sent:
        sent.append(True)
        os.kill(me, signal.SIGINT)

{sender}
try:
    payoff.map(lambda x: {item}, range(400), {how})
    sys.__stdout__.write("done" if sent else "never sent")
except KeyboardInterrupt as error:
    error.__traceback__ = None
    for fd in os.listdir("/proc/self/fd"):
        if os.path.exists(f"/proc/self/fd/{{fd}}"):
            assert "payoff" not in os.readlink(f"/proc/self/fd/{{fd}}")
    for _ in range(20):  # whoever still works for that map now works on what is gone
        time.sleep(0.005)
        payoff.map(time.sleep, [0.001] * 8, backend="threads", workers=3)
    sys.__stdout__.write("interrupted")
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c(moment, tmp_path):
    sender, item, how = MOMENTS[moment]
    file = tmp_path / "program.py"
    file.write_text(PROGRAM.format(sender=sender, item=item, how=how))
    done = subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        timeout=40,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted", "", 0)


RINGS = """
def ring(*_):
    raise TimeoutError("it rang")

signal.signal(signal.SIGALRM, ring)
"""


@pytest.mark.parametrize(
    ("module", "name", "item", "how"),
    [
        ("payoff._reach", "watch", "sum(range(20_000))", "workers=2"),
        ("payoff._forksafe", "unsafe_to_fork", "x", FORK),
        ("payoff._worker", "Post", "x", FORK),
        ("payoff._threads", "start", "time.sleep(0.01)", 'backend="threads", workers=3'),
        ("payoff._words", "shown", DIES, FORK),
        ("payoff._progress", "_plan", "time.sleep(0.005)", FORK + ", progress=True"),
    ],
)
def test_what_an_alarm_raises_is_no_failure_of_ours(module, name, item, how, script):
    """Where payoff excuses an Exception, because the loop is worth more, this one goes on."""
    program = PROGRAM.replace("SIGINT", "SIGALRM").replace("KeyboardInterrupt", "TimeoutError")
    done = script(program.format(sender=RINGS + calls_of(module, name), item=item, how=how))
    assert (done.stdout, done.returncode) == ("interrupted", 0)


HANDLERS = {
    "function": "lambda *_: sys.exit(7)",
    "partial": "functools.partial(lambda *_: sys.exit(7))",
    "object": "type('Handler', (), {'__call__': lambda *_: sys.exit(7)})()",
}


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("moment", ["Post.close", "carry", "threads"])
def test_what_another_signal_s_handler_raises(moment, handler, script):
    """While an exception waits for threads and gathers what was finished."""
    done = script(
        """
        import functools, os, signal, sys, threading, time
        import payoff
        from payoff import _carry, _failure

        sent, moment = [], sys.argv[1]

        def send():
            if not sent:
                sent.append(True)
                os.kill(os.getpid(), signal.SIGTERM)

        def f(x):
            time.sleep(0.002)
            if moment == "threads" and threading.current_thread() is not threading.main_thread():
                time.sleep(0.2)
                send()
                time.sleep(0.2)
            return x if x < 30 else 1 / 0

        places = {"Post.close": (_carry.Post, "close"), "carry": (_failure, "carry")}
        if moment in places:
            owner, name = places[moment]
            plain = getattr(owner, name)
            setattr(owner, name, lambda *args: (send(), plain(*args)))
        signal.signal(signal.SIGTERM, eval(sys.argv[2]))
        if moment == "threads":
            payoff.map(f, range(400), backend="threads", workers=3, deadline=0.1)
        else:
            payoff.map(f, range(60), backend="fork", workers=3)
        """,
        moment,
        HANDLERS[handler],
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


def test_what_an_interrupted_price_leaves_to_the_collector(script):
    """A cycle with a view of a BytesIO in it crashes CPython."""
    done = script("""
        import gc
        from payoff import _transport

        def loads(*_):
            raise KeyboardInterrupt

        _transport.loads = loads
        gc.disable()
        for _ in range(50):
            try:
                _transport.price([b"x" * 1000])
            except KeyboardInterrupt as error:
                error.itself = error
        gc.collect()
        print("collected")
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "collected\n", "")
