# tests/python/test_arguments.py: wrong arguments: which one, what it was, and what to do instead
import itertools
from fractions import Fraction

import numpy as np
import payoff
import pytest

CALLS = {"map": payoff.map, "run": payoff.run, "plan": payoff.plan}


@pytest.fixture(params=CALLS)
def call(request):
    return CALLS[request.param]


def refuses(kind, call, *args, names, **keywords):
    """`call` raises `kind`; the message is a sentence that holds each of `names`."""
    with pytest.raises(kind) as caught:
        call(*args, **keywords)
    message = str(caught.value)
    assert type(caught.value) is kind
    for name in names:
        assert name in message, message
    assert len(message) > 20
    assert "nanobind" not in message and "incompatible function arguments" not in message
    return message


class Odd:
    def __repr__(self):
        return "<an odd thing>"


# ------------------------------------------------------------------------------------- f, items


@pytest.mark.parametrize("f", [None, 3, "abs", [abs], Odd()], ids=repr)
def test_f_must_be_callable(call, f):
    refuses(TypeError, call, f, [1, 2], names=[f"f={f!r}", "callable", "(f, items)"])


def test_items_and_f_in_the_wrong_order(call):
    refuses(TypeError, call, [1, 2], abs, names=["f=[1, 2]", "function comes first"])


@pytest.mark.parametrize("items", [5, None, 1.5, abs, Odd()], ids=repr)
def test_items_must_be_iterable(call, items):
    refuses(TypeError, call, abs, items, names=[f"items={items!r}", "iterable", "(f, items)"])


def test_further_items_must_be_iterable(call):
    refuses(TypeError, call, pow, [1], 2, names=["more_items[0]=2", "iterable", "repeat"])
    refuses(TypeError, call, max, [1], [2], None, names=["more_items[1]=None", "iterable"])


def test_an_array_without_a_dimension(call):
    refuses(TypeError, call, abs, np.array(5), names=["items=array(5)", "iterable"])


def test_a_class_instead_of_its_instance(call):
    refuses(TypeError, call, abs, list, names=["items=<class 'list'>", "iterable"])


def test_an_empty_cycle_ends_at_once_as_the_loop_does():
    assert payoff.map(abs, [], itertools.cycle("")) == []


ENDLESS = ["count(3)", "count(0.5, 0.25)", "cycle('ab')", "repeat(1)"]


@pytest.mark.parametrize("name", CALLS)
def test_endless_items_are_refused(script, name):
    done = script(f"""
        import resource
        from itertools import count, cycle, repeat
        import payoff
        limit = 2 << 30  # a list of an endless iterable ends here, not at the machine's memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for endless in [{", ".join(ENDLESS)}]:
            try:
                payoff.{name}(abs, endless)
            except ValueError as error:
                print(error)
        try:
            payoff.{name}(pow, count(), cycle("ab"))
        except ValueError as error:
            print(error)
    """)
    told = done.stdout.splitlines()
    assert len(told) == len(ENDLESS) + 1, done.stderr
    for line in told:
        assert "items=" in line and "never ends" in line and "itertools.islice" in line
    assert "items=count(3)" in told[0] and "items=repeat(1)" in told[3]


def test_a_range_longer_than_any_list(call):
    names = ["items=range(0, 100000000000000000000)"]
    refuses(ValueError, call, abs, range(10**20), names=names)


def test_what_the_iterable_raises_comes_through(call):
    def broken():
        yield 1
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        call(abs, broken())
    assert caught.value.args == ("mine",)


def test_what_indexing_raises_comes_through():
    class Broken:
        def __len__(self):
            return 10

        def __getitem__(self, i):
            if i == 4:
                raise LookupError("no item 4 today")
            return i

    for how in ({}, {"backend": "inline"}, {"backend": "fork", "workers": 2}):
        with pytest.raises(LookupError, match="no item 4 today"):
            payoff.map(str, Broken(), **how)


# -------------------------------------------------------------------------------------- workers


@pytest.mark.parametrize("workers", ["2", 2.0, 1.5, [2], Odd(), Fraction(2)], ids=repr)
def test_workers_must_be_whole(call, workers):
    names = [f"workers={workers!r}", "whole number"]
    refuses(TypeError, call, abs, [1], workers=workers, names=names)


