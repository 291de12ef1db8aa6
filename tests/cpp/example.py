# tests/cpp/example.py: an example finds its own results right and prints its receipt
"""Use: example.py PROGRAM SOURCE. The program runs in small."""

import re
import subprocess
import sys
from pathlib import Path


def main() -> None:
    program, source = sys.argv[1:]
    lines = Path(source).read_text().splitlines()
    assert len(lines) <= 60, f"{len(lines)} lines: an example has at most 60"
    done = subprocess.run([program, "--small"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, f"{done.returncode}: {done.stderr}"
    assert re.search(r"^  payoff::\w+ over [\d,]+ items", done.stdout, re.M), done.stdout
    assert re.search(r"^  one item", done.stdout, re.M), done.stdout
    print(done.stdout)


if __name__ == "__main__":
    main()
