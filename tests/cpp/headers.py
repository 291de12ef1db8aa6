# tests/cpp/headers.py: every public header compiles alone, without a warning
"""Use: headers.py COMPILER INCLUDE."""

import concurrent.futures
import subprocess
import sys
from pathlib import Path

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror"]


def main() -> int:
    compiler, include = sys.argv[1:]
    headers = sorted(p.relative_to(include) for p in (Path(include) / "payoff").glob("*.hpp"))
    assert len(headers) > 5, f"no headers in {include}"

    def problem(header: Path) -> str:
        command = [compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, f"-I{include}"]
        code = f'#include "{header}"\n'
        command += ["-x", "c++", "-"]
        done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
        return done.stderr

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        problems = [text for text in pool.map(problem, headers) if text]
    print("\n".join(problems), f"{len(headers)} headers, {len(problems)} with problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
