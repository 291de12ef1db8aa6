# tests/chaos/plan.py: what a round does and what is done to it, all of it out of one seed
"""Pure: no clock, no process. The same seed is the same round, in every process and version."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from signal import Signals as S
from typing import Any

GENEROUS = 100.0  # seconds of a limit that nothing in a round can pass
SLOW = 20.0  # seconds that a slow item takes, unless somebody ends it
DEADLY = frozenset({S.SIGKILL, S.SIGSEGV, S.SIGTERM, S.SIGABRT})
_MOST_BYTES = 48 << 20  # of one map's results

COSTS = ("spin", "uneven", "rising", "sleep", "mixed", "digest")
RESULTS = ("int", "float", "none", "tuple", "text", "bytes", "array", "any", "arrays")
_WAYS = {"fork": 40, "timed": 25, "auto": 15, "threads": 12, "inline": 8}


@dataclass(frozen=True)
class Strike:
    """A signal, and where it goes.

    Attributes:
        after: seconds from the begin of the map, or (`at_birth`) from its first worker on.
        aim: "worker" (one that lives then), "workers" (all), "caller", "group" (caller and workers,
            as a terminal's Ctrl-C).
        which: which worker, as a share of those that live then.
        then, later: a further signal to the same processes, and how many seconds later.
    """

    after: float
    aim: str
    number: S
    which: float = 0.0
    at_birth: bool = False
    then: S | None = None
    later: float = 0.0


@dataclass(frozen=True)
class Map:
    """One call of payoff.map, and what comes over it."""

    salt: int
    items: int
    cost: str
    micros: float  # of an item, in the mean
    result: str
    size: int  # bytes of a result, where it has a size
    way: str
    workers: int = 2
    retries: int = 0
    on_error: str = "raise"
    timeout: float | None = None
    deadline: float | None = None
    bad: tuple[int, ...] = ()  # items that raise
    slow: tuple[int, ...] = ()  # items that take SLOW seconds
    nested: bool = False
    strikes: tuple[Strike, ...] = ()

    def asked(self) -> dict[str, Any]:
        """The options of the call."""
        asked: dict[str, Any] = {"workers": self.workers}
        if self.way != "timed" and self.way != "auto":
            asked["backend"] = self.way
        for name in ("retries", "on_error", "timeout", "deadline"):
            if getattr(self, name) != getattr(Map, name):
                asked[name] = getattr(self, name)
        return asked

    def item_by_item(self) -> bool:
        """Does a death concern one item only?"""
        return self.retries > 0 or self.on_error == "return" or self.timeout is not None

    def counts(self) -> bool:
        """Does f note who has run what? Writing keeps an "auto" loop in the caller."""
        return self.way not in ("auto", "threads")


@dataclass(frozen=True)
class Round:
    """Maps one after the other; those of a group at once, the first of them in the main thread.

    Attributes:
        reaper: who takes away our children's status: nobody (""), a handler of SIGCHLD that waits
            for any child ("handler"), or SIG_IGN ("ignore").
        leaves: the program ends while maps run in daemon threads.
    """

    seed: int
    groups: tuple[tuple[Map, ...], ...]
    reaper: str = ""
    leaves: bool = False


def make(seed: int) -> Round:
    r = random.Random(seed)
    groups: list[tuple[Map, ...]] = []
    for _ in range(r.randint(3, 6)):
        if r.random() < 0.12:
            # Without slow items: beside other threads no worker is forked that could be ended.
            groups.append(tuple(replace(_map(r), slow=()) for _ in range(r.randint(2, 3))))
        else:
            groups.append((_map(r),))
        groups.append((_calm(r),))
    if r.random() < 0.3:  # and then the caller itself is ended
        last = _map(r, last=True)
        groups.append((_endless(r, last) if r.random() < 0.6 else last,))
    reaper = r.choices(("", "handler", "ignore"), (85, 10, 5))[0]
    return Round(seed, tuple(groups), reaper, leaves=r.random() < 0.06)


def _log(r: random.Random, low: float, high: float) -> float:
    return low * (high / low) ** r.random()


def _map(r: random.Random, last: bool = False) -> Map:
    way = r.choices([*_WAYS], [*_WAYS.values()])[0]
    seconds = _log(r, 0.01, 0.5)  # of one worker
    items = int(_log(r, 2, 4000))
    result, size = r.choice(RESULTS), int(_log(r, 16, 4 << 20))
    if result in ("bytes", "array", "arrays", "text"):
        items = max(2, min(items, _MOST_BYTES // size))
    micros = min(seconds / items * 1e6, 50_000.0)
    workers = r.choices((1, 2, 3, 4), (5, 45, 30, 20))[0]
    retries = r.choices((0, 1, 1000), (60, 20, 20))[0]
    on_error = r.choices(("raise", "return"), (60, 40))[0]
    timeout = deadline = None
    slow: tuple[int, ...] = ()
    if way == "timed":
        timeout = GENEROUS
        if r.random() < 0.35:
            timeout, items = _log(r, 0.1, 0.5), min(items, 60)
            slow = _some(r, items)
    if r.random() < 0.2:
        tight = seconds / max(1, min(2, workers)) * r.uniform(0.2, 1.5)
        deadline = r.choice((tight, GENEROUS))
    bad = _some(r, items) if r.random() < 0.15 else ()
    return Map(
        salt=r.randrange(1 << 20),
        items=items,
        cost=r.choice(COSTS),
        micros=micros,
        result=result,
        size=size,
        way=way,
        workers=workers,
        retries=retries,
        on_error=on_error,
        timeout=timeout,
        deadline=deadline,
        bad=tuple(i for i in bad if i not in slow),
        slow=slow,
        nested=r.random() < 0.08,
        strikes=_strikes(r, seconds / 2 + (0.3 if slow else 0.0), last),
    )


def _endless(r: random.Random, m: Map) -> Map:
    """All its workers live when their caller is ended, and would go on for long."""
    way, limit = ("timed", GENEROUS) if m.way == "timed" else ("fork", None)
    end = Strike(_log(r, 0.005, 0.3), "caller", r.choice((S.SIGKILL, S.SIGTERM)))
    m = replace(m, way=way, items=8, slow=(*range(8),), bad=(), strikes=(end,))
    return replace(m, timeout=limit, deadline=None)


def _some(r: random.Random, items: int) -> tuple[int, ...]:
    return tuple(sorted({r.randrange(items) for _ in range(r.randint(1, 2))}))


def _calm(r: random.Random) -> Map:
    """Nothing comes over it: whatever the map before has left behind shows here."""
    way = r.choice(("fork", "fork", "timed", "threads"))
    return Map(
        salt=r.randrange(1 << 20),
        items=r.randint(2, 40),
        cost=r.choice(("spin", "sleep")),
        micros=300.0,
        result=r.choice(RESULTS),
        size=int(_log(r, 16, 200_000)),
        way=way,
        workers=r.randint(2, 3),
        timeout=GENEROUS if way == "timed" else None,
    )


def _strikes(r: random.Random, seconds: float, last: bool) -> tuple[Strike, ...]:
    """`seconds`: about as long as the map takes."""
    kinds = r.choices([*_KINDS], [weight for weight, _ in _KINDS.values()], k=r.randint(0, 5))
    strikes = [_KINDS[kind][1](r, seconds) for kind in kinds]
    if last:
        end = r.choice((S.SIGKILL, S.SIGKILL, S.SIGTERM))
        strikes.append(Strike(_moment(r, seconds), "caller", end))
    return tuple(sorted(strikes, key=lambda strike: strike.after))


def _moment(r: random.Random, seconds: float) -> float:
    return r.choice((r.uniform(0, 1.1 * seconds), _log(r, 0.0003, 1.1 * seconds)))


def _deadly(r: random.Random) -> S:
    return r.choices((S.SIGKILL, S.SIGSEGV, S.SIGTERM, S.SIGABRT), (60, 15, 15, 10))[0]


def _one(r: random.Random, seconds: float) -> Strike:
    return Strike(_moment(r, seconds), "worker", _deadly(r), r.random())


def _newborn(r: random.Random, seconds: float) -> Strike:
    after = r.choice((0.0, _log(r, 0.0002, 0.02)))
    return Strike(after, "worker", _deadly(r), r.random(), at_birth=True)


def _all(r: random.Random, seconds: float) -> Strike:
    return Strike(_moment(r, seconds), "workers", _deadly(r))


def _stop(r: random.Random, seconds: float) -> Strike:
    aim = r.choice(("worker", "worker", "workers", "caller"))
    then = S.SIGCONT if aim == "caller" or r.random() < 0.6 else S.SIGKILL
    at = _moment(r, seconds)
    return Strike(at, aim, S.SIGSTOP, r.random(), then=then, later=r.uniform(0, 0.3))


def _nudge(r: random.Random, seconds: float) -> Strike:
    """What a worker takes no notice of."""
    number = r.choice((S.SIGINT, S.SIGCONT, S.SIGCHLD, S.SIGWINCH))
    aim = "workers" if number == S.SIGINT else r.choice(("worker", "caller"))
    return Strike(_moment(r, seconds), aim, number, r.random())


def _interrupt(r: random.Random, seconds: float) -> Strike:
    again = S.SIGINT if r.random() < 0.3 else None
    aim = r.choice(("caller", "group"))
    at = _moment(r, seconds)
    return Strike(at, aim, S.SIGINT, then=again, later=_log(r, 0.0001, 0.05))


_KINDS = {
    "one": (40, _one),
    "newborn": (15, _newborn),
    "all": (8, _all),
    "stop": (20, _stop),
    "nudge": (7, _nudge),
    "interrupt": (6, _interrupt),
}
