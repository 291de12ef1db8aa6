# python/payoff/laws.py: scaling laws by their names, over include/payoff/laws.hpp
"""How run time depends on the number of workers, as functions with names.

`Law(serial=…, startup=…, parallel=…, per_worker=…)` is the one law behind all of them; `payoff.fit`
finds it from measurements. Times are seconds, shares are between 0 and 1, `n` is a number of
workers from 1 on, whole or not. What is out of range raises ValueError.

>>> from payoff import laws
>>> laws.amdahl(0.05, 8)
5.925925925925926
>>> law = laws.Law(serial=0.05, parallel=0.95, per_worker=0.001)
>>> round(laws.fastest(law), 1), round(laws.speedup_limit(law), 1)
(30.8, 9.0)
"""

from __future__ import annotations

import math
from typing import NamedTuple, SupportsFloat, overload

from . import _core
from ._fit import Fit
from ._words import shown as _show

Candidate = _core.Candidate
Choice = _core.Choice
Choices = _core.Choices
Estimate = _core.Estimate
Finding = _core.Finding
Forecast = _core.Forecast
Law = _core.Law
Level = _core.Level
Price = _core.Price
Reach = _core.Reach

__all__ = [
    "BrentBound",
    "Candidate",
    "Choice",
    "Choices",
    "Estimate",
    "Finding",
    "Fit",
    "Forecast",
    "KarpFlattParts",
    "Law",
    "Level",
    "Price",
    "Reach",
    "amdahl",
    "brent",
    "eager_knee",
    "fastest",
    "gustafson",
    "isoefficient_items",
    "karp_flatt",
    "largest_efficient",
    "reach",
    "speedup_limit",
    "usl",
]


class BrentBound(NamedTuple):
    """What `brent` returns, in seconds.

    Attributes:
        low: no scheduler is faster.
        high: a greedy scheduler is no slower.
    """

    low: float
    high: float


class KarpFlattParts(NamedTuple):
    """What a serial fraction is made of; the three add up to it.

    Attributes:
        serial: sigma, the same for every n.
        startup: falls towards a constant as n grows.
        per_worker: kappa n, rises with n.
    """

    serial: float
    startup: float
    per_worker: float


def amdahl(serial_share: float, n: float) -> float:
    """Speed-up of a fixed piece of work on n workers: 1 / (f + (1 - f) / n).

    Source: Amdahl, AFIPS 30, 1967.
    """
    return _core.amdahl(_share("serial_share", serial_share), _workers(n))


def gustafson(serial_share: float, n: float) -> float:
    """Speed-up of work that grows with n: n - f (n - 1).

    `serial_share` is that of the time of the *parallel* run, another number than Amdahl's. Not for
    times of a fixed piece of work. Source: Gustafson, CACM 31(5), 1988.
    """
    return _core.gustafson(_share("serial_share", serial_share), _workers(n))


def usl(n: float, *, sigma: float, kappa: float, gamma: float = 1.0) -> float:
    """Throughput on n workers: gamma n / (1 + sigma (n - 1) + kappa n (n - 1)).

    sigma is contention, kappa coherency, both 0 or more; gamma is the throughput of one worker, 1
    for a relative one. Source: Gunther, Guerrilla Capacity Planning, 2007.
    """
    contention, coherency = _not_below_0("sigma", sigma), _not_below_0("kappa", kappa)
    return _core.usl(_above_0("gamma", gamma), contention, coherency, _workers(n))


@overload
def karp_flatt(speedup: float, n: float) -> float: ...
@overload
def karp_flatt(speedup: _core.Law, n: float) -> KarpFlattParts: ...
def karp_flatt(speedup: float | _core.Law, n: float) -> float | KarpFlattParts:
    """The serial share that would explain a speed-up on n > 1 workers: (1/S - 1/n) / (1 - 1/n).

    With a Law instead of a speed-up: what it consists of, sigma + upsilon n / (n - 1) + kappa n.
    So a fraction that stays flat over n is a serial part, one that rises a cost of each worker, one
    that falls a start-up. Source: Karp & Flatt, CACM 33(5), 1990.
    """
    workers = _workers(n)
    if workers == 1:
        raise ValueError(f"n={n!r} says nothing of a serial share; it takes 2 workers or more")
    if isinstance(speedup, _core.Law):
        return KarpFlattParts(*_core.karp_flatt_parts(speedup, workers))
    return _core.karp_flatt(_above_0("speedup", speedup), workers)


