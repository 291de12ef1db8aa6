# tests/python/test_profile_page.py: what docs/profile.md says is what the tool does
"""The run that the page shows is copied from a real one, whose times cannot be had again: its
command is run once more here, and must print the same kinds of lines."""

import contextlib
import io
import os
import re
import shlex
import subprocess
from pathlib import Path

import payoff
from side_by_side import PAYOFF, profiled

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "profile.md"
TEXT = PAGE.read_text()
BLOCK = re.compile(r"^```console\n\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)```$", re.MULTILINE)


def section(title):
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(title):
    return re.findall(r"^\| `([^`]+)`", section(title), re.MULTILINE)


def test_the_page_is_short():
    prose = BLOCK.sub("", TEXT).splitlines()
    assert len(prose) <= 170
    assert max(len(line) for line in prose if not line.startswith("|")) <= 100


def test_every_state_is_explained(tmp_path):
    done = profiled(tmp_path, ["-c", "pass"])
    assert first_column("What it says") == done.profile["states"]


def test_every_option_is_named():
    environment = dict(os.environ, COLUMNS="200")
    words = [*PAYOFF, "profile", "--help"]
    told = subprocess.run(words, capture_output=True, text=True, env=environment).stdout
    options = set(re.findall(r"--[a-z]+", told)) - {"--help", "--output"}
    assert len(options) >= 5
    assert options <= set(re.findall(r"--[a-z]+", section("How to use it")))


def test_the_run_shown_is_of_the_kind_that_is_printed(tmp_path):
    ((command, shown),) = [match.group("command", "output") for match in BLOCK.finditer(TEXT)]
    assert command.split()[:2] == ["payoff", "profile"]
    done = subprocess.run(
        [*PAYOFF, *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=50,
        stdin=subprocess.DEVNULL,
        env=dict(os.environ, LC_ALL="C.UTF-8"),
    )
    assert done.returncode == 0, done.stderr
    for told in (shown, done.stderr):
        assert told.startswith("The program spent "), told
        for kind in (
            r"^  · sleep +\d+ % +0\.\d+ s  sleeps, as it was told to$",
            r"^ +self +incl\. +mostly +line",
            r"^ +thread +0 s",
            r"^  MainThread +[^ ]",
            r"^  \d+ samples at \d+ a second(?: \(100 were asked for\))?, \d+ dropped",
        ):
            assert re.search(kind, told, re.MULTILINE), (kind, told)


def test_the_python_block_runs():
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    out, names = io.StringIO(), {}
    with contextlib.redirect_stdout(out):
        exec(compile(block, "docs/profile.md", "exec"), names)
    assert isinstance(names["p"], payoff.profile)
    assert out.getvalue() == f"{names['p']}\n"
    for method in re.findall(r"p\.(\w+)\(", block):
        assert callable(getattr(names["p"], method))


def test_the_paths_named_exist():
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", TEXT)
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_nothing_is_left_to_fill_in():
    assert not re.search(r"@[A-Z]+@", TEXT)
