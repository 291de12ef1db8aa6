# tests/python/test_bench_stats.py: the arithmetic by which benchmarks/never_slower passes and fails
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.never_slower import cells, shapes, stats, verdict
from benchmarks.never_slower.calibrate import Calibration
from benchmarks.never_slower.cells import Cell

CALIBRATION = Calibration(
    1e-7, 4e-8, (1, 4, 8, 64, 512, 700), (5e-8, 1e-7, 1.5e-7, 1.8e-6, 6e-5, 1e-4)
)


def test_median_takes_the_middle_of_odd_and_even_numbers() -> None:
    assert stats.median([3, 1, 2]) == 2
    assert stats.median([4, 1, 2, 3]) == 2.5
    with pytest.raises(ValueError, match="no values"):
        stats.median([])


def test_spread_is_not_moved_by_one_wild_round() -> None:
    assert stats.mad([1.0, 1.01, 0.99, 1.02, 50.0]) == pytest.approx(0.01)
    assert stats.summarize([1.0, 3.0, 2.0]) == stats.Summary(2.0, 1.0, 1.0, 3.0, 3)


def test_ratios_pair_within_a_round_only() -> None:
    # the machine slows down by 10: the pairs do not notice, a ratio of medians would
    assert stats.paired_ratios([0.5, 5.0, 5.0], [1.0, 10.0, 10.0]) == [0.5, 0.5, 0.5]
    with pytest.raises(ValueError, match="pair within a round"):
        stats.paired_ratios([1.0], [1.0, 2.0])


def test_in_order_makespan_is_list_scheduling() -> None:
    assert stats.in_order_makespan([1, 1, 1, 1], 2) == 2
    assert stats.in_order_makespan([1, 1, 4], 2) == 5  # the long one last: nobody could know
    assert stats.in_order_makespan([4, 1, 1], 2) == 4


def test_ceiling_is_half_of_the_rest_or_its_longest_item() -> None:
    assert stats.ceiling(1.0, 0.2, 0.01, 1.0) == pytest.approx(0.6)
    assert stats.ceiling(1.0, 0.2, 0.7, 1.0) == pytest.approx(0.9)
    assert stats.ceiling(1.0, 0.2, 0.01, 1.1) == pytest.approx(0.66)
    assert stats.ceiling(0.001, 0.004, 0.0, 1.0) == pytest.approx(0.001)


def found(**changes: Any) -> dict[str, Any]:
    """Four rounds of a loop of 1 s, decided at 2 ms, which ran in half of the time."""
    rounds: dict[str, Any] = {
        "loop": [1.0, 1.0, 1.02, 0.98],
        "payoff": [0.51, 0.51, 0.52, 0.5],
        "first_decision": [0.002] * 4,
        "planned": 1.0,
        "first_two": 2e-4,
        "longest_later": 1e-4,
    }
    return rounds | changes


def test_a_long_loop_meets_the_loop_of_the_next_round() -> None:
    itself = verdict.against_itself(found())
    assert itself.rounds == 3
    assert itself.median == pytest.approx(1.0)
    assert verdict.against_itself(found(again=[1.1, 1.1, 1.122, 1.078])).median == pytest.approx(
        1.1
    )


def test_first_decision_counts_up_to_four_milliseconds_or_two_items() -> None:
    half = verdict.ceilings(found(), 1.0)[0]
    assert half == pytest.approx(0.002 + 0.998 / 2)
    late = verdict.ceilings(found(first_decision=[0.3] * 4), 1.0)[0]
    assert late == pytest.approx(0.004 + 0.996 / 2)  # a late decision earns no higher ceiling
    none = verdict.ceilings(found(first_decision=[None] * 4), 1.0)[0]
    assert none == late
    dear = verdict.ceilings(found(first_decision=[0.3] * 4, first_two=0.1), 1.0)[0]
    assert dear == pytest.approx(0.1 + 0.9 / 2)


def test_both_bounds_are_judged_with_the_noise_of_the_loop_itself() -> None:
    cell = Cell("equal", "100us", "1s")
    slower, pays = verdict.judge(cell, found(), 1.0, cpus=2)
    assert (slower.bound, pays.bound) == (1.05, 1.05)
    assert not slower.missed
    assert not pays.missed
    slower, pays = verdict.judge(cell, found(payoff=[0.55, 0.55, 0.56, 0.54]), 1.0, cpus=2)
    assert pays.missed
    slower, pays = verdict.judge(cell, found(payoff=[1.2] * 4), 1.0, cpus=2)
    assert slower.missed
    assert slower.failed


