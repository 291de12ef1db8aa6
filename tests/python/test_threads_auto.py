# tests/python/test_threads_auto.py: when threads are chosen: by the GIL and the waiting, measured
#
# What follows from what was seen is exact: the rules below, and tests/engine/choice_test.cpp. What
# is seen is a sample, which the machine's other work can spoil: it is taken again, and by counts.
import hashlib
import os
import re
import sys
import threading
import time
import zlib

import payoff
import pytest
from payoff import _core, _reach

LARGE = os.urandom(50_000) * 8  # compresses in about 10 ms, without the GIL
ROUNDS = 5
LOOKS = 200  # at the GIL, where the machine has other work: then whatever they say is so


def wait(x):
    time.sleep(0.004)
    return x


def compress(x):
    return len(zlib.compress(LARGE, 6)) + x


def python(x):
    for _ in range(20_000):
        x = x * 5 & 1023
    return x


def small_hashes(x):
    for _ in range(400):
        digest = hashlib.sha256(LARGE[:8192]).digest()
    return digest[0] + x


def once(check):
    """True as soon as check() is: what the machine's other work can spoil is tried again."""
    return any(check() for _ in range(ROUNDS))


def cpu_of_others():
    """Seconds of CPU time that everybody else has had, by the kernel's count."""
    with open("/proc/stat") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    busy = sum(ticks[:3]) + sum(ticks[5:8])  # without idle, and waiting for disks
    return busy / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def waited_for_a_core():
    """Seconds that this thread was ready and had none."""
    with open("/proc/thread-self/schedstat") as stat:
        return int(stat.read().split()[1]) / 1e9


def alone_here(run):
    """(run(), whether this process had its cores to itself meanwhile)"""
    began, others, waited = time.monotonic(), cpu_of_others(), waited_for_a_core()
    result = run()
    lost = max(cpu_of_others() - others, waited_for_a_core() - waited)
    return result, lost < 0.05 * (time.monotonic() - began)


# ------------------------------------------------------------------------------ the GIL, watched


def watched(f, waiting=False, fewest=0):
    """(looks, free share, seconds free at a time, judgement) while f runs in this thread."""
    watch = _core.GilWatch()
    assert watch.start(0.0002), "the GIL was not found in this CPython"
    until = time.monotonic() + 10
    while time.monotonic() < until:
        f(1)
        looks, _, _, judgement = watch.seen(waiting=waiting)
        if judgement != "unknown" and looks >= fewest:
            break
        watch.go_on()
    seen = watch.seen(waiting=waiting)
    watch.stop()
    return seen


@pytest.mark.parametrize(
    ("f", "judgement", "low", "high"),
    [
        (python, "held", 0, 0.2),
        (compress, "free", 0.7, 1),
        (wait, "free", 0.7, 1),
        (small_hashes, "in slices", 0.7, 1),
    ],
)
def test_the_gil_is_seen_from_outside(f, judgement, low, high):
    seen = []

    def check():
        seen.append(watched(f, waiting=f is wait, fewest=LOOKS if seen else 0))
        return seen[-1][3] == judgement and low <= seen[-1][1] <= high

    assert once(check), seen


@pytest.mark.parametrize(
    ("free", "held", "use"),
    [
        (3, 0, "unknown"),
        (0, 4, "held"),
        (8, 0, "free"),
        (3, 5, "held"),
        (5, 3, "unknown"),  # one time in ten, of a GIL that is free for 85 %
        (15, 5, "free"),
        (30, 18, "held"),  # enough to believe it, even so near to the border
    ],
)
def test_what_few_looks_at_the_gil_say(free, held, use):
    assert _core.gil_use(free=free, held=held) == use


