# tests/python/test_random.py: no two items draw the same numbers; seed= makes them repeatable
import multiprocessing
import os
import random
import time

import numpy as np
import payoff
import pytest
import worth_a_fork

ME = os.getpid()
FORK = {"backend": "fork", "workers": 4}


def from_random(x):
    time.sleep(0.002)
    return os.getpid(), random.random()


def from_numpy(x):
    time.sleep(0.002)
    return os.getpid(), float(np.random.random())


# ----------------------------------------------------------------------------- global generators


@pytest.mark.parametrize("f", [from_random, from_numpy], ids=["random", "numpy"])
def test_no_draw_is_repeated(f):
    random.seed(1)
    np.random.seed(1)
    before = f(0)[1]
    results = payoff.map(f, range(200), **FORK)
    assert len({pid for pid, _ in results}) > 1, "no worker took part"
    draws = [before] + [draw for _, draw in results]
    assert len(set(draws)) == len(draws)


def test_a_pool_repeats_its_draws():
    """The fault that is avoided here, in the standard library: so the test above can fail."""
    np.random.seed(1)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        draws = pool.map(from_numpy, range(60), chunksize=1)
    assert len({draw for _, draw in draws}) < len(draws)


@pytest.mark.parametrize("f", [from_random, from_numpy], ids=["random", "numpy"])
def test_no_draw_is_repeated_from_map_to_map(f):
    draws = []
    for _ in range(4):
        draws += [draw for _, draw in payoff.map(f, range(30), backend="fork", workers=3)]
    assert len(set(draws)) == len(draws)


def test_the_caller_s_own_stream_goes_on_as_in_the_loop():
    random.seed(5)
    np.random.seed(5)
    want = [(random.random(), np.random.random()) for _ in range(50)]
    random.seed(5)
    np.random.seed(5)
    both = lambda x: (random.random(), np.random.random())
    assert payoff.map(both, range(50), backend="inline") == want


def test_forking_does_not_disturb_the_caller_s_stream():
    random.seed(6)
    np.random.seed(6)
    want = random.random(), np.random.random()
    random.seed(6)
    np.random.seed(6)
    payoff.map(str, range(100), **FORK)
    payoff.map(lambda x, rng: rng.random(), range(100), seed=3, **FORK)
    assert (random.random(), np.random.random()) == want


@pytest.mark.parametrize("module", ["random", "numpy"])
def test_the_receipt_tells_of_a_global_generator_that_moved(module):
    draw = random.random if module == "random" else np.random.random
    seconds = worth_a_fork.seconds_each(150)

    def f(x):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
        return draw()

    receipt = payoff.run(f, range(150), workers=2).receipt
    told = [note for note in receipt.notes if "generator" in note]
    assert len(told) == 1
    assert ("numpy.random" if module == "numpy" else "random") in told[0] and "seed=" in told[0]
    if receipt.backend == "inline":
        assert "each worker had its own stream" not in told[0]


def test_the_receipt_tells_so_when_workers_were_asked_for():
    told = payoff.run(from_random, range(60), **FORK).receipt.notes
    assert any("random" in note and "seed=" in note for note in told)


def test_no_such_note_without_a_draw():
    def f(x):
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return x

    assert not [note for note in payoff.run(f, range(40)).receipt.notes if "generator" in note]


# ----------------------------------------------------------------------------------------- seed=


def draws(x, rng):
    if os.getpid() == ME:
        time.sleep(0.0005)
    return (
        x,
        rng.random(),
        float(rng.standard_normal()),
        int(rng.integers(0, 100, dtype="uint32")),  # half a word: the other half must not stay
        rng.bytes(3),
        rng.permutation(4).tolist(),
    )


HOW = {
    "auto": {},
    "inline": {"backend": "inline"},
    **{f"fork {k}": {"backend": "fork", "workers": k} for k in range(1, 6)},
}


@pytest.fixture(scope="module")
def wanted():
    return payoff.map(draws, range(120), seed=42, backend="inline")


@pytest.mark.parametrize("how", HOW)
def test_results_depend_on_seed_and_index_alone(how, wanted):
    assert payoff.map(draws, range(120), seed=42, **HOW[how]) == wanted


