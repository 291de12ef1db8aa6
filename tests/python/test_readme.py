# tests/python/test_readme.py: what the README shows runs, and what it points to is there
import inspect
import os
import re
from pathlib import Path

import payoff
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = {"README.md": README, "HACKING.md": (ROOT / "HACKING.md").read_text()}
SOURCES = sorted(
    path.relative_to(ROOT)
    for folder in ("src", "include", "python", "examples", "benchmarks")
    for pattern in ("*.cpp", "*.hpp", "*.py", "*.pyi")
    for path in (ROOT / folder).rglob(pattern)
)


def targets():
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_readme_is_a_screen_and_a_half():
    assert 30 <= len(README.splitlines()) <= 75


def test_nothing_is_left_to_be_filled_in():
    assert re.findall(r"^\s*[A-Z]{4,}\s*$|TODO|XXX|FIXME", README, re.MULTILINE) == []


def test_the_receipt_shown_has_its_parts():
    """A real one: the head, the buckets, what stays unexplained, at most 2 %."""
    assert re.search(r"\d+ workers: \S+x (faster|slower) than the loop", README)
    assert re.search(r"\d+ workers x [\d.]+ m?s went", README)
    share = re.search(r"unexplained .*?(\d+\.\d+) %", README)
    assert share is not None
    assert float(share[1]) <= 2


def python_blocks(text):
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_python_block_runs(capsys):
    (block,) = python_blocks(README)
    code, count = re.subn(r"range\(500_000\)", "range(300)", block)
    assert count >= 1, "the range of the example has changed: make it small here"
    names = {"simulate": lambda x: x * x}
    exec(compile(code, "README.md", "exec"), names)
    assert names["results"] == [x * x for x in range(300)]
    assert capsys.readouterr().out == f"{payoff.last_receipt()}\n"


def test_the_comment_in_the_block_is_the_plain_form():
    (block,) = python_blocks(README)
    call, plain = re.search(r"payoff\.(map\(.*\))  # (\[.*\])$", block, re.MULTILINE).groups()
    small = {"simulate": lambda x: -x, "range": lambda n: range(20), "map": payoff.map}
    assert eval(call, small) == eval(plain, small)


def test_the_arguments_named_are_those_of_map():
    named = set(re.findall(r"`(\w+)=", README))
    assert {"seed", "retries", "timeout", "deadline", "on_error", "progress"} <= named
    assert named <= set(inspect.signature(payoff.map).parameters)


def test_what_was_finished_is_where_it_is_said_to_be():
    (name,) = re.findall(r"`exc\.(\w+)` what was finished", README)
    with pytest.raises(payoff.WorkerDied) as caught:
        payoff.map(lambda x: os._exit(1) if x == 5 else x, range(9), timeout=30, workers=1)
    assert getattr(caught.value, name) == {x: x for x in range(5)}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_make_targets_named_exist(name):
    named = re.findall(r"(?:^ {4}|`)make ([a-z][a-z-]*)", DOCUMENTS[name], re.MULTILINE)
    assert named, "no target is named"
    assert set(named) <= targets()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_links_lead_to_files(name):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", DOCUMENTS[name])
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert links or name != "README.md"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_paths_named_exist(name):
    """Paths in backticks, from the root, or as tests/ calls its own folders."""
    paths = re.findall(r"`([\w.-]+/[\w./-]*)`", DOCUMENTS[name])
    roots = (ROOT, ROOT / "tests")
    assert [path for path in paths if not any((root / path).exists() for root in roots)] == []


def test_first_lines_name_their_file_and_purpose():
    assert len(SOURCES) > 60, "the folders are not where they were"
    wrong = []
    for path in SOURCES:
        lines = (ROOT / path).read_text().splitlines()
        comment = "//" if path.suffix in (".cpp", ".hpp") else "#"
        if not lines or not re.match(rf"{comment} {re.escape(str(path))}: \S", lines[0]):
            wrong.append(str(path))
    assert wrong == []
