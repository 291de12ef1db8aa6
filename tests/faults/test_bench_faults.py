# tests/faults/test_bench_faults.py: benchmarks/faults prints its table, and counts rightly
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.faults import cells, report  # noqa: E402

pytestmark = pytest.mark.timeout(120)
IN_ITEM, VALUE = (
    next(r for r in cells.rows() if r.fault == f) for f in ("death: SIGKILL", "value: ValueError")
)
RIGHT = {"others": 39, "wrong": 0, "has_item": True, "in_place": []}


def test_the_column_of_payoff_is_printed_at_once():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--only", "payoff", "--faults", "SIGKILL, mid"],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    line = done.stdout.splitlines()[-2]
    fault, item, default, again, returned, timed = (
        cell.strip() for cell in line.strip("|").split("|")
    )
    assert (fault, item, again) == ("SIGKILL", "middle", "right")
    assert default.startswith("WorkerDied, item named; ") and "left" not in default
    assert returned == timed == "WorkerDied in place; 100 % kept"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"outcome": RIGHT, "next": {"others": 40}, "left": {"processes": 0, "files": 0}}, "right"),
        ({"outcome": {"hangs": True}}, "**HANGS**"),
        ({"outcome": {"dies": -9}}, "**program dies** (SIGKILL)"),
        ({"outcome": {**RIGHT, "others": 38}}, "**1 missing**"),
        ({"outcome": {**RIGHT, "wrong": 2}}, "**2 wrong results**"),
        (
            {
                "outcome": {**RIGHT, "others": 20, "error": "OSError", "named": False},
                "end": "hangs",
            },
            "OSError; 51 % kept; **program does not end**",
        ),
        ({"outcome": RIGHT, "next": {"hangs": True}}, "right; **next call hangs**"),
        (
            {"outcome": RIGHT, "left": {"processes": 2, "files": 1}},
            "right; left: 2 processes; left: 1 file",
        ),
        ({"skipped": True}, "–"),
    ],
)
def test_a_cell_in_words(record, said):
    assert report.words(record, IN_ITEM) == said


def test_nothing_is_lost_where_all_others_are_kept_and_the_item_is_known():
    told = {**RIGHT, "has_item": False, "error": "ValueError"}
    records = [
        {"tool": "a", "row": VALUE.id, "outcome": {**told, "named": named}}
        for named in (True, False)
    ]
    assert report.summary(records, [VALUE], ["a"])[-1].split("|")[-2].strip() == "1"


def test_positions_with_one_outcome_share_a_row():
    rows = [row for row in cells.rows() if row.title == "SIGKILL"]
    records = [{"tool": "a", "row": row.id, "outcome": RIGHT} for row in rows]
    assert "first, middle, last" in report.tables(records, rows, ["a"])[4]