def test_workers_took_part_in_that():
    run = payoff.run(draws, range(120), seed=42, backend="fork", workers=3)
    assert sum(account["items"] for account in run.receipt.accounts[1:]) > 0


def test_the_stream_is_the_documented_one(wanted):
    key = np.random.SeedSequence(42).generate_state(2, np.uint64)
    for index in (0, 1, 77):
        rng = np.random.Generator(np.random.Philox(counter=[0, 0, index, 0], key=key))
        assert draws(index, rng) == wanted[index]


def test_another_seed_gives_other_numbers(wanted):
    other = payoff.map(draws, range(120), seed=43, backend="inline")
    assert not {r[1] for r in other} & {r[1] for r in wanted}


def test_items_do_not_share_numbers(wanted):
    assert len({r[1] for r in wanted}) == 120


def test_a_part_of_the_items_draws_the_same(wanted):
    assert payoff.map(draws, range(10), seed=42) == wanted[:10]


def test_an_item_that_draws_much_does_not_shift_the_next():
    def uneven(x, rng):
        values = rng.random(10_000 if x % 3 == 0 else 1)
        return float(values[0])

    one = lambda x, rng: rng.random()
    want = payoff.map(one, range(30), seed=1, backend="inline")
    assert payoff.map(uneven, range(30), seed=1, backend="inline") == want
    assert payoff.map(uneven, range(30), seed=1, **FORK) == want


@pytest.mark.parametrize("how", ["inline", "fork 2"])
def test_seed_with_other_callables_and_several_iterables(how):
    class Draw:
        def __call__(self, x, y=0, *, rng):
            return x, y, rng.random()

        def method(self, x, rng):
            return x, 0, rng.random()

    two = payoff.map(Draw(), range(9), range(9, 18), seed=7, **HOW[how])
    one = payoff.map(Draw().method, range(9), seed=7, **HOW[how])
    assert [r[2] for r in two] == [r[2] for r in one]
    assert [r[:2] for r in two] == [*zip(range(9), range(9, 18))]


def test_an_unknown_layout_gives_the_same_numbers_more_slowly(monkeypatch, wanted):
    monkeypatch.setattr("payoff._rng._layout_is_known", lambda *_: False)
    for how in ("auto", "inline", "fork 3"):
        run = payoff.run(draws, range(120), seed=42, **HOW[how])
        assert run.results == wanted
        assert run.receipt.function == "draws"
    two = payoff.map(lambda x, y, rng: (x, y, rng.random()), "abc", [1, 2, 3], seed=42)
    assert [r[2] for r in two] == [r[1] for r in wanted[:3]]


def test_the_layout_is_known_here():
    """Otherwise every item costs microseconds, and the next test tells nothing."""
    from payoff import _rng

    assert _rng.generator(1)[1] != 0


def test_re_keying_costs_at_most_a_microsecond_an_item():
    n = 100_000
    plain = lambda x, rng=None: x
    items = range(n)

    def cpu(**keywords):
        begin = time.thread_time()
        payoff.map(plain, items, backend="inline", **keywords)
        return time.thread_time() - begin

    cpu(seed=1)
    extra = min(cpu(seed=1) for _ in range(7)) - min(cpu() for _ in range(7))
    assert extra / n < 1e-6


def test_nested_maps_with_seeds():
    def outer(x, rng):
        a = rng.random()
        inner = payoff.map(lambda y, rng: rng.random(), range(3), seed=int(1000 * a))
        return a, inner, rng.random()

    want = payoff.map(outer, range(12), seed=9, backend="inline")
    assert payoff.map(outer, range(12), seed=9, **FORK) == want


def test_a_generator_of_one_s_own_is_not_shared_out():
    """Workers would repeat its numbers: with backend "auto" the loop stays here."""
    mine = np.random.default_rng(3)

    def f(x):
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return float(mine.random())

    run = payoff.run(f, range(100))
    again = np.random.default_rng(3)
    assert run.results == [float(again.random()) for _ in range(100)]
    assert run.receipt.backend == "inline"