def test_watching_does_not_take_the_gil():
    """A thread that took it would have to be let in: the holder would wait for it 5 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(100)
    try:
        _, share, _, judgement = watched(python)
    finally:
        sys.setswitchinterval(before)
    assert judgement == "held" and share < 0.5


def test_the_watch_leaves_no_thread_behind():
    """CPython 3.12 warns whoever forks with one."""
    before = len(os.listdir("/proc/self/task"))
    payoff.map(python, range(100), backend="auto", workers=2)
    watched(python)
    until = time.monotonic() + 10
    while len(os.listdir("/proc/self/task")) > before and time.monotonic() < until:
        time.sleep(0.001)
    assert len(os.listdir("/proc/self/task")) <= before


def test_the_watch_in_a_forked_child(beside):
    watched(python)

    def look():
        assert watched(python)[3] == "held"

    assert beside(look)() == 0


def test_the_watch_in_another_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(watched(python)[3]))
    thread.start()
    thread.join()
    assert found == ["held"]


# --------------------------------------------------------------------------------------- the rules

BUSY = {"item": 1e-3, "busy": 1.0, "waits_each": 0, "free_share": 0.95, "stretch": 1e-3}
WAITING = {"item": 5e-3, "busy": 0.02, "waits_each": 1, "free_share": 0.99, "stretch": 4e-3}


@pytest.mark.parametrize(
    ("seen", "sharers"),
    [
        (BUSY, 2),
        ({**BUSY, "free_share": 0.6}, 1),  # two would take turns
        ({**BUSY, "stretch": 3e-6, "free_share": 0.8}, 1),  # sha256 of 2 KB
        ({**BUSY, "stretch": 55e-6, "item": 57e-6}, 2),  # sha256 of 100 KB
        ({**BUSY, "stretch": 30e-6, "free_share": 0.75}, 1),  # a quarter of all ends is contended
        ({**BUSY, "item": 15e-6}, 1),
        ({**BUSY, "looks": 3}, 1),  # too little was seen
        (
            {**BUSY, "free_share": 0.9, "cores": 64, "most": 64, "looks": 10_000},
            11,
        ),  # 10 % of the GIL
        ({**BUSY, "cores": 64, "most": 8}, 8),
        (WAITING, 32),
        ({**WAITING, "most_waiting": 100}, 64),
        ({**WAITING, "most_waiting": 3}, 3),
        ({**WAITING, "busy": 0.4, "looks": 10_000}, 6),  # 2 cores / 0.4, and one for the rest
        ({**WAITING, "free_share": 0.1}, 1),  # it waits with the GIL held
        ({**WAITING, "waits_each": 0.01}, 2),  # it was kept from its core, and waited for nothing
    ],
)
def test_how_many_threads_are_of_use(seen, sharers):
    assert _core.useful_threads(**seen)[0] == sharers


def test_why_in_words():
    assert _core.useful_threads(**BUSY)[1] == "f leaves the GIL free 95 % of the time"
    assert _core.useful_threads(**WAITING)[1] == "f waits 98 % of the time"


# ----------------------------------------------------------------------------------- what is chosen


def chosen(f, items, **how):
    run = payoff.run(f, items, **how)
    assert run.results == [f(x) for x in items[:3]] + run.results[3:]
    return run.receipt


def test_a_function_that_waits_gets_more_threads_than_cores():
    receipts = []

    def check():
        receipt = chosen(wait, range(600))
        receipts.append(str(receipt))
        return receipt.backend == "threads" and receipt.workers > receipt.usable_cpus

    assert once(check), receipts[-1]
    assert re.search(r"f waits \d+ % of the time: threads", receipts[-1])


def test_time_sleep_itself_is_run_for_nothing_but_its_waiting():
    receipts = []

    def check():
        receipts.append(payoff.run(time.sleep, [0.002] * 500).receipt)
        return receipts[-1].backend == "threads"

    assert once(check), receipts[-1]


def test_a_function_of_none_that_does_more_than_wait_stays_here():
    log = {}

    def f(x):
        time.sleep(0.001)
        log.update({x: x})

    receipt = payoff.run(f, range(60)).receipt
    assert receipt.backend == "inline" and len(log) == 60
    receipt = payoff.run(lambda x: os.stat("/") and time.sleep(0.001), range(60)).receipt
    assert receipt.backend == "inline"


def sleep_only(x):
    time.sleep(0.001)


from time import sleep  # noqa: E402


@pytest.mark.parametrize(
    ("f", "only"),
    [
        (time.sleep, True),
        (sleep_only, True),
        (lambda x: time.sleep(x), True),
        (lambda x: sleep(0.1), True),
        (lambda x: (x(), time.sleep(0.1)), False),
        (lambda x: x.sleep(), False),
        (lambda x: time.sleep(0.1) or os.remove(x), False),
        (lambda sleep: sleep(0.1), False),
        (print, False),
        (lambda x: None, False),
    ],
)
def test_what_only_waits_is_told_from_the_rest(f, only):
    assert _reach.watch(f, (range(3),)).only_waits() is only


def test_a_function_that_leaves_the_gil_free_gets_threads():
    """Where nobody else takes its cores while it is looked at."""
    for _ in range(ROUNDS):
        receipt, alone = alone_here(lambda: chosen(compress, range(60), workers=2))
        if receipt.backend == "threads":
            assert receipt.workers == 2
            assert re.search(r"f leaves the GIL free \d+ % of the time: threads", receipt.reason)
            return
        assert not alone, receipt


@pytest.mark.parametrize("f", [python, small_hashes])
def test_a_function_that_holds_the_gil_gets_no_threads(f):
    """While a host takes away the core that f is on, its GIL is seen to stay free."""
    right = 0
    for _ in range(ROUNDS):
        receipt, alone = alone_here(lambda: chosen(f, range(150), workers=2))
        if receipt.backend in ("fork", "inline"):
            right += 1
            if right == 3:
                return
        else:
            assert not alone, receipt
    pytest.fail(f"{right} right answers of {ROUNDS}, and 3 are asked for: {receipt}")


def test_hashes_of_2_kb_stay_the_plain_loop_or_are_forked():
    data = LARGE[:2048]
    receipt = payoff.run(lambda x: hashlib.sha256(data).digest(), range(30_000)).receipt
    assert receipt.backend != "threads"


def test_waiting_work_has_at_most_as_many_workers_as_were_allowed():
    assert payoff.run(wait, range(200), workers=3).receipt.workers <= 3
    assert payoff.run(wait, range(400)).receipt.workers <= 32


def test_threads_that_were_asked_for_become_more_where_they_wait():
    receipts = []

    def check():
        receipts.append(payoff.run(wait, range(800), backend="threads").receipt)
        return receipts[-1].workers > receipts[-1].usable_cpus

    assert once(check), receipts[-1]
    assert receipts[-1].workers <= 32 and "asked" in receipts[-1].reason
    assert payoff.run(wait, range(200), backend="threads", workers=2).receipt.workers == 2


def test_a_plan_knows_threads():
    plans = []

    def check():
        plans.append(payoff.plan(wait, range(2000), sample=40))
        return plans[-1].backend == "threads"

    assert once(check), plans[-1]
    assert plans[-1].workers > 2 and "f waits" in plans[-1].reason
    assert {c["backend"] for c in plans[-1].candidates} == {"inline", "threads"}
    assert "(threads)" in str(plans[-1])


# ------------------------------------------------------------------------- what may not be shared

LOCAL = threading.local()
COMPRESSOR = zlib.compressobj()


def uses_a_local(x):
    LOCAL.last = x
    time.sleep(0.002)
    return LOCAL.last


def uses_a_parser(x):
    time.sleep(0.002)
    return len(COMPRESSOR.compress(b"x")) + x


@pytest.mark.parametrize(("f", "name"), [(uses_a_local, "LOCAL"), (uses_a_parser, "COMPRESSOR")])
def test_what_one_thread_alone_may_use(f, name):
    watch = _reach.watch(f, (range(10),))
    assert f"`{name}`" in watch.refusal_by_threads()
    receipt = payoff.run(f, range(150)).receipt
    assert receipt.backend != "threads"


@pytest.mark.parametrize(
    "value",
    [re.compile("x"), __import__("datetime").date(2020, 1, 1), [1], {"a": 1}, threading, object()],
    ids=lambda value: type(value).__name__,
)
def test_what_threads_may_share(value):
    assert _reach.watch(lambda x: (value, x), (range(10),)).refusal_by_threads() is None


def test_instances_of_the_user_s_classes_may_be_shared():
    class Plain:
        def __init__(self):
            self.rate = 2

    class Slotted:
        __slots__ = ("rate",)

    plain, slotted = Plain(), Slotted()
    watch = _reach.watch(lambda x: (plain.rate * x, slotted), (range(9),))
    assert watch.refusal_by_threads() is None


def test_a_lock_keeps_the_loop_here():
    lock = threading.Lock()

    def f(x):
        with lock:
            return wait(x)

    receipt = payoff.run(f, range(100)).receipt
    assert receipt.backend == "inline" and "lock" in receipt.reason


def test_results_that_cannot_travel_are_no_obstacle_to_threads():
    receipts = []

    def check():
        run = payoff.run(lambda x: (wait(x), lambda: x)[1], range(300))
        receipts.append(run.receipt)
        return [g() for g in run.results] == [*range(300)] and run.receipt.backend == "threads"

    assert once(check), receipts[-1]


def test_a_global_generator_is_told():
    import random

    def f(x):
        time.sleep(0.001)
        return random.random()

    receipt = payoff.run(f, range(100), backend="threads", workers=4).receipt
    assert any("in turns" in note for note in receipt.notes), receipt.notes
