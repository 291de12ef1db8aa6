# tests/python/test_calibrate.py: `payoff calibrate` as the wheel installs it: measured once, kept
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from test_cli import COMMAND

DOCUMENT = Path(__file__).parents[2] / "docs" / "calibrate.md"


def run(*arguments, cache, **options):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        **options,
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The one real measurement of these tests, and the folder where it is kept."""
    cache = tmp_path_factory.mktemp("cache")
    return run("calibrate", "--json", cache=cache), cache


def test_everything_is_measured(measured):
    done, cache = measured
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no progress unless stderr is a terminal"
    answer = json.loads(done.stdout)
    assert answer["schema"] == 1
    assert answer["origin"] == "measured"
    assert "key" not in answer, "who this machine is stays here"
    for name, spread in answer["measured"].items():
        if name.endswith("_ns"):
            assert spread is not None, name
            assert 0 < spread["p10"] <= spread["median"] <= spread["p90"], name
            assert spread["repetitions"] >= 1
    assert answer["measured"]["copies"][0]["threads"] == 1
    assert answer["file"].startswith(str(cache / "payoff" / "calibration-"))
    assert answer["measured"]["gil_demand_ns"]["median"] > 1e6, "the switch interval is 5 ms"


def test_it_is_kept_and_read_again(measured):
    done, cache = measured
    again = json.loads(run("calibrate", "--json", cache=cache).stdout)
    assert again.pop("origin") == "cached"
    first = json.loads(done.stdout)
    first.pop("origin")
    assert again == first


def test_the_text_says_what_it_means(measured):
    _, cache = measured
    done = run("calibrate", cache=cache)
    assert done.returncode == 0
    assert done.stdout.startswith("Loops under ")
    assert " stay sequential here with processes (Python)" in done.stdout.replace("\n", " ")
    assert "the GIL demanded" in done.stdout
    assert "payoff calibrate --again" in done.stdout.replace("\n", " ")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_machine_tells_of_it(measured):
    _, cache = measured
    line = r"prices +loops under \S+ \S+ stay sequential with processes, under \S+ \S+ with threads"
    assert re.search(line, run("machine", cache=cache).stdout)


def test_another_affinity_is_another_calibration(measured):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU has one affinity")
    _, cache = measured
    one = {min(os.sched_getaffinity(0))}
    done = run("machine", cache=cache, preexec_fn=lambda: os.sched_setaffinity(0, one))
    assert "not measured on this boot" in done.stdout


@pytest.mark.parametrize("damage", ["", "{", "[" * 50_000, '{"schema": 1}'])
def test_a_damaged_cache_is_no_error(measured, tmp_path, damage):
    """Where it is read only, it is as if there were none."""
    done, _ = measured
    name = Path(json.loads(done.stdout)["file"]).name
    (tmp_path / "payoff").mkdir()
    (tmp_path / "payoff" / name).write_text(damage)
    machine = run("machine", cache=tmp_path)
    assert machine.returncode == 0
    assert "not measured on this boot" in machine.stdout


def test_ctrl_c_ends_it_and_keeps_nothing(tmp_path):
    command = subprocess.Popen(
        [*COMMAND, "calibrate"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
    )
    time.sleep(1.5)  # in the midst of it, or before: either way it must end
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=30)
    assert out == ""
    assert command.returncode != 0
    if command.returncode == 130:
        assert err.splitlines()[-2:] == [
            "error: interrupted: nothing was kept",
            "try: payoff calibrate, which takes ten seconds",
        ]
    assert not list(tmp_path.rglob("*.json"))


def test_the_document_shows_what_is_printed(measured):
    """The rows of the block are those of a real run; figures are the machine's own."""
    _, cache = measured
    (block,) = re.findall(r"\$ payoff calibrate\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)

    def rows(text):
        _, table, *_ = text.split("\n\n")
        return [line[:36].strip() for line in table.splitlines() if re.match(r"  \S", line)]

    def general(names):
        return [re.sub(r"\d[\d.]*", "N", name) for name in names if not name.startswith("copying")]

    assert general(rows(block)) == general(rows(run("calibrate", cache=cache).stdout))
