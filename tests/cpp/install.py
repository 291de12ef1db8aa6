# tests/cpp/install.py: `cmake --install`, then a program outside the tree that finds payoff there
"""Use: install.py CMAKE BUILD COMPILER [PKG_CONFIG]. By find_package, and by pkg-config."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CONSUMER = Path(__file__).parent / "consumer"


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(program: Path) -> None:
    said = run(program)
    assert "sum 343084 of 200000" in said and said.count("\n") > 2, said


def main() -> None:
    cmake, build, compiler, *pkg_config = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder)
        run(cmake, "--install", build, "--prefix", outside / "first")
        (outside / "first").rename(outside / "prefix")  # nothing may remember where it was put
        shutil.copytree(CONSUMER, outside / "consumer")

        found = outside / "found"
        prefix = f"-DCMAKE_PREFIX_PATH={outside / 'prefix'}"
        chosen = f"-DCMAKE_CXX_COMPILER={compiler}"
        run(cmake, "-G", "Ninja", "-S", outside / "consumer", "-B", found, prefix, chosen)
        run(cmake, "--build", found)
        check(found / "consumer")
        print("find_package(payoff): built and run")

        if pkg_config:
            (description,) = (outside / "prefix").rglob("payoff.pc")
            path = {"PKG_CONFIG_PATH": str(description.parent)}
            flags = run(pkg_config[0], "--cflags", "--libs", "payoff", **path).split()
            program = outside / "by_pkg_config"
            source = outside / "consumer" / "main.cpp"
            run(compiler, "-std=c++20", source, *flags, "-o", program)
            check(program)
            version = run(pkg_config[0], "--modversion", "payoff", **path).strip()
            assert version == run(*(outside / "prefix").glob("bin/payoff"), "--version").split()[-1]
            print("pkg-config: built and run")


if __name__ == "__main__":
    main()
