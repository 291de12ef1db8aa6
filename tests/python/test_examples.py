# tests/python/test_examples.py: the examples agree with themselves, print their table, refuse lies
"""They run in small (--small), through the installed payoff, as `make demo` runs them."""

import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
VARIANTS = {
    "keys": {
        "the loop, one regex": False,
        "payoff.map, one regex": True,
        "the loop, Aho-Corasick": False,
        "payoff.map, Aho-Corasick": True,
    },
    "weather": {
        "the loop": False,
        "payoff.map": True,
        "payoff.map, seed=1": True,
        "numpy": False,
        "payoff.map, numpy": True,
    },
}  # and whether there is a receipt


def run(name: str, shadow: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`examples/NAME.py --small`; modules in `shadow` stand before the installed ones."""
    if name == "keys":
        pytest.importorskip("ahocorasick", reason="keys.py needs pyahocorasick (group dev)")
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    if shadow:
        environment["PYTHONPATH"] = str(shadow)
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--small"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)


def table(output: str) -> dict[str, tuple[float, float, float, str]]:
    """Seconds, core-seconds, times faster and answer of each variant."""
    row = re.compile(r"(\S.*?) +(\d+\.\d{3}) +(\d+\.\d{3}) +([\d.]+)  (\S.*)")
    found = filter(None, map(row.fullmatch, output.splitlines()))
    return {m[1]: (float(m[2]), float(m[3]), float(m[4]), m[5]) for m in found}


@pytest.fixture(scope="module")
def race() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_race", EXAMPLES / "_race.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["_race"] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", VARIANTS)
def test_an_example_prints_every_variant_its_receipt_and_a_conclusion(name: str) -> None:
    done = run(name)
    assert (done.returncode, done.stderr) == (0, "")
    rows = table(done.stdout)
    assert list(rows) == list(VARIANTS[name])
    assert next(iter(rows.values()))[2] == 1.0
    for variant, has_receipt in VARIANTS[name].items():
        assert (f"\nThe receipt of “{variant}”:\n" in done.stdout) == has_receipt
    last = done.stdout.splitlines()[-1]
    fastest_by_both = list(rows.values())[-1][2]
    assert re.search(rf" {fastest_by_both:g}(\.0)? times by both \(", last), last


def test_every_way_to_search_finds_the_same_keys() -> None:
    answers = {answer for *_, answer in table(run("keys").stdout).values()}
    assert len(answers) == 1
    assert int(answers.pop().split()[0]) > 100


def test_no_weather_run_repeats_another() -> None:
    answers = [answer for *_, answer in table(run("weather").stdout).values()]
    assert len(answers) == 5
    assert all(answer.endswith("distinct 1.0") for answer in answers)


@pytest.mark.parametrize(
    ("name", "lie", "told"),
    [
        ("keys", "[f(x) + (i == 7) for i, x in enumerate(items)]", "miscounts 1 of"),
        ("keys", "[f(x) for x in items][:-1]", "argument 2 is longer"),
        ("weather", "[f(x) for x in items[:len(items) // 2]] * 2", "distinct=0.5"),
        ("weather", "[f(x) + 0.5 for x in items]", "mean wrong by"),
    ],
)
def test_a_wrong_answer_ends_the_race(name: str, lie: str, told: str, tmp_path: Path) -> None:
    false_map = f"def map(f, items, seed=None):\n    return {lie}\nlast_receipt = lambda: None\n"
    (tmp_path / "payoff.py").write_text(false_map)
    done = run(name, shadow=tmp_path)
    assert done.returncode == 1
    assert told in done.stderr
    assert "variant " not in done.stdout


@pytest.mark.parametrize(
    ("parallel", "optimised", "both", "found"),
    [
        (6.0, 0.2, 0.11, "Optimising first is worth more than more workers, and both together"),
        (6.0, 0.2, 0.21, "Optimising was worth more than more workers, which here added nothing"),
        (6.0, 7.0, 4.0, "Here more workers were worth more than optimising"),
    ],
)
def test_the_conclusion_says_what_was_measured(
    race: ModuleType, parallel: float, optimised: float, both: float, found: str
) -> None:
    laps = [
        race.Lap("loop", "l", 10.0, 9.9, None, ""),
        race.Lap("parallel", "p", parallel, 11.0, None, ""),
        race.Lap("parallel", "slower p", parallel * 2, 12.0, None, ""),
        race.Lap("optimised", "o", optimised, 0.19, None, ""),
        race.Lap("both", "b", both, 0.21, None, ""),
    ]
    said = race.conclusion(laps)
    assert said.startswith(found)
    by_workers = f"{race.times(10 / parallel)} times faster by more workers (11 core-seconds"
    assert by_workers in said
    assert f"{race.times(10 / both)} times by both (0.21)." in said


def test_a_short_variant_runs_five_times_and_a_long_one_once(
    race: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def judge(name: str, results: list[int]) -> str:
        judged.append(name)
        return f"{len(results)} judged"

    def work() -> list[int]:
        time.sleep(0.002)
        return [1, 2]

    monkeypatch.setattr(race, "PATIENCE", 10.0)
    lap = race.run("optimised", "short", work, judge)
    assert (lap.answer, judged) == ("2 judged", ["short"] * 5)
    monkeypatch.setattr(race, "PATIENCE", 0.001)
    race.run("optimised", "long", work, judge)
    assert judged.count("long") == 1


def test_core_seconds_count_ended_children(race: ModuleType) -> None:
    before, own = race.core_seconds(), time.process_time()
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)
    own = time.process_time() - own
    assert race.core_seconds() - before > own + 0.02
