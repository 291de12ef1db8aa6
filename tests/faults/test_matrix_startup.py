# tests/faults/test_matrix_startup.py: workers that die at their start, before their first item
import faulthandler
import os
import re
import signal
import sys
import time
from pathlib import Path

import payoff
import pytest
from hazards import DEATHS, WAYS, N, Once, in_worker

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("nothing_is_left")]

ALL_WAYS = {**WAYS, "again": {"backend": "fork", "workers": 3, "retries": 2, "on_error": "return"}}
BY_SIGNAL = [cause for cause in DEATHS if DEATHS[cause][1] and cause != "stack overflow"]
at_start = []
os.register_at_fork(after_in_child=lambda: at_start[0]() if at_start else None)


@pytest.fixture
def when_one_starts():
    """when_one_starts(act): every child that is forked from now on does this first."""
    traced = faulthandler.is_enabled()
    faulthandler.disable()  # what it says of a death before the worker is set up goes to our stderr
    yield at_start.append
    at_start.clear()
    if traced:
        faulthandler.enable()


def slowly(x):
    """The caller takes its time: deaths are seen before the loop is over."""
    if not in_worker():
        time.sleep(0.02)
    return x


def outcome(how, f=slowly, items=range(N)):
    """Results and notes, or the error: whoever is left runs all, where anybody is left."""
    try:
        run = payoff.run(f, items, **how)
    except payoff.WorkerDied as error:
        assert "timeout" in how, "the caller runs items, too, so all of them have run"
        return error
    assert run.results == [*items]
    return " ".join(run.receipt.notes)


def is_dead(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.parametrize("how", ALL_WAYS)
@pytest.mark.parametrize("cause", DEATHS)
def test_one_dies_and_the_others_do_its_share(cause, how, when_one_starts, tmp_path):
    die, number, code = DEATHS[cause]
    first, who = Once(tmp_path), tmp_path / "who"

    def die_if_first():
        if first():
            who.write_text(f"{os.getpid()}.")
            die()

    def f(x):
        until = time.monotonic() + 5
        while x == 0 and time.monotonic() < until:
            if who.exists() and who.read_text().endswith(".") and is_dead(who.read_text()[:-1]):
                break
            time.sleep(0.005)
        time.sleep(0.02)
        return x

    when_one_starts(die_if_first)
    notes = outcome(ALL_WAYS[how], f)
    assert isinstance(notes, str), notes
    told = signal.Signals(number).name if number else f"code {code}"
    assert "a worker" in notes and told in notes and "at the start" in notes


@pytest.mark.parametrize("how", ALL_WAYS)
@pytest.mark.parametrize("cause", DEATHS)
def test_all_of_them_die(cause, how, when_one_starts):
    die, number, code = DEATHS[cause]
    when_one_starts(die)
    told = outcome(ALL_WAYS[how])
    if "timeout" in ALL_WAYS[how]:  # nobody is left
        assert (told.index, told.signal, told.exitcode) == (None, number, code)
        assert told.uncertain == [] and len(told.partial) == 0
        assert re.search(r"at its start, as all \d+ workers of this map did", str(told))
        assert "with timeout= only workers run items" in str(told)
        assert "register_at_fork" in str(told) and "inline" in str(told)
    else:
        assert "at the start" in told


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("how", ALL_WAYS)
def test_what_a_hook_raises_is_no_affair_of_the_loop(how, kind, when_one_starts, monkeypatch):
    """CPython reports it and goes on."""
    monkeypatch.setattr(sys, "unraisablehook", lambda said: None)

    def fail():
        raise kind(3)

    when_one_starts(fail)
    assert "at the start" not in outcome(ALL_WAYS[how])


@pytest.mark.parametrize("how", ALL_WAYS)
@pytest.mark.parametrize("cause", BY_SIGNAL)
def test_killed_by_another_process_before_their_first_item(
    cause, how, when_one_starts, tmp_path, beside
):
    number = DEATHS[cause][1]
    ready, tell = os.pipe()

    def kill_who_is_ready():
        os.close(tell)
        while pid := os.read(ready, 8):
            os.kill(int.from_bytes(pid, "little"), number)

    beside(kill_who_is_ready)
    os.close(ready)
    first = Once(tmp_path)

    def wait_to_be_killed():
        if first():
            os.write(tell, os.getpid().to_bytes(8, "little"))
            time.sleep(20)

    when_one_starts(wait_to_be_killed)
    try:
        notes = outcome(ALL_WAYS[how], lambda x: time.sleep(0.03) or x)
        assert isinstance(notes, str) and signal.Signals(number).name in notes
    finally:
        os.close(tell)


@pytest.mark.parametrize("cause", DEATHS)
def test_workers_that_are_bought_on_the_way_die(cause, when_one_starts):
    """The loop begins alone, and buys workers because they would pay: it goes on alone."""
    when_one_starts(DEATHS[cause][0])

    def f(x):
        until = time.perf_counter() + 0.002
        while time.perf_counter() < until:
            pass
        return x

    run = payoff.run(f, range(100))
    assert run.results == [*range(100)]


class Lazy:
    """A sequence that makes its items, and in a worker may die of it."""

    def __init__(self, act):
        self.act = act

    def __len__(self):
        return N

    def __getitem__(self, i):
        if not 0 <= i < N:
            raise IndexError(i)
        if in_worker():
            self.act()
        return i

    def __eq__(self, other):
        return [*self] == [*other]


@pytest.mark.parametrize("how", ALL_WAYS)
@pytest.mark.parametrize("cause", DEATHS)
def test_death_while_the_first_item_is_fetched(cause, how, tmp_path):
    die, number, code = DEATHS[cause]
    first = Once(tmp_path)
    items = Lazy(lambda: die() if first() else None)
    results = payoff.map(slowly, items, **{"on_error": "return", **ALL_WAYS[how]})
    failed = [r for r in results if type(r) is payoff.Failure]
    assert all(r == i or r in failed for i, r in enumerate(results))
    if how == "again":
        assert not failed
    for index, item, error in failed:
        assert len(failed) == 1 and item == index == error.index
        assert (error.signal, error.exitcode) == (number, code)
