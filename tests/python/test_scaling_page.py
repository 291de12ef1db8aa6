# tests/python/test_scaling_page.py: what docs/scaling.md shows is what the commands print
"""Each `console` block is run again, in the root of the repository, and compared letter by letter.

After a change that is meant: PAYOFF_UPDATE_DOCS=1, and read the difference. What a measurement
printed is left as it came; its command is run in small.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import payoff
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scaling.md"
TEXT = PAGE.read_text()
BLOCK = re.compile(r"^```console\n\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)```$", re.MULTILINE)
CODES = """cold-start n-ignored ceiling retrograde bimodal mixed-placement superlinear on-bound
    too-few-points""".split()

BLOCKS = [(match["command"], match["output"]) for match in BLOCK.finditer(TEXT)]
REPEATABLE = [block for block in BLOCKS if not block[0].startswith("payoff scale")]
MEASURED = [block for block in BLOCKS if block[0].startswith("payoff scale")]


@pytest.fixture
def shell(tmp_path):
    """shell(command, cwd): its standard output, with `payoff` as this Python has it."""
    own = tmp_path / "bin"
    own.mkdir()
    main = "import sys; from payoff._cli import main; sys.exit(main())"
    (own / "payoff").write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{main}" "$@"\n')
    (own / "payoff").chmod(0o755)
    environment = dict(os.environ, PATH=f"{own}:{os.environ['PATH']}", LC_ALL="C.UTF-8")

    def run(command, cwd=ROOT):
        # head leaves before all is written; here that would be an error of the pipe.
        command = re.sub(r"\| head -(\d+)$", r"| sed -n 1,\1p", command)
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            capture_output=True,
            text=True,
            timeout=50,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
        )

    return run


def test_the_page_has_its_five_commands():
    shown = [command.split()[:2] for command, _ in BLOCKS]
    assert len(shown) >= 5
    assert {name for _, name in shown} == {"scale", "fit", "target"}
    assert TEXT.count("```console") == len(BLOCKS), "a block has another form"


def test_the_page_is_short():
    prose = BLOCK.sub("", TEXT).splitlines()
    assert 40 <= len(prose) <= 140
    assert max(len(line) for line in prose if not line.startswith("|")) <= 100


@pytest.mark.parametrize(("command", "output"), REPEATABLE, ids=[c for c, _ in REPEATABLE])
def test_a_command_prints_what_is_shown(command, output, shell):
    done = shell(command)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if os.environ.get("PAYOFF_UPDATE_DOCS"):
        old, new = (f"$ {command}\n{text}" for text in (output, done.stdout))
        PAGE.write_text(PAGE.read_text().replace(old, new))
        return
    assert done.stdout == output


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("xz") is None, reason="xz is not installed")
def test_the_measurement_runs(shell, tmp_path):
    """The very command, in small: one round, a file of 2 MB."""
    (command, output), *others = MEASURED
    assert not others
    assert re.match(r"\d+ workers?: \d+\.\d+× faster \(.*\), \d+\.\d+× the cost; ", output)
    assert "xz -1 -T{n} -kc big.tar: " in output
    (tmp_path / "big.tar").write_bytes(os.urandom(2_000_000))
    small = "payoff scale --workers 1,2 --rounds 1 --force -o runs.json"
    done = shell(command.replace("payoff scale", small), tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"  xz -1 -T\{n\} -kc big.tar: \d+ runs at 2 numbers", done.stdout)
    runs = json.loads((tmp_path / "runs.json").read_text())
    assert {run["n"] for run in runs["runs"]} == {1, 2}


def test_the_python_blocks_run(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(compile(block, "docs/scaling.md", "exec"), names)
    assert isinstance(names["answer"], payoff.Fit)
    assert str(names["answer"]) in capsys.readouterr().out


def test_every_finding_is_explained():
    table = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert [code for code, _, _ in table] == CODES
    assert all(len(meaning) > 40 and len(remedy) > 20 for _, meaning, remedy in table)
    header = (ROOT / "include" / "payoff" / "laws.hpp").read_text()
    assert all(code in header for code in CODES)


def test_the_paths_named_exist():
    paths = re.findall(r"`((?:tests|docs|include|src)/[\w./-]*)`", TEXT)
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", TEXT)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
