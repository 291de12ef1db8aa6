# benchmarks/profile_overhead/report.py: the page of results, from the JSON beside it
from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.never_slower.stats import Summary, paired_ratios, summarize
from benchmarks.profile_overhead.tools import TOOLS

COMPARED = [tool for tool in TOOLS if tool != "plain"]


def seconds(runs: Iterable[dict[str, Any]], program: str, tool: str) -> dict[int, float]:
    """By round."""
    return {
        run["round"]: run["seconds"]
        for run in runs
        if run["program"] == program and run["tool"] == tool
    }


def ratios(kept: dict[str, Any], program: str, tool: str) -> list[float]:
    below = seconds(kept["runs"], program, "plain")
    above = seconds(kept["runs"], program, tool)
    rounds = sorted(below.keys() & above.keys())
    return paired_ratios([above[i] for i in rounds], [below[i] for i in rounds])


def extra_seconds(kept: dict[str, Any], tool: str) -> Summary:
    """Of the command, beyond the program's loop: starting, reading, writing the profile."""
    rows = [run for run in kept["runs"] if run["tool"] == tool]
    return summarize([run["command"] - run["seconds"] for run in rows])


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
        for line in lines
    )


def page(kept: dict[str, Any], folder: Path) -> str:
    machine = kept["machine"]
    programs = list(kept["loops"])
    rows = []
    for program in programs:
        alone = summarize([*seconds(kept["runs"], program, "plain").values()])
        rows.append([program, f"{alone.median:.2f} s"])
        for tool in COMPARED:
            found = ratios(kept, program, tool)
            cell = summarize(found) if found else None
            rows[-1].append(f"{cell.median:.3f} ±{cell.spread:.3f}" if cell else "broken")
    middle = []
    for tool in COMPARED:
        found = [ratios(kept, name, tool) for name in programs]
        of_programs = summarize([summarize(some).median for some in found if some])
        middle.append(
            f"**{of_programs.median:.3f}** ({of_programs.low:.2f} to {of_programs.high:.2f})"
        )
    rows.append(["median (least to most)", "", *middle])
    start = [f"{extra_seconds(kept, tool).median:.2f} s" for tool in COMPARED]
    rows.append(["command beyond the loop", f"{extra_seconds(kept, 'plain').median:.2f} s", *start])
    named = ", ".join(f"{name} {version}" for name, version in kept["versions"].items())
    text = f"""# profile_overhead: results

{machine["cpu"]}, {machine["usable_cpus"]} of {machine["cpus"]} CPUs, {machine["kernel"]}, \
{machine["python"]}; {machine["date"]}, load {machine["load"][0]} before, \
{100 * kept["stolen"]:.1f}% of the time stolen by other guests. {kept["minutes"]:.0f} minutes, \
{len(seconds(kept["runs"], programs[0], "plain"))} rounds.
{named}.

Time of the program's own loop under each profiler over that of the plain run of the same round:
medians ± the median absolute deviation. How they are measured: `benchmarks/README.md`. Generated;
do not edit.

{table(["program", "alone", *COMPARED], rows)}
"""
    for run in kept["broken"]:
        text += f"\nLeft out: {run['program']} under {run['tool']}, which {run['how']}\n"
    own = folder / "own_cost.json"
    if own.exists():
        text += own_cost(json.loads(own.read_text()))
    return text


def own_cost(kept: dict[str, Any]) -> str:
    rows = [
        [
            run["program"],
            f"{run['seconds']:.1f} s",
            f"{100 * run['of_a_core']:.2f} %",
            f"{run['rate']:.0f}",
            f"{run['file_bytes'] / 1e6:.2f} MB",
            f"{run['memory_bytes'] / 1e6:.1f} MB",
        ]
        for run in kept["runs"]
    ]
    head = ["program", "wall", "sampler, of a core", "looks a second", "file", "memory added"]
    return f"""
## What the sampler itself takes

{kept["machine"]["date"]}. The sampler's CPU time is its thread's own clock; memory is the peak of
the program's resident set beyond that of the same program without it.

{table(head, rows)}
"""


if __name__ == "__main__":
    results = Path(__file__).parent / "results"
    kept_before = json.loads((results / "overhead.json").read_text())
    (results / "README.md").write_text(page(kept_before, results))
