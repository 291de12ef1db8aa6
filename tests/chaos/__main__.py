# tests/chaos/__main__.py: maps whose workers are killed, stopped and interrupted at random moments
"""A storm: rounds of maps under attack, each out of a seed of its own.

Every map must end, with right results or with a clear error that the attack explains, and leave
nothing behind. The seed of a round that fails is printed; `--replay SEED` plays it again (the plan
is the same, the timing nearly: hence several times).
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from battle import Outcome, adopt_orphans, play

_EVERY = 5.0  # seconds between two lines of progress


class Storm:
    def __init__(self) -> None:
        self.began = time.monotonic()
        self.played: list[Outcome] = []
        self._said = self.began

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def play(self, seed: int) -> None:
        outcome = play(seed)
        self.played.append(outcome)
        if outcome.complaints:
            print(f"\nround {seed} has failed:", flush=True)
            for complaint in outcome.complaints:
                print(f"  {complaint}")
            print(f"try: make chaos SEED={seed}\n", flush=True)
        if time.monotonic() - self._said > _EVERY:
            self._said = time.monotonic()
            print(self.line(), flush=True)

    def failed(self) -> int:
        return sum(bool(outcome.complaints) for outcome in self.played)

    def line(self) -> str:
        def total(name: str) -> int:
            return sum(getattr(outcome, name) for outcome in self.played)

        return (
            f"- {self.elapsed():4.0f} s: {len(self.played)} rounds, {total('maps')} maps, "
            f"{total('kills')} killed, {total('stops')} stopped, {total('interrupts')} interrupts, "
            f"{total('errors')} maps with an error; {self.failed()} rounds failed"
        )

    def summary(self) -> str:
        gone = max((outcome.orphans_gone for outcome in self.played), default=0.0)
        return (
            f"{self.line()}\n- workers of an ended program were gone after at most {gone:.2f} s\n"
            + (
                "error: some maps did not keep their promise; the rounds are told above"
                if self.failed()
                else "- every map ended with right results or a clear error"
            )
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="of the storm: its rounds follow from it")
    parser.add_argument("--replay", type=int, metavar="SEED", help="play this round only")
    parser.add_argument("--times", type=int, default=20, help="so often (default: 20)")
    asked = parser.parse_args()
    adopt_orphans()
    storm = Storm()
    if asked.replay is not None:
        for _ in range(asked.times):
            storm.play(asked.replay)
    else:
        seed = random.SystemRandom().getrandbits(32) if asked.seed is None else asked.seed
        print(f"- {asked.seconds:g} s of chaos; --seed {seed}", flush=True)
        rounds = random.Random(seed)
        while storm.elapsed() < asked.seconds:
            storm.play(rounds.getrandbits(48))
    print(storm.summary())
    return 1 if storm.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
