# tests/python/test_bench_cpp.py: the arithmetic by which benchmarks/cpp_loops passes and fails
from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.cpp_loops import cells, report, verdict
from benchmarks.cpp_loops.cells import Cell

EQUAL, HEAVY = Cell("sum", "100ns", 100_000, "equal"), Cell("write", "100ns", 100_000, "heavy")


def times(loop: float, **ratios: float) -> dict[str, list[float]]:
    """Three rounds, of which the last was on a machine ten times slower."""
    found = {"loop": 1.0, "again": 1.0, "payoff": 1.0} | ratios
    return {name: [loop * r, loop * r, 10 * loop * r] for name, r in found.items()}


def states(cell: Cell, found: dict[str, list[float]], cpus: int = 2) -> dict[str, bool]:
    return {each.what: each.missed for each in verdict.judge(cell, found, cpus)}


def test_the_entry_cost_is_allowed_on_top() -> None:
    assert not states(EQUAL, times(100e-9, payoff=1.9))["never slower"]
    assert states(EQUAL, times(100e-9, payoff=3.0))["never slower"]
    assert not states(EQUAL, times(10e-6, payoff=1.055))["never slower"]
    assert states(EQUAL, times(10e-6, payoff=1.07))["never slower"]


def test_the_best_rival_counts_from_a_millisecond_and_only_if_it_beats_the_loop() -> None:
    rivals = {"tbb": 0.6, "omp_static": 0.5, "omp_static_spinning": 0.1}
    assert "best" not in states(EQUAL, times(0.9e-3, payoff=0.9, **rivals))
    assert states(EQUAL, times(1e-3, payoff=0.9, **rivals))["best"]
    assert not states(EQUAL, times(1e-3, payoff=0.52, **rivals))["best"]
    assert "best" not in states(EQUAL, times(1e-3, payoff=0.9, **rivals), cpus=1)
    assert "best" not in states(EQUAL, times(1e-3, tbb=1.01, omp_static=2.0))
    assert verdict.best_rival(times(1.0, **rivals)) == "omp_static"


def test_irregular_loops_must_be_ahead() -> None:
    near = times(0.01, payoff=0.51, tbb=0.5)
    assert not states(EQUAL, near)["best"]
    assert states(HEAVY, near)["best"]
    assert not states(HEAVY, times(0.01, payoff=0.49, tbb=0.5))["best"]


def test_a_miss_within_the_noise_is_no_failure() -> None:
    found = times(0.01, payoff=1.06)
    found["again"] = [0.0097, 0.01, 0.103]
    (slower,) = verdict.judge(EQUAL, found, 1)
    assert slower.missed
    assert not slower.failed


def test_lost_names_whoever_came_in_before() -> None:
    found = times(0.01, payoff=0.6, tbb=0.5, std_par=0.595, omp_static_spinning=0.4)
    assert verdict.lost(found) == ["tbb", "omp_static_spinning"]


@pytest.mark.parametrize(("quick", "minutes"), [(False, 15), (True, 2)])
def test_the_grid_fits_its_time_and_says_what_it_leaves_out(quick: bool, minutes: int) -> None:
    grid, left_out = cells.grid(quick)
    ids = [cell.id for cell in grid]
    assert len(set(ids)) == len(ids) > 20
    assert "sum/equal/1ns/1e6" in ids
    assert all(cell.total <= cells.LONGEST for cell in grid)
    seconds = sum(cell.seconds(cell.rounds(quick), len(verdict.RIVALS)) for cell in grid)
    assert seconds <= 0.9 * 60 * minutes
    reasons = dict(left_out)
    if not quick:
        assert reasons["write/equal/1us/1e7"] == "the loop would take 10 s"
        assert "too short to differ" in reasons["sum/heavy/1ns/1e4"]


def test_the_table_marks_lost_battles_and_missed_bounds() -> None:
    record = report.Record(HEAVY, "failed", times(0.01, payoff=0.6, tbb=0.5))
    for name in (*verdict.GATE, *verdict.SHOWN):
        record.times.setdefault(name, record.times["loop"])
    record.judged = verdict.judge(HEAVY, record.times, 2)
    head = {
        "machine": {"cpu": "x", "usable_cpus": 2, "cpus": 2, "kernel": "k", "libc": "l"}
        | {"date": "d", "load": [0.0]},
        "versions": ["g++ 12"],
        "stolen": 0.0,
        "seconds": 60.0,
        "quick": False,
        "left_out": [],
    }
    text = report.markdown(head, [record])
    assert "| 0.50! " in text
    assert "* write/heavy/100ns/1e5: loop 10 ms" in text
    assert "best (tbb) 1.200" in text
