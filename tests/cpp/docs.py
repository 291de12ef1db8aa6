# tests/cpp/docs.py: every block of docs/cpp.md does what it says
"""Use: docs.py CMAKE BUILD COMPILER. Installs into a home of its own; builds, runs the blocks."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cpp.md"
HEAD = """#undef NDEBUG
#include <payoff/payoff.hpp>
#include <cassert>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
"""


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert found, f"no {language} block"
    return found


def run(script: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"error: {script}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    cmake, build, compiler = sys.argv[1:]
    install, pkg_config = blocks("sh")
    program, *snippets = blocks("cpp")
    preset, install = install.splitlines()
    assert preset == "cmake --preset release && cmake --build --preset release"
    assert "build/release" in install
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        install = install.replace("build/release", build).replace("cmake", cmake)
        run(install, home)
        (home / "program.cpp").write_text(program)
        (home / "CMakeLists.txt").write_text(blocks("cmake")[0])
        configure = f"-DCMAKE_PREFIX_PATH=$HOME/.local -DCMAKE_CXX_COMPILER={compiler}"
        run(f"{cmake} -G Ninja -B found {configure} && {cmake} --build found", home)
        said = run("found/program", home)
        assert "payoff::transform over 1,000,000 items" in said, said
        assert said.endswith("the last root is 1.41421\n"), said

        bodies = "".join(f"void block_{i}() {{\n{code}}}\n" for i, code in enumerate(snippets))
        calls = "".join(f"  block_{i}();\n" for i in range(len(snippets)))
        (home / "program.cpp").write_text(f"{HEAD}{bodies}int main() {{\n{calls}}}\n")
        pkg_config = pkg_config.replace("c++ ", f"{compiler} -Wall -Wextra -Werror ", 1)
        library = next((home / ".local").rglob("payoff.pc")).parent
        run(f"{pkg_config}./program", home, PKG_CONFIG_PATH=str(library))
    print(f"{len(snippets) + 4} blocks built and run")


if __name__ == "__main__":
    main()
