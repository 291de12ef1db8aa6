# tests/python/test_receipt.py: a receipt adds up, is honest and can be read by people and programs
import functools
import html.parser
import json
import math
import os
import re
import threading
import time

import payoff
import pytest

FORK = {"backend": "fork", "workers": 2}
BUCKETS = """compute before measure start encode decode wait imbalance failed_trials
    unexplained""".split()


def work(x):
    """One millisecond of CPU time."""
    begin = time.thread_time()
    while time.thread_time() - begin < 0.001:
        pass
    return x


def run_forked():
    return payoff.run(work, range(600), **FORK).receipt  # 0.3 s with two cores


WAYS = {
    "inline": lambda: payoff.run(work, range(50), backend="inline").receipt,
    "auto, short": lambda: payoff.run(abs, range(10)).receipt,
    "auto": lambda: payoff.run(work, range(150), workers=2).receipt,
    "fork": run_forked,
    "fork, 5 workers": lambda: payoff.run(work, range(200), backend="fork", workers=5).receipt,
    "fork, one item": lambda: payoff.run(work, [1], **FORK).receipt,
    "fork, results of 1 MB": lambda: payoff.run(lambda x: bytes(10**6), range(30), **FORK).receipt,
    "empty": lambda: payoff.run(work, []).receipt,
    "empty, fork": lambda: payoff.run(work, [], **FORK).receipt,
}


@pytest.fixture(params=WAYS)
def receipt(request):
    return WAYS[request.param]()


# ------------------------------------------------------------------------------- it adds up


def test_buckets_add_up_to_workers_times_wall(receipt):
    assert list(receipt.buckets) == BUCKETS
    assert abs(sum(receipt.buckets.values()) - receipt.workers * receipt.wall) < 1e-6


def test_no_time_is_booked_twice(receipt):
    for name, seconds in receipt.buckets.items():
        # What is unexplained is a difference, and so may lie a clock's reading below nothing.
        least = -1e-4 * max(1, 100 * receipt.wall) if name == "unexplained" else 0
        assert seconds >= least, name


def test_little_stays_unexplained():
    shares = []
    for _ in range(6):  # a neighbour on this core is no bucket of ours
        receipt = run_forked()
        share = receipt.buckets["unexplained"] / (receipt.workers * receipt.wall)
        shares.append(abs(share))
        if shares[-1] <= 0.02:
            break
    assert min(shares) <= 0.02, shares


def test_accounts_add_up(receipt):
    assert sum(account["items"] for account in receipt.accounts) == receipt.items
    assert [account["id"] for account in receipt.accounts] == [*range(len(receipt.accounts))]
    for account in receipt.accounts:
        assert 0 <= account["lifetime"] <= receipt.wall + 1e-6
        assert account["compute"] + account["encode"] <= account["lifetime"] + 1e-3
        assert account["private_bytes"] >= 0
    compute = sum(account["compute"] for account in receipt.accounts)
    assert abs(compute - receipt.buckets["compute"]) < 1e-6
    cpu = sum(account["cpu"] for account in receipt.accounts)
    assert abs(cpu - receipt.core_seconds) < 1e-6


def test_wall_is_what_a_clock_outside_shows():
    begin = time.perf_counter()
    receipt = run_forked()
    outside = time.perf_counter() - begin
    assert 0.5 * outside < receipt.wall <= outside


def test_the_loop_s_own_time_is_told_well():
    begin = time.perf_counter()
    for x in range(200):
        work(x)
    loop = time.perf_counter() - begin
    receipt = payoff.run(work, range(200), **FORK).receipt
    assert receipt.loop_low <= receipt.loop <= receipt.loop_high
    assert loop / 2 < receipt.loop < loop * 2
    assert math.isclose(receipt.speedup, receipt.loop / receipt.wall)


def test_core_seconds_are_cpu_time():
    assert 0.15 < payoff.run(work, range(200), **FORK).receipt.core_seconds < 0.4
    asleep = payoff.run(lambda x: time.sleep(0.002) or x, range(100), **FORK).receipt
    assert asleep.core_seconds < 0.1
    assert asleep.item["cpu_share"] < 0.5
    assert payoff.run(work, range(100), backend="inline").receipt.item["cpu_share"] > 0.5


def test_item_costs():
    item = payoff.run(work, range(200), backend="inline").receipt.item
    assert list(item) == ["mean", "median", "p99", "longest", "cpu_share"]
    assert 0.0009 < item["median"] < 0.004 and 0.0009 < item["mean"] < 0.01
    assert item["median"] <= item["p99"] * 1.01 and item["p99"] <= item["longest"] * 1.1


def test_bytes_and_memory():
    receipt = payoff.run(lambda x: work(x) and bytes(100_000), range(40), **FORK).receipt
    theirs = receipt.accounts[1]["items"]
    assert theirs > 0
    assert receipt.bytes_out >= theirs * 100_000 - 100_000  # the first result is 0
    assert receipt.memory_added > 0
    inline = payoff.run(work, range(10), backend="inline").receipt
    assert inline.bytes_out == 0 and inline.memory_added == 0


