# examples/weather.py: what will the weather be like in ten days? 500 000 runs of a small simulation
"""The same random runs in a loop, in workers and in numpy; no two of them may come out the same."""

import math
import sys
from typing import Any

import numpy as np
import payoff
from _race import race
from numpy.typing import NDArray

RUNS = 5_000 if "--small" in sys.argv else 500_000
BLOCKS = 40
START, ANCHOR, STD, STEPS = 75.0, 72.0, 5.0, 10
# Each step halves the distance to the anchor and quarters the variance, before adding its own.
MEAN = ANCHOR + (START - ANCHOR) / 2**STEPS
VARIANCE = STD**2 * sum(4.0**-step for step in range(STEPS))


def simulate(_run: int, rng: Any = np.random) -> float:
    temperature = START
    for _ in range(STEPS):
        temperature = rng.normal((ANCHOR + temperature) / 2, STD)
    return temperature


def simulate_many(runs: int, rng: np.random.Generator) -> NDArray[np.float64]:
    temperature, noise = np.full(runs, START), np.empty(runs)
    for _ in range(STEPS):
        rng.standard_normal(out=noise)
        noise *= STD
        temperature += ANCHOR
        temperature /= 2
        temperature += noise
    return temperature


def judge(variant: str, results: list[float] | NDArray[np.float64]) -> str:
    distinct = len(np.unique(results)) / RUNS
    error = (np.mean(results) - MEAN) / math.sqrt(VARIANCE / RUNS)
    if len(results) != RUNS or distinct < 1 or abs(error) > 5:
        raise SystemExit(f"error: “{variant}”: {distinct=}, mean wrong by {error:.1f} SE")
    return f"mean {np.mean(results):.3f} ({error:+.1f} SE), distinct {distinct}"


def in_blocks() -> NDArray[np.float64]:
    return np.concatenate(payoff.map(simulate_many, [RUNS // BLOCKS] * BLOCKS, seed=1))


print(f"{RUNS} runs of {STEPS} steps from {START}; the mean must come to {MEAN:.3f}\n")
loop = ("loop", "the loop", lambda: [simulate(run) for run in range(RUNS)])
parallel = ("parallel", "payoff.map", lambda: payoff.map(simulate, range(RUNS)))
seeded = ("parallel", "payoff.map, seed=1", lambda: payoff.map(simulate, range(RUNS), seed=1))
optimised = ("optimised", "numpy", lambda: simulate_many(RUNS, np.random.default_rng()))
both = ("both", "payoff.map, numpy", in_blocks)
race([loop, parallel, seeded, optimised, both], judge)
