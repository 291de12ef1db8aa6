# tests/python/test_laws.py: payoff.laws: the named functions, checked arguments, the package
import ast
import doctest
import math
import sys
from pathlib import Path

import payoff
import payoff.laws as laws
import pytest

STUBS = Path(payoff.__file__).with_name("_core.pyi")
TRUE = laws.Law(serial=0.05, parallel=0.95, per_worker=0.001)


def near(a, b, digits=5):
    return math.isclose(a, b, rel_tol=0.5 * 10 ** (1 - digits))


def test_amdahl_and_gustafson_as_in_1988():
    """Gustafson's three programs on 1024 processors, and what Amdahl's law says of such shares."""
    for share, speedup in (0.002933, 1021), (0.003910, 1020), (0.007820, 1016):
        assert round(laws.gustafson(share, 1024)) == speedup
    assert [round(laws.amdahl(share, 1024), 1) for share in (0.004, 0.008)] == [201.1, 111.5]


def test_usl_is_the_law_read_as_throughput():
    for n in 1, 7, 31.5, 1000:
        x = laws.usl(n, sigma=TRUE.sigma, kappa=TRUE.kappa, gamma=TRUE.gamma)
        assert near(x, 1 / TRUE.at(n), 12)
    assert laws.usl(1, sigma=0.1, kappa=0.01) == 1  # relative, unless gamma is given


def test_karp_flatt_is_the_sum_of_its_parts():
    assert near(laws.karp_flatt(laws.amdahl(0.1, 16), 16), 0.1, 12)
    law = laws.Law(serial=3, startup=2, parallel=7, per_worker=0.1)
    for n in 2, 5, 40:
        parts = laws.karp_flatt(law, n)
        assert near(sum(parts), laws.karp_flatt(law.at(1) / law.at(n), n), 12)
        assert near(parts.serial, law.sigma, 12) and near(parts.per_worker, n * law.kappa, 12)
        assert near(parts.startup, 0.2 * n / (n - 1), 12)


def test_where_the_law_turns():
    n = laws.fastest(TRUE)
    assert near(n, math.sqrt(950), 12)
    assert TRUE.at(n) < min(TRUE.at(n - 1), TRUE.at(n + 1))
    assert near(laws.speedup_limit(TRUE), TRUE.at(1) / TRUE.at(n), 12)
    assert laws.fastest(laws.Law(serial=1, parallel=9)) == math.inf
    assert near(laws.speedup_limit(laws.Law(serial=1, parallel=9)), 10, 12)
    assert laws.speedup_limit(laws.Law(parallel=1)) == math.inf


def test_eager_s_knee():
    assert near(laws.eager_knee(TRUE), 11.41, 4)
    assert near(laws.eager_knee(laws.Law(serial=0.05, parallel=0.95)), 19, 12)  # (1 - f) / f

    def goodness(n):
        return 1 / (n * TRUE.at(n) ** 2)

    knee = laws.eager_knee(TRUE)
    assert goodness(knee) > max(goodness(knee - 0.1), goodness(knee + 0.1))


def test_the_largest_efficient_n():
    for efficiency in 0.5, 0.75, 0.99:
        n = laws.largest_efficient(TRUE, efficiency)
        assert near(TRUE.at(1) / (n * TRUE.at(n)), efficiency, 6)
    assert laws.largest_efficient(TRUE) == laws.largest_efficient(TRUE, 0.5)


def test_isoefficiency_counts_items():
    law = laws.Law(serial=0.1, startup=0.2, parallel=5, per_worker=0.03)
    items = laws.isoefficient_items(law, 0.01, 8, 0.6)
    enough = laws.Law(serial=0.1, startup=0.2, parallel=items * 0.01, per_worker=0.03)
    assert near(enough.at(1) / (8 * enough.at(8)), 0.6, 9)
    assert laws.isoefficient_items(law, 0.01, 8, 1) == math.inf


def test_brent_s_bounds():
    bound = laws.brent(work=100, span=10, n=4)
    assert bound == laws.BrentBound(low=25, high=25 + 10 * 3 / 4)
    assert laws.brent(100, 60, 4).low == 60
    assert laws.brent(100, 60, 1) == (100, 100)


