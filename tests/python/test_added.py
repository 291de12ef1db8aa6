# tests/python/test_added.py: functions that change their own list of items, as the plain loop lets
# them
import signal
import time

import payoff
import pytest

INLINE = {"backend": "inline"}
WAYS = pytest.mark.parametrize("way", [{}, INLINE], ids=["auto", "inline"])


def growing(until, then):
    """(f, items): one item to begin with, of which each adds another; `then` at the last one."""
    items = [0]

    def f(x):
        if x == until:
            return then(x)
        items.append(x + 1)
        return x

    return f, items


def refuse(x):
    raise ValueError(f"no {x}")


@WAYS
def test_an_added_item_fails_as_any_other(way):
    f, items = growing(5, refuse)
    with pytest.raises(ValueError, match="no 5") as caught:
        payoff.map(f, items, **way)
    assert dict(caught.value.partial) == {i: i for i in range(5)}
    assert caught.value.__notes__ == ["payoff: raised by item 5"]


@WAYS
def test_an_added_item_s_failure_is_returned(way):
    f, items = growing(5, refuse)
    *others, failure = payoff.map(f, items, on_error="return", **way)
    assert others == list(range(5))
    assert (failure.index, failure.item, str(failure.exception)) == (5, 5, "no 5")
    assert failure.exception.__notes__ == ["payoff: raised by item 5"]


@WAYS
def test_added_items_keep_the_deadline(way):
    items = [0]

    def f(x):
        items.append(x + 1)
        time.sleep(0.01)
        return x

    with pytest.raises(payoff.DeadlineExceeded) as caught:
        payoff.map(f, items, deadline=0.2, **way)
    assert 1 <= len(caught.value.partial) <= 20  # none takes less than 10 ms
    assert dict(caught.value.partial) == {i: i for i in range(len(caught.value.partial))}


@WAYS
@pytest.mark.parametrize("on_error", ["raise", "return"])
def test_ctrl_c_in_an_added_item(way, on_error):
    f, items = growing(3, lambda x: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt) as caught:
        payoff.map(f, items, on_error=on_error, **way)
    assert dict(caught.value.partial) == {0: 0, 1: 1, 2: 2}


@WAYS
def test_a_failure_has_the_item_that_failed_also_where_others_were_taken_out(way):
    items = list(range(8))

    def f(x):
        if x == 2:
            items.remove(1)  # 3 takes its place, and is never seen: as in the plain loop
        if x == 5:
            raise ValueError(x)
        return x

    results = payoff.map(f, items, on_error="return", **way)
    (failure,) = [r for r in results if isinstance(r, payoff.Failure)]
    assert failure.item == failure.exception.args[0] == 5


@pytest.mark.parametrize("seed", [None, 1])
def test_a_failure_has_one_item_of_each_iterable(seed):
    def f(x, y, rng=None):
        raise ValueError(x, y)

    results = payoff.map(f, [1, 2], "ab", on_error="return", seed=seed, **INLINE)
    assert [failure.item for failure in results] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("more", [0, 1], ids=["one iterable", "two"])
def test_an_exception_while_items_are_made_has_an_empty_partial(more):
    def items():
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        payoff.map(lambda *xs: xs, items(), *[iter([1, 2])] * more)
    assert dict(caught.value.partial) == {}