def fastest(law: _core.Law) -> float:
    """The n at which T(n) is least: sqrt(parallel / per_worker); infinite without per_worker."""
    return _core.fastest(law)


def speedup_limit(law: _core.Law) -> float:
    """The least upper bound of T(1) / T(n) over all n; infinite if nothing holds it back."""
    return _core.speedup_limit(law)


def eager_knee(law: _core.Law) -> float:
    """The n that gives the most efficiency for a second of time: the knee of the curve.

    By Amdahl's law (1 - f) / f, with half the limit and half the efficiency.
    Source: Eager, Zahorjan & Lazowska, IEEE Transactions on Computers 38(3), 1989.
    """
    return _core.eager_knee(law)


def largest_efficient(law: _core.Law, efficiency: float = 0.5) -> float:
    """The largest n with T(1) / (n T(n)) >= efficiency, which is above 0 and at most 1."""
    return _core.largest_efficient(law, _efficiency(efficiency))


def isoefficient_items(law: _core.Law, item: float, n: float, efficiency: float = 0.5) -> float:
    """How many items of `item` seconds make n workers reach an efficiency above 0 and up to 1.

    The law's other terms stay as they are; infinite if no number of items does.
    Source: Grama, Gupta & Kumar, IEEE Parallel & Distributed Technology 1(3), 1993.
    """
    return _core.isoefficient_items(
        law, _above_0("item", item), _workers(n), _efficiency(efficiency)
    )


def brent(work: float, span: float, n: float) -> BrentBound:
    """The least and the most time of n workers that never idle while there is work.

    `work` is the seconds of everything together, `span` those of the longest chain of steps that
    wait for each other (for a map: of its longest item). Source: Brent, JACM 21(2), 1974.
    """
    work, span = _above_0("work", work), _not_below_0("span", span)
    if span > work:
        raise ValueError(f"span={span!r} is more than work={work!r}, of which it is a part")
    return BrentBound(*_core.brent(work, span, _workers(n)))


def reach(
    now: float,
    want: float,
    shape: _core.Law | _core.Fit,
    *,
    code_gain: float = 1.0,
    cores: float | None = None,
) -> _core.Reach:
    """Can better code times more workers bring `now` seconds down to `want`?

    Args:
        now: seconds on one worker today.
        want: seconds that are wanted.
        shape: how the program scales: a Law (of any time scale: Law(serial=0.05, parallel=0.95)
            has a serial share of 5 %), or a Fit, whose uncertainty the answer then carries.
        code_gain: the code becomes so many times faster on one worker.
        cores: no more than these. Default: no limit.

    Returns:
        A Reach: the least number of workers that does it, or how far it falls short and what would
        have to be true instead.
    """
    if not isinstance(shape, (_core.Law, _core.Fit)):
        raise TypeError(
            f"shape={_show(shape)} is neither a Law nor a Fit; a program with a serial share of "
            "5 % is Law(serial=0.05, parallel=0.95)"
        )
    most = math.inf if cores is None else _above_0("cores", cores)
    return _core.reach(
        _above_0("now", now), _above_0("want", want), shape, _above_0("code_gain", code_gain), most
    )


def _number(name: str, value: SupportsFloat) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={_show(value)} is not a number") from None


def _workers(n: SupportsFloat) -> float:
    number = _number("n", n)
    if not 1 <= number < math.inf:
        raise ValueError(f"n={n!r} is not a number of workers: 1 or more")
    return number


def _share(name: str, value: SupportsFloat) -> float:
    number = _number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name}={value!r} must be a share between 0 and 1: 0.05 is 5 %")
    return number


def _efficiency(value: SupportsFloat) -> float:
    number = _number("efficiency", value)
    if not 0 < number <= 1:
        raise ValueError(f"efficiency={value!r} must be above 0 and at most 1: 0.5 is 50 %")
    return number


def _above_0(name: str, value: SupportsFloat) -> float:
    number = _number(name, value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name}={value!r} must be above 0 and finite")
    return number


def _not_below_0(name: str, value: SupportsFloat) -> float:
    number = _number(name, value)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name}={value!r} must be 0 or more, and finite")
    return number