# ------------------------------------------------------------------------------- what it says


def test_it_says_what_was_done():
    receipt = payoff.run(work, range(40), backend="fork", workers=3).receipt
    assert receipt.items == 40 and receipt.backend == "fork" and receipt.workers == 3
    assert 1 <= receipt.usable_cpus <= len(os.sched_getaffinity(0))
    assert receipt.usable_cpus == payoff.run(abs, [1]).receipt.usable_cpus  # whatever is asked
    assert "asked" in receipt.reason
    receipt = payoff.run(work, range(40), backend="inline").receipt
    assert (receipt.backend, receipt.workers, len(receipt.accounts)) == ("inline", 1, 1)
    receipt = payoff.run(work, range(40), workers=1).receipt
    assert receipt.backend == "inline" and "one worker" in receipt.reason


class Callable:
    def __call__(self, x):
        return x

    def method(self, x):
        return x


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (abs, "abs"),
        (lambda x: x, "<lambda>"),
        (Callable(), "Callable"),
        (Callable().method, "Callable.method"),
        (int, "int"),
        (functools.partial(pow, 2), "partial"),
        (work, "work"),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_it_names_the_function(f, name):
    receipt = payoff.run(f, [1, 2]).receipt
    assert name in receipt.function
    assert name in str(receipt)


def test_decisions_are_in_order_and_have_reasons():
    receipt = payoff.run(work, range(200), workers=2).receipt
    assert receipt.decisions
    times = [decision["at"] for decision in receipt.decisions]
    assert times == sorted(times) and 0 < times[-1] <= receipt.wall
    for decision in receipt.decisions:
        assert list(decision) == ["at", "workers", "price", "predicted", "why"]
        assert 1 <= decision["workers"] <= 2 and decision["price"] >= 0 and decision["why"]
    bought = [decision for decision in receipt.decisions if decision["workers"] > 1]
    if receipt.workers > 1:
        assert bought and receipt.predicted > 0 and len(receipt.accounts) > 1
    else:
        assert not bought and receipt.predicted is None


def test_a_prediction_far_away_is_a_bound():
    receipt = run_forked()
    assert [p["workers"] for p in receipt.predictions][:2] == [4, 8]
    for prediction in receipt.predictions:
        assert prediction["low"] <= prediction["wall"] <= prediction["high"]
        assert prediction["bound"] == (prediction["workers"] > 4)
        assert prediction["speedup"] > 0
    assert payoff.run(abs, [1]).receipt.predictions == []


def test_it_is_read_only():
    receipt = payoff.run(abs, [1]).receipt
    for name in ("wall", "items", "workers", "notes"):
        with pytest.raises(AttributeError):
            setattr(receipt, name, 3)
    receipt.buckets["compute"] = -1.0  # a copy
    assert receipt.buckets["compute"] >= 0


# ------------------------------------------------------------------------------- renderings


def no_constants(name):
    raise AssertionError(f"{name} is not JSON")


