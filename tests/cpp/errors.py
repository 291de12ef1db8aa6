# tests/cpp/errors.py: whoever passes something wrong reads one line that says so, and what to do
"""Use: errors.py COMPILER INCLUDE. Compiles every wrong call and reads the first `error:` line."""

import concurrent.futures
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = """#include <list>
#include <string>
#include "payoff/payoff.hpp"
"""
SCENE = """
std::vector<double> xs(3), out(3);
std::list<double> list(3);
std::vector<bool> bits(3);
const std::vector<double> fixed(3);
struct Endless { double* begin() const; std::unreachable_sentinel_t end() const; } endless;
std::vector<Endless> odd(3);
auto root = [](double x) { return x / 2; };
auto counts = [n = 0](double) mutable { return ++n; };
auto nothing = [](double) {};
auto of_text = [](const std::string& text) { return text.size(); };
auto changes = [](double& x) { x = 1; };
auto add = [](double a, double b) { return a + b; };
auto odd_add = [](double, std::string) { return 1.0; };
auto no_sum = [](double, double) { return std::string(); };
"""

RANGE = "the range must be random-access and sized"
CALL = "f cannot be called with an element of the range"
PLACES = "out[i] must be an object of its own that can be assigned f's result"
REDUCED = "transform(element)) and reduce(T, T) must give a T, the type of init"
CASES = {
    # call: what the first error says, after the algorithm's name
    "payoff::for_each(list, root)": RANGE,
    "payoff::for_each(endless, root)": RANGE,
    "payoff::for_each(7, root)": RANGE,
    "payoff::for_each(xs, of_text)": CALL,
    "payoff::for_each(xs, counts)": CALL,
    "payoff::for_each(fixed, changes)": CALL,
    "payoff::for_each(payoff::indices(3), changes)": CALL,
    "payoff::for_each(xs, 7)": CALL,
    "payoff::transform(list, root)": RANGE,
    "payoff::transform(endless, root)": RANGE,
    "payoff::transform(xs, of_text)": CALL,
    "payoff::transform(xs, counts)": CALL,
    "payoff::transform(xs, nothing)": "f returns nothing; use payoff::for_each",
    "payoff::transform(xs, out.begin())": CALL,
    "payoff::transform(list, out.begin(), root)": RANGE,
    "payoff::transform(xs, out.begin(), of_text)": CALL,
    "payoff::transform(xs, out.begin(), counts)": CALL,
    "payoff::transform(xs, out.begin(), nothing)": PLACES,
    "payoff::transform(xs, bits.begin(), root)": PLACES,
    "payoff::transform(xs, odd.begin(), root)": PLACES,
    "payoff::transform(xs, fixed.begin(), root)": PLACES,
    "payoff::transform(xs, std::back_inserter(out), root)": PLACES,
    "payoff::transform(xs, list.begin(), root)": PLACES,
    "payoff::transform(xs, out, root)": PLACES,
    "payoff::transform_reduce(list, 0.0, add, root)": RANGE,
    "payoff::transform_reduce(xs, 0.0, add, of_text)": CALL.replace("f ", "transform ", 1),
    "payoff::transform_reduce(xs, 0.0, add, counts)": CALL.replace("f ", "transform ", 1),
    "payoff::transform_reduce(xs, 0.0, odd_add, root)": REDUCED,
    "payoff::transform_reduce(xs, 0.0, no_sum, root)": REDUCED,
    "payoff::transform_reduce(xs, 0.0, add, nothing)": REDUCED,
    "payoff::run(payoff::for_each, xs, of_text)": CALL,
    "(void)payoff::run(payoff::transform, list, root)": RANGE,
}


def compile_header(compiler: str, flags: list[str], folder: Path) -> list[str]:
    """The header, read once; what makes the compiler use it."""
    header = folder / "header.hpp"
    header.write_text(HEADER)
    clang = "clang" in compiler
    made = folder / ("header.pch" if clang else "header.hpp.gch")
    command = [compiler, *flags, "-x", "c++-header", str(header), "-o", str(made)]
    subprocess.run(command, check=True)
    return ["-include-pch", str(made)] if clang else ["-include", str(header)]


def problem(command: list[str], call: str, expected: str) -> str | None:
    """What is wrong with the errors of one wrong call."""
    code = f"{SCENE}void wrong() {{ {call}; }}\n"
    done = subprocess.run([*command, "-"], input=code, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return "compiles"
    errors = [line for line in done.stderr.splitlines() if " error: " in line]
    said = re.sub(
        r".*? error: static(_assert failed( due to requirement '.*?')?| assertion failed:) ",
        "",
        errors[0],
    )
    algorithm = re.search(r"payoff::(for_each|transform_reduce|transform)", call)[0]
    if not said.strip('"').startswith(algorithm + "(") or expected not in said:
        return f"first error: {errors[0]}"
    return f"{len(errors)} errors, not one:\n  " + "\n  ".join(errors) if errors[1:] else None


def main() -> int:
    compiler, include = sys.argv[1:]
    flags = ["-std=c++20", f"-I{include}", "-fsyntax-only"]
    with tempfile.TemporaryDirectory() as folder:
        use = compile_header(compiler, [f for f in flags if f != "-fsyntax-only"], Path(folder))
        command = [compiler, *flags, *use, "-x", "c++"]
        fine = f"{SCENE}void fine() {{ payoff::for_each(xs, root); }}\n"
        subprocess.run([*command, "-"], input=fine, text=True, check=True)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda case: problem(command, *case), CASES.items())
            problems = {call: text for call, text in zip(CASES, found, strict=True) if text}
    for call, text in problems.items():
        print(f"{call}\n  {text}")
    print(f"{len(CASES)} wrong calls, {len(problems)} not told as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
