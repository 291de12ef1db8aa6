# tests/cpp/instructions.py: a C++ loop that stays sequential is the plain loop, by callgrind
"""Use: instructions.py VALGRIND BINARY. The limit is 1 % and 500 instructions a loop."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SHARE, FIXED = 0.01, 500


def counts(valgrind: str, binary: str) -> dict[str, int]:
    """The fewest instructions of all dumps of a name."""
    with tempfile.TemporaryDirectory() as folder:
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={folder}/out", binary]
        subprocess.run(command, check=True, capture_output=True, text=True)
        dumps = [path.read_text() for path in Path(folder).glob("out.*")]
    found = {}
    for dump in dumps:
        name = re.search(r"^desc: Trigger: Client Request: (.+)$", dump, re.M)
        if name:
            total = int(re.search(r"^totals: (\d+)$", dump, re.M)[1])
            found[name[1]] = min(total, found.get(name[1], total))
    return found


def main() -> int:
    found, missed = counts(*sys.argv[1:]), 0
    loops = [name.removeprefix("plain ") for name in found if name.startswith("plain ")]
    print(f"{'loop':>24} {'plain':>12} {'payoff':>9} {'allowed':>9}")
    for name in sorted(loops):
        loop, items, workers = name.split()
        plain = found["plain " + name]
        more = found["payoff " + name] - plain
        allowed = SHARE * plain + FIXED
        title = f"{loop} x {items}" + (", 1 worker" if workers == "1" else "")
        missed += more > allowed
        mark = "  <-- too many" if more > allowed else ""
        print(f"{title:>24} {plain:12,.0f} {more:+9,.0f} {allowed:9,.0f}{mark}")
    if not loops:
        print("error: no counts came back", file=sys.stderr)
    return 1 if missed or not loops else 0


if __name__ == "__main__":
    sys.exit(main())