def alike(a, b):
    """Equal, numbers to nine digits."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-15)
    return a == b and type(a) is type(b)


def test_json_has_everything(receipt):
    data = json.loads(receipt.to_json(), parse_constant=no_constants)
    assert data["schema"] == 1
    for name in """function items backend workers usable_cpus reason wall core_seconds loop loop_low
        loop_high predicted speedup buckets item law predictions decisions accounts bytes_out
        memory_added caller_faults notes""".split():
        assert alike(getattr(receipt, name), data[name]), name


def test_text_begins_with_the_answer(receipt):
    lines = str(receipt).splitlines()
    assert repr(receipt) == str(receipt)
    if receipt.items == 0:
        assert "nothing to do" in lines[0]
    elif receipt.backend == "fork":
        assert re.match(r"\d+ workers?: ", lines[0])
        assert "unexplained" in str(receipt)
    else:
        assert lines[0].startswith("stayed your plain loop: ")
    assert max(map(len, lines)) <= 160


class Tags(html.parser.HTMLParser):
    void = frozenset("br hr img meta col input path rect line".split())

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html_is_well_formed(receipt):
    tags = Tags(receipt._repr_html_())
    assert "script" not in tags.seen
    assert "http" not in receipt._repr_html_()  # nothing is fetched


EVIL = '<script>alert("&")</script>\'\n\\ñ𝄞'


@pytest.mark.parametrize("how", [{"backend": "inline"}, FORK], ids=["inline", "fork"])
def test_odd_names_are_escaped(how):
    def f(x):
        return work(x)

    f.__qualname__ = EVIL
    receipt = payoff.run(f, range(20), **how).receipt
    assert receipt.function == EVIL
    assert json.loads(receipt.to_json())["function"] == EVIL
    tags = Tags(receipt._repr_html_())
    assert "script" not in tags.seen and 'alert("&")' in tags.text


def test_a_name_that_is_no_utf_8_costs_no_results():
    def f(x):
        return x

    f.__qualname__ = "f\udc80"
    run = payoff.run(f, range(5))
    assert run.results == [0, 1, 2, 3, 4]
    json.loads(run.receipt.to_json())
    assert str(run.receipt) and run.receipt._repr_html_()


# ------------------------------------------------------------------------------- last_receipt


def test_last_receipt_is_that_of_the_last_map():
    run = payoff.run(abs, [1, 2, 3])
    assert payoff.last_receipt() is run.receipt
    payoff.map(abs, range(7))
    assert payoff.last_receipt().items == 7
    payoff.map(abs, [])
    assert payoff.last_receipt().items == 0


def test_each_thread_has_its_own():
    payoff.map(abs, range(3))
    out = {}

    def other():
        try:
            payoff.last_receipt()
        except LookupError as error:
            out["before"] = str(error)
        payoff.map(abs, range(9))
        out["after"] = payoff.last_receipt().items

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(timeout=20)
    assert "payoff.map" in out["before"] and out["after"] == 9
    assert payoff.last_receipt().items == 3


def test_before_the_first_map_there_is_none(script):
    done = script("""
        import payoff
        try:
            payoff.last_receipt()
        except LookupError as error:
            print(error)
    """)
    assert "no receipt" in done.stdout, done.stderr


@pytest.mark.parametrize("how", [{"backend": "inline"}, FORK], ids=["inline", "fork"])
def test_a_failed_map_leaves_the_last_finished_one(how):
    payoff.map(abs, range(11))
    with pytest.raises(ZeroDivisionError):
        payoff.map(lambda x: 1 // x, range(5), **how)
    assert payoff.last_receipt().items == 11


def test_run_is_a_pair():
    results, receipt = payoff.run(abs, [-1])
    assert results == [1] and receipt.items == 1
    assert payoff.run(abs, [-1])._fields == ("results", "receipt")


# ------------------------------------------------------------------------------- plan


@pytest.mark.parametrize("sample", [1, 2, 5, 37, 1000])
def test_plan_runs_only_the_sample(sample):
    ran = []

    def f(x):
        ran.append(x)
        return x

    plan = payoff.plan(f, range(200), sample=sample)
    assert ran == [*range(min(sample, 200))]
    assert plan.sampled == len(ran) and plan.items == 200


def test_plan_takes_at_least_three_and_about_20_ms():
    ran = []
    plan = payoff.plan(lambda x: ran.append(x) or time.sleep(0.03), range(100))
    assert plan.sampled == len(ran) == 3
    ran.clear()
    plan = payoff.plan(lambda x: ran.append(x) or work(x), range(10_000))
    assert plan.sampled == len(ran) and 3 <= plan.sampled < 200


def test_plan_predicts_every_candidate():
    plan = payoff.plan(work, range(3000), workers=5)
    workers = [candidate["workers"] for candidate in plan.candidates]
    assert workers[0] == 1 and workers[-1] == 5 and workers == sorted(workers)
    for c in plan.candidates:
        assert list(c) == ["backend", "workers", "seconds", "price", "saving_at_least"]
        assert c["backend"] == ("fork" if c["workers"] > 1 else "inline")
        assert 0 < c["seconds"] < 60 and c["price"] >= 0
    assert 1.5 < plan.candidates[0]["seconds"] < 15  # 3 000 items of 1 ms
    assert plan.workers in workers
    if plan.workers > 1:
        assert plan.backend == "fork"


def test_plan_and_map_agree_where_the_case_is_clear():
    plan = payoff.plan(work, range(3000), workers=2)
    assert (plan.backend, plan.workers) == ("fork", 2), plan.reason
    plan = payoff.plan(work, range(3), workers=2)
    assert (plan.backend, plan.workers) == ("inline", 1)
    seen = []
    plan = payoff.plan(lambda x: seen.append(x) or work(x), range(3000), workers=2)
    assert (plan.backend, plan.workers) == ("inline", 1) and "seen" in plan.reason
    assert payoff.plan(work, range(3000), workers=1).workers == 1


def test_plan_is_readable():
    plan = payoff.plan(work, range(3000), workers=2)
    text = str(plan)
    assert "3000 items" in text.replace(",", "") and plan.reason in text and "chosen" in text
    assert Tags(plan._repr_html_()).text.strip() == text.strip()


def test_plan_of_nothing():
    plan = payoff.plan(work, [])
    assert (plan.backend, plan.workers, plan.sampled, plan.items) == ("inline", 1, 0, 0)
    assert str(plan)


def test_plan_lets_errors_through():
    with pytest.raises(ZeroDivisionError):
        payoff.plan(lambda x: 1 // x, [0, 1])


def test_plan_takes_several_iterables():
    plan = payoff.plan(pow, [1, 2, 3], [4, 5])
    assert plan.items == 2