@pytest.mark.parametrize("workers", [0, -1, -(10**30)])
def test_workers_must_be_positive(call, workers):
    names = [f"workers={workers}", "at least 1"]
    refuses(ValueError, call, abs, [1], workers=workers, names=names)


@pytest.mark.parametrize("workers", [2**31, 2**63, 10**30])
def test_workers_beyond_all_measure(call, workers):
    refuses(ValueError, call, abs, [1], workers=workers, names=[f"workers={workers}"])


def test_whole_numbers_of_other_types_will_do():
    for workers in (np.int64(2), True, np.uint8(1)):
        assert payoff.map(abs, [-1], workers=workers) == [1]


# -------------------------------------------------------------------------------------- backend


@pytest.mark.parametrize("backend", ["processes", "", "FORK", None, 3, ["fork"]], ids=repr)
@pytest.mark.parametrize("name", ["map", "run"])
def test_backend_must_be_known(name, backend):
    names = [f"backend={backend!r}", "auto", "inline", "fork", "threads"]
    refuses(ValueError, CALLS[name], abs, [1], backend=backend, names=names)


# ------------------------------------------------------------------------------------ log_order


@pytest.mark.parametrize("order", ["items", "", "ITEM", None, True, ["item"]], ids=repr)
@pytest.mark.parametrize("name", ["map", "run"])
def test_log_order_must_be_known(name, order):
    names = [f"log_order={order!r}", '"made"', '"item"']
    refuses(ValueError, CALLS[name], abs, [1], log_order=order, names=names)


# --------------------------------------------------------------------------------- max_overhead


@pytest.mark.parametrize("name", ["map", "run"])
@pytest.mark.parametrize("value", ["5%", None, [0.05], 1j], ids=repr)
def test_max_overhead_must_be_a_number(name, value):
    names = [f"max_overhead={value!r}", "number", "0.05"]
    refuses(TypeError, CALLS[name], abs, [1], max_overhead=value, names=names)


@pytest.mark.parametrize("value", [0, -0.1, 1.0001, 5, float("nan"), float("inf")])
def test_max_overhead_must_be_a_share(value):
    names = [f"max_overhead={value!r}", "above 0"]
    refuses(ValueError, payoff.map, abs, [1], max_overhead=value, names=names)


def test_max_overhead_of_other_types_will_do():
    for value in (1, 1e-9, np.float64(0.1), np.float32(0.1), Fraction(1, 20)):
        assert payoff.map(abs, [-1], max_overhead=value) == [1]


# ----------------------------------------------------------------------------------------- seed


@pytest.mark.parametrize("seed", ["1", 1.0, [1, 2], Odd()], ids=repr)
def test_seed_must_be_whole(seed):
    names = [f"seed={seed!r}", "whole number"]
    refuses(TypeError, payoff.map, lambda x, rng: x, [1], seed=seed, names=names)


def test_seed_must_not_be_negative():
    message = refuses(ValueError, payoff.map, lambda x, rng: x, [1], seed=-1, names=["seed=-1"])
    assert "0" in message  # what would do


def test_seed_may_be_large():
    assert payoff.map(lambda x, rng: x, [1], seed=2**200) == [1]
    assert payoff.map(lambda x, rng: x, [1], seed=0) == [1]
    assert payoff.map(lambda x, rng: x, [1], seed=np.int64(5)) == [1]


def test_seed_needs_a_function_that_takes_rng():
    with pytest.raises(TypeError) as caught:
        payoff.map(lambda x: x, [1], seed=1)
    assert "rng" in str(caught.value)


def test_seed_without_numpy_says_what_to_install(script):
    done = script("""
        import sys
        sys.modules["numpy"] = None  # as if it were not installed
        import payoff
        print(payoff.map(abs, [-1]))
        try:
            payoff.map(lambda x, rng: x, [1], seed=1)
        except ImportError as error:
            print(error)
    """)
    assert done.stdout.startswith("[1]\n"), done.stderr
    assert "seed=" in done.stdout and "pip install numpy" in done.stdout


# --------------------------------------------------------------------------------------- sample


@pytest.mark.parametrize("sample", [0, -3])
def test_sample_must_be_positive(sample):
    names = [f"sample={sample}", "at least 1"]
    refuses(ValueError, payoff.plan, abs, [1], sample=sample, names=names)


