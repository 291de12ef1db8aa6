# tests/python/test_terminal.py: functions that print stay in the caller, in the loop's order
import pytest

PRINTING = """
import sys, time
import payoff

def work(x):
    begin = time.thread_time()
    while time.thread_time() - begin < 0.001:
        pass
    return x

def through_print(x):
    print("item", work(x))
    return x

def through_stdout(x):
    sys.stdout.write(f"item {work(x)}\\n")
    return x

def through_a_helper(x):
    def show():
        through_print(x)
    show()
    return x

def to_the_buffer(x, out=sys.stdout.buffer):
    out.write(f"item {work(x)}\\n".encode())
    return x

def to_stderr(x):
    print("item", work(x), file=sys.stderr)
    return x

def silent(x):
    return work(x)

f = globals()[sys.argv[1]]
print("before")  # stays in the buffer of a pipe: a worker must not write it again
if sys.argv[2:] == ["loop"]:
    [f(x) for x in range(150)]
    print("after inline")
    sys.exit()
run = payoff.run(f, range(150), workers=2)
assert run.results == list(range(150))
print("after", run.receipt.backend)
print(run.receipt.reason)
"""


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("through_print", "prints (`print`)"),
        ("through_stdout", "`sys.stdout`"),
        ("through_a_helper", "prints (`print`)"),
        ("to_the_buffer", "`out` is an open file"),
        ("to_stderr", "`sys.stderr`"),
    ],
)
def test_what_is_printed_comes_once_and_in_order(script, name, because):
    done = script(PRINTING, name)
    assert done.returncode == 0, done.stderr
    # Bytes for the buffer overtake the text before them, in the loop as well.
    loop = script(PRINTING, name, "loop")
    assert (loop.stdout + loop.stderr).count("item") == 150
    *printed, reason = done.stdout.splitlines()
    assert printed == loop.stdout.splitlines()
    assert done.stderr == loop.stderr
    assert because in reason


def test_without_printing_the_same_program_gets_workers(script):
    done = script(PRINTING, "silent")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["before", "after fork"]
