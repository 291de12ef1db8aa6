# benchmarks/cpp_loops/report.py: a finished run as a table, with what loses
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmarks.cpp_loops.cells import Cell
from benchmarks.cpp_loops.verdict import GATE, RIVALS, SHOWN, Judged, Times, lost, ratio
from benchmarks.never_slower.report import ratio as shown
from benchmarks.never_slower.report import seconds, table
from benchmarks.never_slower.stats import median

TITLES = {
    "tbb": "oneTBB",
    "omp_static": "OpenMP static",
    "omp_dynamic": "OpenMP dynamic",
    "std_par": "std::par",
    "omp_static_spinning": "static, spinning",
    "omp_dynamic_spinning": "dynamic, spinning",
}
KINDS = {"write": "for_each that writes", "sum": "transform_reduce"}
SHAPES = {
    "equal": "equal costs",
    "triangular": "costs that rise from 0 to twice the mean",
    "heavy": "heavy-tailed costs (lognormal, sigma 1.5)",
}
BAD = ("failed", "missed", "error", "not run")


@dataclass
class Record:
    cell: Cell
    state: str = "not run"  # kept, kept on repeat, missed, failed, error
    times: Times = field(default_factory=dict)
    fresh: Times = field(default_factory=dict)  # measured again, after a miss
    judged: list[Judged] = field(default_factory=list)
    error: str = ""

    @property
    def valid(self) -> Times:
        return self.fresh or self.times


def progress(record: Record) -> str:
    if record.error:
        return f"error: {record.error}"
    times = record.valid
    words = [f"loop {seconds(median(times['loop']))}, itself {shown(ratio(times, 'again'))}"]
    words += [
        f"{each.what} ({each.against}) {shown(each.ratio)} (<= {each.bound:.2f})"
        for each in record.judged
    ]
    return ", ".join([*words, record.state])


def _row(record: Record) -> list[str]:
    cell, times = record.cell, record.valid
    name = [cell.cost, f"{cell.items:.0e}".replace("e+0", "e")]
    if not times:
        return [*name, *[""] * (len(RIVALS)), f"{record.state} {record.error}".strip()]
    behind = lost(times)
    cells = [
        f"{ratio(times, rival).median:.2f}" + ("!" if rival in behind else "")
        for rival in (*GATE, *SHOWN)
    ]
    ours = shown(ratio(times, "payoff")) + ("!" if "loop" in behind else "")
    loop = [seconds(median(times["loop"])), shown(ratio(times, "again"))]
    return [*name, *loop, ours, *cells, record.state]


def _tables(records: list[Record]) -> list[str]:
    head = ["element", "n", "loop", "loop / loop", "payoff", *TITLES.values(), "verdict"]
    lines = []
    for kind, what in KINDS.items():
        for shape, costs in SHAPES.items():
            rows = [r for r in records if (r.cell.kind, r.cell.shape) == (kind, shape)]
            rows = [r for r in rows if r.state != "not run"]
            if rows:
                lines += [f"## {what}, {costs}", "", *table(head, map(_row, rows)), ""]
    return lines


def _losses(records: list[Record]) -> list[str]:
    bad = [f"* {r.cell.id}: {progress(r)}" for r in records if r.state in BAD[:3]]
    behind = []
    for record in records:
        if record.valid and (names := lost(record.valid)):
            by = ", ".join(f"{n} {shown(ratio(record.valid, 'payoff', n))}" for n in names)
            total = seconds(median(record.valid["loop"]))
            behind.append(f"* {record.cell.id} (loop {total}): {by}")
    lines = ["## lost", "", "Bounds missed:", "", *(bad or ["* none"]), ""]
    lines += ["payoff came in behind (its time / theirs; marked `!` above):", ""]
    return [*lines, *(behind or ["* nobody"]), ""]


def markdown(head: dict[str, Any], records: list[Record]) -> str:
    facts = head["machine"]
    load = f"load {facts['load'][0]} before, {head['stolen']:.1%} of the time stolen"
    lines = [
        "# cpp_loops: results",
        "",
        f"{facts['cpu']}, {facts['usable_cpus']} of {facts['cpus']} CPUs, {facts['kernel']}, "
        f"{facts['libc']}, {', '.join(head['versions'])}; {facts['date']}, {load} by other guests. "
        f"{head['seconds'] / 60:.0f} minutes" + (" (--quick)." if head["quick"] else "."),
        "",
        "Wall time / the plain loop's: medians of ratios within a round, ± their median absolute",
        "deviation. `!`: ahead of payoff by more than 2 % and the noise. Bounds and method:",
        "`benchmarks/README.md`. Generated; do not edit.",
        "",
        *_tables(records),
        *_losses(records),
    ]
    if head["left_out"]:
        lines += ["## left out", "", *(f"* {name}: {why}" for name, why in head["left_out"]), ""]
    return "\n".join(lines)


def as_json(record: Record) -> dict[str, Any]:
    judged = [
        {
            "what": each.what,
            "against": each.against,
            "median": round(each.ratio.median, 4),
            "spread": round(each.ratio.spread, 4),
            "bound": each.bound,
            "noise": round(each.noise, 4),
        }
        for each in record.judged
    ]
    found: dict[str, Any] = {"id": record.cell.id, "state": record.state, "judged": judged}
    for key, times in (("times", record.times), ("fresh", record.fresh)):
        if times:
            found[key] = {name: [float(f"{t:.4g}") for t in each] for name, each in times.items()}
    return found | ({"error": record.error} if record.error else {})