def test_a_miss_within_the_loops_own_spread_is_no_failure() -> None:
    near = verdict.Judged("x", stats.summarize([1.06]), 1.05, noise=0.02)
    far = verdict.Judged("x", stats.summarize([1.08]), 1.05, noise=0.02)
    assert near.missed
    assert not near.failed
    assert far.failed


def test_one_cpu_is_not_asked_to_pay() -> None:
    assert len(verdict.judge(Cell("equal", "100us", "1s"), found(), 1.0, cpus=1)) == 1


@pytest.mark.parametrize(
    ("cell", "asked"),
    [
        (Cell("equal", "1us", "100ms"), True),
        (Cell("equal", "0.1us", "1s"), False),  # cheaper than 10 transports of 8 B
        (Cell("equal", "1us", "10ms"), False),  # too short
        (Cell("equal", "10ms", "100ms"), False),  # ten items
        (Cell("equal", "1ms", "100ms", "64KB"), True),
        (Cell("equal", "100KB", "1s", kind="zlib"), True),
        (Cell("equal", "2KB", "1s", kind="sha256-2KB"), False),
    ],
)
def test_who_has_to_pay(cell: Cell, asked: bool) -> None:
    assert cell.must_pay is asked


def test_work_that_waits_is_to_run_twenty_times_as_fast() -> None:
    cell = Cell("equal", "5ms", "5s", kind="sleep")
    judged = verdict.judge(cell, found(), None, cpus=2)
    assert [each.what for each in judged] == ["never slower", "it waits"]
    assert judged[1].bound == 0.05


def test_a_rival_that_never_came_home_took_its_cap() -> None:
    rival = {"loop": [1.0], "payoff": [0.5], "rival": [], "cap": 10.0}
    assert verdict.judge_rival(rival, 1.0).ratio.median == pytest.approx(0.05)
    rival = {"loop": [1.0, 1.0], "payoff": [0.5, 0.5], "rival": [0.4], "cap": 10.0}
    assert verdict.judge_rival(rival, 1.0).missed


def test_memory_needs_workers_to_prove_anything() -> None:
    peaks = {"alone": 1_000_000_000, "payoff": 1_020_000_000}
    took_part = verdict.judge_memory({"peaks": peaks, "workers": 2}, cpus=2)
    assert not any(each.missed for each in took_part)
    alone = verdict.judge_memory({"peaks": peaks, "workers": 1}, cpus=2)
    assert [each.what for each in alone if each.missed] == ["workers took part"]


def test_the_grid_says_what_it_leaves_out() -> None:
    grid, left_out = cells.grid(quick=False)
    ids = [cell.id for cell in grid]
    reasons = dict(left_out)
    assert len(ids) == len(set(ids))
    assert "equal/10ms/10ms/8B" in ids  # one item
    assert reasons["equal/10ms/1ms/8B"] == "less than one item"
    assert reasons["rising/10ms/10ms/8B"] == "one item has no shape"
    assert "nothing of 1s" in reasons["first/1ms/1s/8B"]
    assert "first/1ms/3s/64KB" in ids


@pytest.mark.parametrize("shape", shapes.SHAPES)
@pytest.mark.parametrize(("body", "cost"), [("square", 1e-7), ("burn", 1e-5), ("burn", 1e-3)])
def test_items_take_the_planned_total(shape: str, body: str, cost: float) -> None:
    items = shapes.build(shape, body, cost, 3.0, CALIBRATION)
    assert items.planned == pytest.approx(3.0, rel=0.1)
    assert 0 < items.longest_later <= 3.0
    middle = items.middle(0.05)
    assert 1 <= len(middle) < len(items.items)


def test_shapes_have_their_shape() -> None:
    def steps(shape: str) -> list[int]:
        return list(shapes.build(shape, "burn", 1e-3, 3.0, CALIBRATION).items)

    assert len(set(steps("equal"))) == 1
    assert steps("rising") == sorted(steps("rising"))
    assert steps("falling") == sorted(steps("falling"), reverse=True)
    assert steps("alternating")[1] > 8 * steps("alternating")[0]
    first = steps("first")
    assert first[0] == pytest.approx(1000 * first[1], rel=0.01)
    heavy = steps("lognormal")
    assert max(heavy) > 20 * stats.median(heavy)


def test_few_random_items_come_in_an_order_that_can_reach_the_ceiling() -> None:
    for count in (100, 300, 1000):
        costs = shapes.draws(count)
        assert sum(costs) == pytest.approx(count)
        best = max(sum(costs[2:]) / 2, max(costs[2:]))
        assert stats.in_order_makespan(costs[2:], 2) <= 1.011 * best
