# tests/chaos/verdict.py: was that right? From what was asked, what was sent, and what came back
"""Pure. Each complaint is a sentence; a map with none has done what is promised."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence
from typing import Any

from attack import Sent
from plan import DEADLY, GENEROUS, Map

_IDLE_DEATHS = 8  # as engine/care.hpp: workers that die so often at nothing are replaced no more
_TIGHT = 5.0  # seconds; a longer time limit is passed by no item of a plan


def within(sent: Iterable[Sent], began: float, ended: float) -> list[Sent]:
    """Those that may concern a map of this time."""
    return [s for s in sent if s.before <= ended and s.after >= began]


def judge(m: Map, report: dict[str, Any], sent: Sequence[Sent], reaper: str = "") -> list[str]:
    """`sent` as from within()."""
    deaths = [s for s in sent if not s.to_caller and s.number in DEADLY]
    if "error" in report:
        complaints = _on_error(m, report, report["error"], deaths, reaper)
    else:
        complaints = _on_results(m, report, deaths, reaper)
    return complaints + _on_runs(m, report, deaths)


def _may_die(m: Map, deaths: Sequence[Sent]) -> bool:
    return len(deaths) > min(m.retries, _IDLE_DEATHS)


def _may_time_out(m: Map) -> bool:
    """A loaded machine may keep any item for some tenths of a second."""
    return m.timeout is not None and m.timeout < _TIGHT


def _on_results(m: Map, report: dict[str, Any], deaths: Sequence[Sent], reaper: str) -> list[str]:
    found = []
    if report["length"] != m.items:
        found.append(f"{report['length']} results of {m.items} items")
    for i, shown in report["wrong"]:
        found.append(f"result {i} is wrong: {shown}")
    if report["interrupts"]:
        found.append(
            f"KeyboardInterrupt was raised within the map and did not arrive\n{report['raised_at']}"
        )
    failures = report["failures"]
    if failures and m.on_error != "return":
        found.append("a Failure among the results without on_error='return'")
    at = {failure["at"] for failure in failures}
    found += [f"item {i} raises, and its result is no Failure" for i in m.bad if i not in at]
    if "timeout= was not kept" not in report.get("said", ""):
        found += [f"item {i} takes too long, and has a result" for i in m.slow if i not in at]
    for failure in failures:
        if not failure["right"]:
            found.append(f"the Failure at {failure['at']} names another item")
        found += _on_failure(m, failure["at"], failure, deaths, reaper)
    lost = sum(failure["type"] == "WorkerDied" for failure in failures)
    if len(deaths) <= _IDLE_DEATHS and lost * (m.retries + 1) > len(deaths):
        found.append(f"{lost} items were lost, and {len(deaths)} workers killed")
    return found


def _on_failure(
    m: Map, i: int, told: dict[str, Any], deaths: Sequence[Sent], reaper: str
) -> list[str]:
    """An error of item i: as a Failure, or as what the map has raised."""
    kind = told["type"]
    if kind == "ValueError":
        right = i in m.bad and told["args"] == f"({i},)"
        return [] if right else [f"item {i} has failed with ValueError{told['args']}"]
    if kind == "ItemTimeout":
        found = [] if _may_time_out(m) else [f"item {i} had no such limit: {told['message']}"]
        limit = round(told["seconds"], 6) == round(m.timeout or 0.0, 6)
        if told["index"] != i or told["item"] != str(i) or not limit:
            found.append(f"the ItemTimeout of item {i} tells of another: {told['message']}")
        return found
    if kind == "WorkerDied":
        found = [] if _may_die(m, deaths) else ["WorkerDied, and not enough were killed"]
        if told["index"] != i:
            found.append(f"the WorkerDied of item {i} tells of {told['index']}")
        return found + _on_death(told, deaths, reaper)
    return [f"item {i} has failed with {kind}: {told.get('traceback', told['message'])}"]


def _on_death(told: dict[str, Any], deaths: Sequence[Sent], reaper: str) -> list[str]:
    """Does the error name what was done?"""
    found = []
    runner = told.get("runner")
    aimed = {s.number for s in deaths if runner is None or s.pid == runner}
    known = told["signal"] is not None or not reaper
    if known and told["signal"] not in aimed:
        found.append(f"it tells of signal {told['signal']} (code {told['exitcode']}), not {aimed}")
    if told["signal"] is not None:
        if signal.Signals(told["signal"]).name not in told["message"]:
            found.append(f"its message does not name the signal: {told['message']}")
    if told["index"] is not None and told["item"] != str(told["index"]):
        found.append(f"its item is {told['item']!r}")
    return found


def _on_error(
    m: Map, report: dict[str, Any], told: dict[str, Any], deaths: Sequence[Sent], reaper: str
) -> list[str]:
    kind = told["type"]
    took = report["ended"] - report["began"]
    found = _on_partial(m, told)
    if report["interrupts"] and kind != "KeyboardInterrupt":
        found.append(
            f"KeyboardInterrupt was raised within the map, and it ended with {kind}\n"
            f"raised at:\n{report['raised_at']}\nended with:\n{told['traceback']}"
        )
    if kind == "KeyboardInterrupt":
        if not report["interrupts"]:
            found.append("KeyboardInterrupt, and nobody has asked for it")
    elif kind == "DeadlineExceeded":
        if m.deadline is None or m.deadline >= GENEROUS or took < 0.99 * m.deadline:
            found.append(f"DeadlineExceeded after {took:.3f} s with deadline={m.deadline}")
    elif m.on_error == "return":
        # What cannot be laid at one item's door: the workers could not be replaced.
        if kind != "WorkerDied" or len(deaths) <= _IDLE_DEATHS:
            found.append(f"on_error='return', and the map raised {kind}: {told['traceback']}")
    elif kind == "ValueError":
        found += _on_failure(m, min(m.bad, default=-1), told, deaths, reaper)
    elif kind == "WorkerDied" and told["index"] is None:
        found += [] if _may_die(m, deaths) else ["WorkerDied, and not enough were killed"]
        found += _on_death(told, deaths, reaper)
    else:
        found += _on_failure(m, told.get("index", -1), told, deaths, reaper)
    return found


def _on_partial(m: Map, told: dict[str, Any]) -> list[str]:
    if "partial" not in told:
        # Ctrl-C may come before the first item, or behind the last one.
        return [] if told["type"] == "KeyboardInterrupt" else [f"{told['type']} without partial"]
    partial = told["partial"]
    found = [f"partial[{i}] is wrong: {shown}" for i, shown in told["partial_wrong"]]
    found += [f"partial has an item {i} of {m.items}" for i in partial if not 0 <= i < m.items]
    if told["type"] == "WorkerDied":
        have = set(partial)
        both = [i for a, b in told["uncertain"] for i in range(a, b) if i in have]
        both += [told["index"]] if told["index"] in have else []
        if both:
            found.append(f"items {both[:8]} are finished, and uncertain")
    return found


def _on_runs(m: Map, report: dict[str, Any], deaths: Sequence[Sent]) -> list[str]:
    """An item may have had effects: it is run again only where that was allowed."""
    if "most_runs" not in report:
        return []
    most = report["most_runs"]
    found = []
    # A worker that is ended for its slow item may take another along that had just begun.
    innocent = 1 + len(m.slow) if _may_time_out(m) else 0
    allowed = 1 + min(m.retries, len(deaths)) + innocent
    if most > allowed:
        found.append(f"items {report['run_again']} were run up to {most} times")
    if "error" not in report:
        failed = {failure["at"] for failure in report["failures"]}
        never = [i for i in report["not_run"] if i not in failed]
        if never:
            found.append(f"items {never} have results and were never run")
    return found