@pytest.mark.parametrize("sample", ["3", 2.5, [3]], ids=repr)
def test_sample_must_be_whole(sample):
    names = [f"sample={sample!r}", "whole number"]
    refuses(TypeError, payoff.plan, abs, [1], sample=sample, names=names)


def test_sample_beyond_the_items():
    assert payoff.plan(abs, [1, 2], sample=10**30).sampled == 2


# ------------------------------------------------------------ retries, on_error, timeout, deadline


NAN = float("nan")


@pytest.mark.parametrize(
    ("keywords", "kind", "names"),
    [
        ({"retries": "x"}, TypeError, ["retries='x'", "whole number", "run"]),
        ({"retries": 1.5}, TypeError, ["retries=1.5", "whole number"]),
        ({"retries": -1}, ValueError, ["retries=-1", "from 0", "1000"]),
        ({"retries": 10**9}, ValueError, ["retries=1000000000", "1000"]),
        ({"on_error": "skip"}, ValueError, ["on_error='skip'", '"raise"', '"return"', "Failure"]),
        ({"on_error": None}, ValueError, ["on_error=None", '"raise"']),
        ({"timeout": "1s"}, TypeError, ["timeout='1s'", "seconds", "None is no limit"]),
        ({"timeout": 0}, ValueError, ["timeout=0", "above 0 seconds", "None is no limit"]),
        ({"timeout": NAN}, ValueError, ["timeout=nan", "above 0 seconds"]),
        ({"deadline": -1}, ValueError, ["deadline=-1", "above 0 seconds"]),
        ({"deadline": Odd()}, TypeError, ["deadline=<an odd thing>", "seconds"]),
        ({"timeout": 1, "backend": "threads"}, ValueError, ["'threads'", "fork", "deadline="]),
        ({"progress": 1}, TypeError, ["progress=1", "True", "tqdm"]),
    ],
    ids=repr,
)
def test_care_is_told_in_so_many_words(keywords, kind, names):
    refuses(kind, payoff.map, abs, [1], names=names, **keywords)


class Unshowable:
    def __repr__(self):
        raise OSError("cannot be shown either")

    def __call__(self):
        pass


@pytest.mark.parametrize(
    "name", ["workers", "backend", "max_overhead", "seed", "retries", "timeout"]
)
def test_what_cannot_be_shown_is_refused_as_anything_else(name):
    refuses(
        (TypeError, ValueError)[name == "backend"],
        payoff.map,
        abs,
        [1],
        names=[f"{name}=<a Unshowable that cannot be shown>"],
        **{name: Unshowable()},
    )


# ---------------------------------------------------------------------------------- every error


def test_unknown_keywords_are_python_s_own_errors(call):
    with pytest.raises(TypeError, match="jobs"):
        call(abs, [1], jobs=4)
    with pytest.raises(TypeError):
        call(abs)
    with pytest.raises(TypeError):
        call()


def test_nothing_runs_when_an_argument_is_wrong():
    calls = []
    wrong = [
        {"workers": 0},
        {"backend": "x"},
        {"max_overhead": 0},
        {"seed": "x"},
        {"workers": 10**30},
        {"log_order": "x"},
    ]
    for keywords in wrong:
        with pytest.raises((TypeError, ValueError)):
            payoff.map(calls.append, [1, 2], **keywords)
    with pytest.raises((TypeError, ValueError)):
        payoff.map(calls.append, [1, 2], 5)
    assert calls == []


def test_a_long_value_does_not_flood_the_message():
    with pytest.raises(TypeError) as caught:
        payoff.map(list(range(100_000)), abs)
    assert len(str(caught.value)) < 1000


def test_types_know_the_arguments():
    import inspect

    parameters = inspect.signature(payoff.map).parameters
    assert list(parameters) == [
        "f",
        "items",
        "more_items",
        "workers",
        "backend",
        "max_overhead",
        "seed",
        "retries",
        "on_error",
        "timeout",
        "deadline",
        "log_order",
        "progress",
    ]
    assert parameters["max_overhead"].default == 0.05
    assert list(inspect.signature(payoff.run).parameters) == list(parameters)
