# tests/python/test_threads.py: workers in threads: results, exceptions, and what f sees there
import contextvars
import decimal
import gc
import threading
import time

import payoff
import pytest
from threaded import THREADS, in_thread, leave_some, pause, threads_of

# ----------------------------------------------------------------------- results, and their order


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 1000, 30_000])
def test_results_in_order(n, workers):
    items = list(range(n))
    want = [x * x for x in items]
    assert payoff.map(lambda x: x * x, items, backend="threads", workers=workers) == want


def test_order_of_items_that_take_unlike_times():
    def f(x):
        time.sleep((x * 7919 % 13) * 0.0003)
        return x

    run = payoff.run(f, range(200), **THREADS)
    assert run.results == [*range(200)]
    receipt = run.receipt
    assert receipt.backend == "threads" and receipt.workers == 4
    assert sum(account["items"] for account in receipt.accounts) == 200
    assert all(account["items"] > 0 for account in receipt.accounts)


@pytest.mark.parametrize(
    ("f", "sources"),
    [
        (str, [range(500)]),
        (pow, [range(500), range(500)]),
        (lambda x, y: (x, y), [range(500), [str(k) for k in range(500)]]),
        (lambda x, y, z: x + y + z, [range(500), bytes(500), [0.5] * 500]),
        (lambda *xs: sum(xs), [range(400)] * 5),
        (max, [(3, 1) * 200, [2] * 400]),
    ],
)
def test_every_shape_of_call(f, sources):
    how = {"backend": "threads", "workers": 3}
    assert payoff.map(f, *sources, **how) == [*map(f, *sources)]


def test_items_come_together_also_where_indexing_lets_go_of_the_gil():
    class Slow:
        """As h5py's datasets: reading an item lets other threads run."""

        def __len__(self):
            return 300

        def __getitem__(self, index):
            if index >= 300:
                raise IndexError
            time.sleep(0.0001)
            return index

    pairs = payoff.map(lambda x, y: (pause(x), y), Slow(), Slow(), **THREADS)
    assert pairs == [(k, k) for k in range(300)]


def test_results_are_the_objects_themselves():
    made = {}

    def f(x):
        leave_some()
        made[x] = lambda: x  # cannot be pickled
        return made[x]

    results = payoff.map(f, range(50), **THREADS)
    assert all(result is made[x] for x, result in enumerate(results))


def test_workers_write_into_the_caller_s_objects():
    seen = []
    payoff.map(lambda x: (pause(x), seen.append(x)), range(100), **THREADS)
    assert sorted(seen) == [*range(100)]


def test_results_are_released_and_tracked():
    class Thing:
        alive = 0

        def __init__(self):
            Thing.alive += 1

        def __del__(self):
            Thing.alive -= 1

    results = payoff.map(lambda x: (pause(x), Thing())[1], range(60), **THREADS)
    assert Thing.alive == 60 and gc.is_tracked(results)
    results.append(results)
    del results
    gc.collect()
    assert Thing.alive == 0


def test_items_may_look_at_all_objects_meanwhile():
    """gc.get_objects() must never show a list with empty places."""

    def f(x):
        leave_some(0.001)
        lists = [o for o in gc.get_objects() if type(o) is list and len(o) == 23]
        return any("<NULL>" in repr(o) for o in lists)

    assert not any(payoff.map(f, range(23), **THREADS))


# ------------------------------------------------------------------------------------ exceptions


class OddError(Exception):
    def __init__(self, number, *, why):
        super().__init__(f"{number}: {why}")
        self.number = number


def test_the_exception_is_the_object_itself_with_its_traceback():
    raised = {}

    def inner(x):
        raised[x] = OddError(x, why="it is odd")
        raise raised[x]

    def f(x):
        leave_some()
        return inner(x) if x >= 30 else x

    with pytest.raises(OddError) as caught:
        payoff.map(f, range(100), **THREADS)
    error = caught.value
    assert error.number == 30 and error is raised[30]
    assert [entry.name for entry in caught.traceback][-2:] == ["f", "inner"]
    assert error.__cause__ is None
    assert any("item 30" in note for note in error.__notes__)


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_the_lowest_failing_item_is_told_whoever_met_which_first(workers):
    def f(x):
        if x == 40:
            time.sleep(0.03)  # the later one fails first
        if x in (40, 41, 43):
            raise KeyError(x)
        return pause(x)

    for _ in range(5):
        with pytest.raises(KeyError) as caught:
            payoff.map(f, range(200), backend="threads", workers=workers)
        assert caught.value.args == (40,)


