# tests/python/test_transport.py: what a result costs on its way is found out without much ado
import time
from itertools import count

import pytest
from payoff import _transport


class Slow:
    """Counts how often it is pickled."""

    def __init__(self, seconds):
        self.seconds, self.pickled = seconds, 0

    def __reduce__(self):
        self.pickled += 1
        time.sleep(self.seconds)
        return Slow, (self.seconds,)


def test_a_quick_result_is_priced_twice_as_the_first_time_is_cold(monkeypatch):
    monkeypatch.setattr(_transport, "perf_counter_ns", count(step=1000).__next__)
    result = Slow(0)
    _transport.price(result)
    assert result.pickled == 2


def test_a_slow_result_is_priced_once():
    result = Slow(0.005)
    encode, _, _, _ = _transport.price(result)
    assert result.pickled == 1
    assert encode >= 5e6


def test_sizes_are_those_of_the_pickle_and_its_buffers():
    _, _, size, heap = _transport.price(b"x" * 100_000)
    assert 100_000 <= size <= 100_100
    assert heap == 65536
    with pytest.raises(TypeError, match="arrives as"):
        _transport.price(Changes())


class Changes:
    def __reduce__(self):
        return int, (3,)