def test_a_law_knows_the_machine():
    law = laws.Law(parallel=12)
    assert law.at(6) == 2
    assert law.at(6, cores=4) == 12 / 4.4
    assert law.at(6, cores=4, smt_yield=0) == 3
    assert law.at(6, quota=1.5) == 8
    assert (TRUE.s, TRUE.u, TRUE.p, TRUE.c) == (0.05, 0, 0.95, 0.001)
    assert repr(TRUE) == "Law(serial=0.05, startup=0.0, parallel=0.95, per_worker=0.001)"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: laws.amdahl(1.5, 4), "serial_share=1.5 must be a share between 0 and 1"),
        (lambda: laws.amdahl(0.5, 0), "n=0 is not a number of workers"),
        (lambda: laws.amdahl(0.5, math.inf), "n=inf"),
        (lambda: laws.gustafson(-0.1, 4), "serial_share=-0.1"),
        (lambda: laws.usl(4, sigma=-1, kappa=0), "sigma=-1 must be 0 or more"),
        (lambda: laws.usl(4, sigma=0, kappa=0, gamma=0), "gamma=0 must be above 0"),
        (lambda: laws.karp_flatt(2, 1), "2 workers or more"),
        (lambda: laws.karp_flatt(0, 4), "speedup=0"),
        (lambda: laws.largest_efficient(TRUE, 0), "efficiency=0 must be above 0"),
        (lambda: laws.largest_efficient(TRUE, 1.1), "efficiency=1.1"),
        (lambda: laws.isoefficient_items(TRUE, 0, 4), "item=0"),
        (lambda: laws.brent(1, 2, 4), "span=2.0 is more than work=1.0"),
        (lambda: laws.brent(math.nan, 0, 4), "work=nan"),
        (lambda: laws.reach(0, 1, TRUE), "now=0"),
        (lambda: laws.reach(1, 1, TRUE, code_gain=-2), "code_gain=-2"),
        (lambda: laws.reach(1, 1, TRUE, cores=0), "cores=0"),
        (lambda: laws.Law(serial=-1, parallel=2), "serial=-1 must be 0 or more"),
        (lambda: laws.Law(parallel=math.nan), "parallel=nan"),
        (lambda: laws.Law(startup=1), "above 0 seconds"),
        (lambda: laws.Price(per_core_hour=-1), "per_core_hour=-1"),
    ],
)
def test_what_is_out_of_range_is_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: laws.amdahl("much", 4), "serial_share='much' is not a number"),
        (lambda: laws.amdahl(0.5, None), "n=None is not a number"),
        (lambda: laws.fastest(0.5), "Law"),
        (lambda: laws.reach(1, 1, 0.05), "Law(serial=0.05, parallel=0.95)"),
        (lambda: laws.Law(0.05), ""),
    ],
)
def test_what_is_no_number_is_a_type_error(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert words in str(caught.value)


def test_reach():
    done = laws.reach(36000, 3600, laws.Law(serial=0.05, parallel=0.95))
    assert done.needed == 10 and near(done.limit, 20, 9)
    assert near(laws.amdahl(0.05, done.workers), 10, 6)
    short = laws.reach(36000, 36, laws.Law(serial=0.05, parallel=0.95), code_gain=10)
    assert short.by_workers == 100 and short.workers is None
    assert near(short.best, 36000 / 10 / 20, 3)
    assert short.serial_share_needed <= 0.01 + 1e-9
    assert near(short.code_gain_needed, 50, 3)


# ------------------------------------------------------------------------------- the package


def test_nothing_heavy_is_imported(script):
    done = script(
        """
        import sys
        import payoff
        assert not {"payoff.laws", "payoff._fit"} & set(sys.modules)
        assert not hasattr(payoff._core, "Fit")
        print(payoff.fit([1, 2, 4, 8], time=[10, 5.4, 3, 2]).law.serial > 0)
        assert payoff.laws.amdahl(0, 8) == 8
        assert type(payoff.fit([1, 2], throughput=[1, 2])) is payoff.Fit is payoff.laws.Fit
        print({"numpy", "pandas", "asyncio"} & set(sys.modules))
        """
    )
    assert done.stderr == ""
    assert done.stdout.split("\n") == ["True", "set()", ""]


def test_the_package_has_no_other_names():
    with pytest.raises(AttributeError, match="module 'payoff' has no attribute 'fits'"):
        payoff.fits  # noqa: B018
    assert {"fit", "Fit", "laws"} <= set(dir(payoff))


def declared():
    """Classes of the stub file with the names they declare."""
    tree = ast.parse(STUBS.read_text())
    return {
        node.name: {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("name", sorted(declared()))
def test_the_stubs_tell_all_and_no_more(name):
    there = {part for part in vars(getattr(payoff._core, name)) if not part.startswith("__")}
    told = {part for part in declared()[name] if part != "__init__"}
    assert there == told


def test_the_stubs_know_every_function():
    tree = ast.parse(STUBS.read_text())
    told = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    there = {part for part in vars(payoff._core) if not part.startswith("_")}
    assert told <= there and {name for name in there - told if name.islower()} == set()


def test_every_public_name_is_explained():
    for name in laws.__all__:
        assert len(getattr(laws, name).__doc__ or "") > 20, name
    for name in "amdahl", "gustafson", "usl", "karp_flatt", "eager_knee", "brent":
        assert "Source: " in getattr(laws, name).__doc__, name
    for word in ("Args:", "Returns:", "Raises:"):
        assert word in payoff.fit.__doc__


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(laws).failed == 0
    assert doctest.testmod(laws).attempted >= 4
    assert doctest.testmod(sys.modules["payoff._fit"]).failed == 0
