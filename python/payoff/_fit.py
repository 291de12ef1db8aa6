# python/payoff/_fit.py: payoff.fit: its arguments checked, then the library
"""Everything that computes is in `payoff._core` (include/payoff/laws.hpp)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any, SupportsFloat, SupportsIndex, TypeVar

from . import _core
from ._words import shown as _show

_core.add_laws()
Fit = _core.Fit

_T = TypeVar("_T")


def fit(
    n: Iterable[SupportsFloat],
    time: Iterable[SupportsFloat] | None = None,
    *,
    throughput: Iterable[SupportsFloat] | None = None,
    cpu: Iterable[SupportsFloat] | None = None,
    round: Iterable[SupportsIndex] | None = None,
    placement: Iterable[object] | None = None,
    model: str | None = None,
    cores: float | None = None,
    quota: float | None = None,
) -> _core.Fit:
    """The scaling law that fits runs of one program with different numbers of workers.

    The law is T(N) = s + u [N > 1] + p / E(N) + c (N - 1), with s, u, p, c >= 0: serial part,
    start-up, parallel part, cost of each further worker. Amdahl's law (1967) and the Universal
    Scalability Law (Gunther 2007) are special cases. The fit is weighted non-negative least
    squares on relative errors, the model is chosen by the data unless `model` names one.

    >>> import payoff
    >>> answer = payoff.fit([1, 2, 4, 8, 16], time=[10.1, 5.6, 3.1, 2.0, 1.7])
    >>> print(answer)  # doctest: +SKIP
    >>> answer.predict(16).bound, answer.predict(64).bound
    (False, True)

    Every sequence has one entry for each run: lists, tuples, numpy arrays, pandas Series, any
    iterable of numbers. Repeats of the same N are runs of their own; their order is free.

    Args:
        n: workers of each run, 1 or more; whole or not.
        time: seconds of each run, above 0.
        throughput: instead of time: units of work a second, above 0. A time is then 1 / throughput,
            seconds for one unit.
        cpu: seconds of CPU time of each run, of all its processes together.
        round: number of the round in which each run was measured. Speed-ups are then taken within
            rounds, so that slow drift cancels.
        placement: where each run was: nodes, pinning, machine; whatever must not be mixed.
        model: "linear", "amdahl", "startup", "usl" or "overhead" (all four terms) instead of the
            one that the data speak for.
        cores: physical cores of the machine: E(N) is N up to here, then 0.2 more a worker (SMT).
            Default: E(N) = N.
        quota: CPUs that a cgroup allows: E(N) never exceeds it.

    Returns:
        A Fit: `law`, `estimates` with 95 % intervals, `findings`, `levels`, `candidates`,
        `predict(n)`, `choose(price)`; `print` shows the answer, notebooks draw it.

    Raises:
        TypeError: an argument is no list of numbers; time and throughput are both given, or none.
        ValueError: lengths differ; a number is not finite, zero or negative; all runs have one N.
    """
    workers = _floats("n", n)
    if (time is None) == (throughput is None):
        now = "none is" if time is None else "both are"
        raise TypeError(
            "give one of time= (seconds) and throughput= (units a second); " + now + " given"
        )
    if time is not None:
        name, measured = "time", "seconds"
        times = _floats("time", time)
    else:
        assert throughput is not None
        name, measured = "throughput", "throughput"
        times = _inverted(_floats("throughput", throughput))
    of_cpu = None if cpu is None else _floats("cpu", cpu)
    rounds = None if round is None else _wholes("round", round)
    places = None if placement is None else _each("placement", placement, str, "a name")
    given = {name: times, "cpu": of_cpu, "round": rounds, "placement": places}
    for other, values in given.items():
        if values is not None and len(values) != len(workers):
            raise ValueError(
                f"n has {len(workers)} entries and {other} has {len(values)}; "
                "each needs one for every run"
            )
    available = _cpus("cores", cores), _cpus("quota", quota)
    return _core.fit(workers, times, of_cpu, rounds, places, model, *available, measured)


def _each(name: str, values: Iterable[Any], convert: Callable[[Any], _T], what: str) -> list[_T]:
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name}={_show(values)} is a text; give a list, one entry for each run")
    # Arrays and Series give plain numbers by this, and faster than one by one.
    to_list = getattr(values, "tolist", None)
    try:
        plain = list(to_list() if callable(to_list) else values)
    except TypeError:
        raise TypeError(
            f"{name}={_show(values)} is not a sequence; give a list, one entry for each run"
        ) from None
    converted = []
    for i, value in enumerate(plain):
        try:
            converted.append(convert(value))
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"{name}[{i}]={_show(value)} is not {what}") from None
    return converted


def _floats(name: str, values: Iterable[Any]) -> list[float]:
    return _each(name, values, float, "a number")


def _wholes(name: str, values: Iterable[Any]) -> list[int]:
    return _each(name, values, operator.index, "a whole number")


def _inverted(throughput: list[float]) -> list[float]:
    for i, x in enumerate(throughput):
        if not (math.isfinite(x) and x > 0):
            raise ValueError(
                f"throughput[{i}]={x!r} must be above 0 and finite; leave out runs that failed"
            )
    return [1 / x for x in throughput]


def _cpus(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}={_show(value)} is not a number of CPUs; leave it out for E(N) = N"
        ) from None
    if not number > 0:
        raise ValueError(f"{name}={value!r} must be above 0; leave it out for E(N) = N")
    return number