def test_nothing_begins_once_a_failure_is_known():
    begun = []

    def f(x):
        begun.append(x)
        time.sleep(0.002)
        if x == 10:
            raise ValueError(x)

    with pytest.raises(ValueError):
        payoff.map(f, range(1000), **THREADS)
    count = len(begun)
    assert count < 100 and set(range(11)) <= set(begun)
    time.sleep(0.02)
    assert len(begun) == count, "an item began after the map had ended"


@pytest.mark.parametrize("error", [SystemExit, StopIteration, GeneratorExit, MemoryError])
def test_exceptions_of_every_kind(error):
    def f(x):
        leave_some()
        if x == 20:
            raise error("x")
        return x

    with pytest.raises(error) as caught:
        payoff.map(f, range(50), **THREADS)
    assert caught.value.args == ("x",)


def test_an_error_in_reading_an_item():
    class Holey:
        def __len__(self):
            return 100

        def __getitem__(self, index):
            if index == 50:
                raise OSError("no item 50")
            return index

    with pytest.raises(OSError, match="no item 50"):
        payoff.map(lambda x: (leave_some(), x), Holey(), **THREADS)


def test_a_list_that_becomes_shorter():
    items = list(range(200))

    def f(x):
        time.sleep(0.001)
        if x == 5:
            del items[100:]
        return x

    with pytest.raises((IndexError, RuntimeError)):
        payoff.map(f, items, **THREADS)


# ------------------------------------------------------------------------------- what f sees there


def test_the_thread_is_a_proper_one():
    def f(x):
        me = threading.current_thread()
        leave_some()
        return type(me) is not threading._DummyThread and me in threading.enumerate()

    assert all(payoff.map(f, range(50), **THREADS))
    assert all(name.startswith("payoff-") for name in threads_of(20))


def test_context_variables_are_the_caller_s():
    """decimal keeps its precision in one: with another, results would depend on the worker."""
    here = contextvars.ContextVar("here", default=0)
    here.set(7)

    def f(x):
        leave_some()
        here.set(here.get() + 1)  # stays with this worker
        return in_thread(), str(decimal.Decimal(1) / 3)

    with decimal.localcontext(prec=5):
        rows = payoff.map(f, range(40), **THREADS)
    assert {text for _, text in rows} == {"0.33333"}
    assert {thread for thread, _ in rows} == {True, False}

    seen = payoff.map(lambda x: (leave_some(), here.get())[1] >= 7, range(40), **THREADS)
    assert all(seen)


def test_thread_local_data_are_a_thread_s_own():
    local = threading.local()
    local.name = "caller"

    def f(x):
        time.sleep(0.001)
        return in_thread(), getattr(local, "name", None)

    for thread, name in payoff.map(f, range(60), **THREADS):
        assert name == (None if thread else "caller")


def test_every_item_has_its_own_stream_in_threads_too():
    np = pytest.importorskip("numpy")

    def f(x, rng):
        a = rng.random()
        time.sleep(0.001)  # another worker may draw meanwhile
        return a, float(rng.standard_normal())

    want = payoff.map(f, range(60), seed=11, backend="inline")
    assert payoff.map(f, range(60), seed=11, **THREADS) == want
    assert len({a for a, _ in want}) == 60 and np is not None


def test_a_seed_where_numpy_s_state_is_not_known(monkeypatch):
    np = pytest.importorskip("numpy")
    from payoff import _rng

    f = lambda x, rng: (rng.random(), time.sleep(0.001), rng.random())
    want = payoff.map(f, range(40), seed=3, backend="inline")
    monkeypatch.setattr(_rng, "_layout_is_known", lambda *_: False)
    assert payoff.map(f, range(40), seed=3, **THREADS) == want and np is not None
