# tests/python/test_forked_by_an_item.py: a child that an item forks, and that comes back to the map
import os
import sys
import time

import payoff
import pytest

ME = os.getpid()
FORK = {"backend": "fork", "workers": 3}


def leave():
    sys.exit(5)


def fail():
    raise KeyError("in the child")


def go_on():
    pass


def mapped(f, items, **how):
    """payoff.map; a child that leaves it ends here, by a code that tells how."""
    try:
        results = payoff.map(f, items, **how)
    except BaseException as error:
        if os.getpid() != ME:
            os._exit({SystemExit: 5, KeyError: 6, RuntimeError: 7}.get(type(error), 99))
        raise
    if os.getpid() != ME:
        os._exit(8 if results == [*items] else 98)
    return results


def forks_once(tmp_path, where, do):
    """A function one of whose items forks, in the caller or in a worker; its result is how the
    child ended."""

    def f(x):
        time.sleep(0.005)
        if (os.getpid() == ME) != (where == "caller"):
            return x
        try:
            (tmp_path / "forked").touch(exist_ok=False)
        except FileExistsError:
            return x
        pid = os.fork()
        if pid == 0:
            do()
            return x
        return -os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return f


@pytest.mark.parametrize(("do", "code"), [(leave, 5), (fail, 6), (go_on, 7)])
def test_in_the_caller_it_is_the_child_s_end_alone(do, code, tmp_path):
    results = mapped(forks_once(tmp_path, "caller", do), range(60), **FORK)
    assert sorted({*results} - {*range(60)}) == [-code] and len(results) == 60
    assert [r for r in results if r >= 0] == [x for x, r in enumerate(results) if r >= 0]


@pytest.mark.parametrize("on_error", ["raise", "return"])
@pytest.mark.parametrize(
    ("do", "code", "says"), [(leave, 5, ""), (fail, 1, "KeyError"), (go_on, 1, "forked by an item")]
)
def test_in_a_worker_it_ends_as_a_program_does(do, code, says, on_error, tmp_path, capfd):
    f = forks_once(tmp_path, "worker", do)
    results = mapped(f, range(60), on_error=on_error, **FORK)
    assert sorted({*results} - {*range(60)}) == [-code]
    said = capfd.readouterr().err
    assert says in said and (says != "" or said == "")


def test_without_workers_it_goes_on_as_in_the_plain_loop(tmp_path):
    """It does the rest of the items for itself, and starts no workers of its own."""
    results = mapped(forks_once(tmp_path, "caller", go_on), range(40), workers=1)
    assert results == [-8, *range(1, 40)]


def test_its_own_maps_are_its_own(tmp_path):
    def maps():
        os._exit(9 if payoff.map(str, range(50), **FORK) == [*map(str, range(50))] else 97)

    results = mapped(forks_once(tmp_path, "caller", maps), range(60), **FORK)
    assert -9 in results
