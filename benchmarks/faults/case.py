# benchmarks/faults/case.py: one tool meets one fault: the program that keeper.py watches
"""Use: python -m benchmarks.faults.case TOOL FAULT POSITION FOLDER. It prints events as JSON."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from benchmarks.faults.hazards import AT, DEATHS, FIRST, ITEMS, Work, at_start
from benchmarks.faults.tools import TOOLS, Hand, Tool

LIMIT = 1.0  # seconds of an item that hangs
LONG = 20_000  # items, of a call that is interrupted


def tell(event: str, **facts: Any) -> None:
    line = json.dumps({"event": event, "at": time.monotonic(), **facts})
    os.write(1, f"\n@{line}\n".encode())


def names_item(error: BaseException, at: int) -> bool:
    """Does what the user sees of the error say which item it was?"""
    if getattr(error, "index", None) == at:
        return True
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException:
        text = ""
    text = re.sub(r'File ".*", line \d+', "", text)
    return re.search(rf"\b({FIRST + at}|item {at})\b", text) is not None


def at_a_worker_s_start(fault: str, folder: Path, tool: Tool) -> None:
    kind, _, cause = fault.partition(": ")
    if not kind.startswith("start"):
        return
    always = kind == "start of all"
    if tool.fresh:  # no fork of ours: each looks for this in its sitecustomize
        (folder / "sitecustomize.py").write_text(
            "import sys\n"
            "if any('popen_loky' in word for word in sys.orig_argv):\n"
            "    from benchmarks.faults.hazards import at_start\n"
            f"    at_start({cause!r}, {str(folder)!r}, always={always})\n"
        )
        os.environ["PYTHONPATH"] = f"{folder}:{os.getcwd()}"
    else:
        os.register_at_fork(after_in_child=lambda: at_start(cause, str(folder), always=always))


def call(tool: Tool, work: Work, items: range, limit: float | None, at: int) -> dict[str, Any]:
    """What comes of it, in facts."""
    hand = Hand()
    began = time.monotonic()
    error: BaseException | None = None
    try:
        tool.run(work, items, limit, hand)
    except BaseException as raised:
        error = raised
    facts: dict[str, Any] = {"seconds": round(time.monotonic() - began, 3)}
    facts["others"] = sum(
        hand.results.get(i) == 3 * item for i, item in enumerate(items) if i != at
    )
    facts["wrong"] = sum(i != at and result != 3 * items[i] for i, result in hand.results.items())
    facts["has_item"] = at in hand.results
    facts["in_place"] = [
        {"index": i, "error": type(e).__name__} for i, e in sorted(hand.in_place.items())
    ]
    if error is not None:
        facts["error"] = type(error).__name__
        facts["named"] = names_item(error, at)
    return facts


def ready(tool: Tool, folder: Path) -> None:
    """What a tool imports is no part of its call. Another call has shown that it works."""
    hand = Hand()
    plain = Work("", -1, folder / "before", anywhere=False, waits=False)
    (folder / "before").mkdir()
    tool.run(plain, range(FIRST, FIRST + 4), None, hand)
    assert len(hand.results) == 4
    if tool.fresh:  # its workers outlive a call, and would not start in the next
        from joblib.externals.loky import get_reusable_executor  # type: ignore

        get_reusable_executor().shutdown(wait=True)
    tell("ready")


def main() -> int:
    name, fault, position, where = sys.argv[1:]
    tool, folder = TOOLS[name], Path(where)
    kind = fault.partition(": ")[0]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ready(tool, folder)
    if kind in ("Ctrl-C", "kill -9 of the caller"):
        items, at, limit = range(FIRST, FIRST + LONG), -1, None
    else:
        items, at = range(FIRST, FIRST + ITEMS), AT.get(position, ITEMS // 2)
        limit = LIMIT if kind == "hang" else None
    if kind == "anywhere":  # also in a caller that takes the first item
        at = 0 if position == "first" else at
        fault = fault.replace("anywhere", "death")
    elif kind.startswith("start"):
        at = -1
    work = Work(
        fault,
        at,
        folder,
        anywhere=tool.threads or kind == "anywhere",
        waits=tool.caller_works and kind in ("death", "transfer", "value", "hang"),
    )
    at_a_worker_s_start(fault, folder, tool)
    tell("began")
    tell("outcome", **call(tool, work, items, limit, at))
    if kind == "Ctrl-C":
        return 130
    harmless = Work("", -1, folder, anywhere=False, waits=False)
    if kind == "start of all":
        os.environ.pop("PYTHONPATH", None)
        DEATHS.update(dict.fromkeys(DEATHS, lambda: None))
    tell("next", **call(tool, harmless, range(FIRST, FIRST + ITEMS), None, -1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
