# tests/python/test_import.py: what importing payoff costs, and what it must not bring along
import re
import subprocess
import sys

import payoff
import pytest

NEVER = ("numpy", "pandas", "multiprocessing", "asyncio")
MS = 1000  # microseconds

NEW_MODULES = """
import sys
before = set(sys.modules)
import payoff
imported = set(sys.modules)
assert payoff.map(lambda x: x + 1, range(1000)) == list(range(1, 1001))
mapped = set(sys.modules)
assert payoff.run(lambda x: x + 1, [1, 2, 3] * 100, backend="fork", workers=2).receipt.workers == 2
print(*sorted(imported - before))
print(*sorted(mapped - imported))
print(*sorted(set(sys.modules) - mapped))
print(*sorted(before))
"""


@pytest.fixture(scope="module")
def modules():
    """Modules that come with the import, with a map of ints, with a forked one; and came before."""
    done = subprocess.run(
        [sys.executable, "-c", NEW_MODULES], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return [set(line.split()) for line in done.stdout.split("\n")[:4]]


def tops(names):
    return {name.partition(".")[0] for name in names}


def test_the_venv_has_what_must_not_be_imported():
    """Otherwise the tests below could not fail."""
    for name in NEVER:
        __import__(name)


def test_importing_payoff_brings_no_heavy_module(modules):
    imported, _, _, before = modules
    assert "payoff._core" in imported
    assert tops(imported | before).isdisjoint(NEVER)


def test_a_map_of_ints_brings_no_heavy_module(modules):
    _, mapped, forked, _ = modules
    assert tops(mapped | forked).isdisjoint(NEVER)


def test_a_small_map_imports_nothing_at_all(modules):
    """The loop would pay for it, in the middle of its first milliseconds."""
    assert modules[1] == set()


READS = """
import time, payoff
def reads():
    with open("/proc/self/io") as io:
        return int(io.read().split("syscr: ")[1].split()[0])
payoff.map(abs, [1])
time.sleep(1.2)  # the CPU quota is older than a second now
before = reads()
own = reads() - before
payoff.map(abs, [1])
print(reads() - before - 2 * own)
"""


def test_a_small_map_reads_no_file():
    """A quota read takes some 0.2 ms: as long as many a loop."""
    done = subprocess.run([sys.executable, "-c", READS], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["0"], done.stdout + done.stderr


def test_every_name_in_all_is_there():
    for name in payoff.__all__:
        assert getattr(payoff, name) is not None
    assert sorted(payoff.__all__) == list(payoff.__all__)


def import_us(name="payoff"):
    """Microseconds that a fresh process takes to import it with all it needs, bytecode cached."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {name}"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    row = re.search(rf"^import time:\s+\d+ \|\s+(\d+) \| {name}$", done.stderr, re.MULTILINE)
    assert row is not None, done.stderr
    return int(row[1])


def test_importing_payoff_is_quick():
    """The aim is 25 ms; the bound leaves room for a busy machine, and none for numpy."""
    import_us()  # writes the bytecode, fills the page cache
    took = [import_us() for _ in range(5)]
    while min(took) > 60 * MS and len(took) < 20:  # the neighbours may be noisy
        took.append(import_us())
    print(f"import payoff: {min(took) / MS:.1f} ms, best of {len(took)}")
    assert min(took) <= 60 * MS
