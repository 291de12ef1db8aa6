# tests/python/test_report_command.py: `payoff report` as users run it, on files of real profilers
import cProfile
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

INSTALLED = Path(sys.executable).with_name("payoff")
MODULE = [sys.executable, "-c", "import sys; from payoff._cli import main; sys.exit(main())"]
COMMAND = [str(INSTALLED)] if INSTALLED.exists() else MODULE
SEEDS = Path(__file__).parents[1] / "fuzz" / "corpus" / "profile"


def run(*arguments, stdin=None, **options):
    return subprocess.run(
        [*COMMAND, "report", *map(os.fspath, arguments)],
        capture_output=True,
        input=stdin,
        timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        **options,
    )


def answer(*arguments, **options):
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return done.stdout.decode()


def refusal(*arguments, **options):
    """Two lines and status 2; the error's words and the remedy's."""
    done = run(*arguments, **options)
    assert done.returncode == 2, done
    assert done.stdout == b""
    error, remedy = done.stderr.decode().splitlines()
    assert error.startswith("error: ") and remedy.startswith("try: ")
    return error.removeprefix("error: "), remedy.removeprefix("try: ")


def test_own_profile_in_every_form(tmp_path):
    text = answer(SEEDS / "payoff.json")
    first = " ".join(text.split("\n  ")[0].split())
    assert first == (
        "The program spent 57 % of its 12.3 s waiting for the network, mostly in fetch() "
        "(app.py:17), and 31 % running Python code, mostly in parse() (app.py:41)."
    )
    facts = json.loads(answer(SEEDS / "payoff.json", "--json"))
    assert facts["headline"] == first
    assert sum(facts["states"].values()) == pytest.approx(facts["whole"])
    assert facts["lines"][1]["source"] == "    return [int(x) for x in line]"
    out = tmp_path / "out"
    assert answer(SEEDS / "payoff.json", "-o", out) == ""
    assert first in " ".join(out.read_text().split())
    # What goes to another viewer and comes back is the same time.
    for form in ("speedscope", "collapsed"):
        assert answer(SEEDS / "payoff.json", "--export", form, "-o", out) == ""
        again = json.loads(answer(out, "--json"))
        for state, seconds in again["thread_states"].items():
            assert seconds == pytest.approx(facts["thread_states"][state]), state


def busy(n):
    return sum(i * i for i in range(n))


def test_cprofile_says_what_pstats_says(tmp_path):
    path = tmp_path / "busy.pstats"
    profiler = cProfile.Profile()
    profiler.enable()
    busy(200_000)
    time.sleep(0.01)
    profiler.disable()
    profiler.dump_stats(path)
    profiler.create_stats()
    facts = json.loads(answer(path, "--json"))
    own = {name: entry[2] for (_, _, name), entry in profiler.stats.items()}
    assert facts["whole"] == pytest.approx(sum(own.values()), rel=1e-3)
    lines = {line["function"]: line for line in facts["lines"]}
    assert sum(lines["<genexpr>"]["self"].values()) == pytest.approx(own["<genexpr>"], rel=1e-3)
    assert lines["<built-in method time.sleep>"]["mostly"] == "sleep"


@pytest.mark.parametrize("name", sorted(path.name for path in SEEDS.iterdir()))
def test_every_format_is_known_from_its_content(name):
    data = (SEEDS / name).read_bytes()
    assert answer("-", stdin=data) == answer(SEEDS / name)


def test_what_cannot_be_read_is_one_error(tmp_path):
    cases = {
        "empty": b"",
        "words": b"these are words\n",
        "cut.json": (SEEDS / "payoff.json").read_bytes()[:700],
        "other.json": b'{"a": 1}',
        "cut.pstats": (SEEDS / "cprofile.pstats").read_bytes()[:300],
        "deep.json": b"[" * 1_000_000,
    }
    for name, data in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        error, _ = refusal(path)
        assert name in error
    assert "No such file" in refusal(tmp_path / "missing")[0]
    assert "folder" in refusal(tmp_path)[0]
    seed = SEEDS / "payoff.json"
    assert "--from 'gprof'" in refusal(seed, "--from", "gprof")[0]
    assert "--export 'svg'" in refusal(seed, "--export", "svg")[0]
    assert "--json and --export" in refusal(seed, "--json", "--export", "collapsed")[0]
    done = run(seed, "-o", tmp_path / "no" / "such")
    assert done.returncode == 1 and b"cannot be written" in done.stderr


def test_names_that_are_no_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\x1b[31m.txt"
    Path(os.fsdecode(path)).write_bytes(b"main (\xff\xfe.py:3);\x1b[2Jf (a.py:1) 40\n")
    text = answer(os.fsdecode(path))
    assert "\x1b" not in text and "\ufffd" in text
    assert "\x1b" not in answer(os.fsdecode(path), "--json")
    error, _ = refusal(os.fsdecode(path), "--from", "perf")
    assert "\x1b" not in error


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


@pytest.mark.parametrize("kind", ["zeros", "stacks", "numbers"])
def test_memory_has_an_end(tmp_path, kind):
    """Far more than is read, the most distinct stacks, the most values: refused within 3 GB."""
    path = tmp_path / kind
    if kind == "zeros":
        with path.open("wb") as file:
            file.truncate(1 << 30)
    elif kind == "stacks":
        path.write_text("".join(f"a{i};b{i} 1\n" for i in range(700_000)))
    else:
        path.write_text('{"payoff_profile":1,"strings":[' + "0," * 20_000_000 + "0]}")
    refusal(path, preexec_fn=limited)
