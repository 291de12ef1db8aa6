# tests/python/test_fit.py: payoff.fit: numbers from any sequence, checked arguments, every form
import array
import html.parser
import json
import math
import random

import numpy as np
import pandas as pd
import payoff
import payoff.laws as laws
import pytest

TRUE = laws.Law(serial=0.05, parallel=0.95, per_worker=0.001)

# SGI Origin 2000, rays a second by processors (Gunther, Guerrilla Capacity Planning, 2007).
RAYS_N = [1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64]
RAYS_X = [20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310]

MEASURED_N = [1, 2, 4, 8, 16] * 3


def noisy(law, levels, sd=0.02, seed=1):
    chance = random.Random(seed)
    return [law.at(n) * (1 + chance.gauss(0, sd)) for n in levels]


@pytest.fixture(scope="module")
def answer():
    return payoff.fit(MEASURED_N, time=noisy(TRUE, MEASURED_N))


def near(a, b, digits=5):
    return math.isclose(a, b, rel_tol=0.5 * 10 ** (1 - digits))


# ------------------------------------------------------------------------------- the fit


def test_a_published_curve_to_five_digits():
    """tests/data: weighted non-negative least squares, recomputed elsewhere with scipy."""
    law = payoff.fit(RAYS_N, throughput=RAYS_X, model="usl").law
    assert near(law.serial, 0.0026124751) and near(law.parallel, 0.043809361)
    assert near(law.per_worker, 1.3842822e-07)
    assert near(law.sigma, law.serial / law.at(1), 12) and near(law.gamma, 1 / law.at(1), 12)


def test_the_truth_is_found_again(answer):
    exact = payoff.fit(MEASURED_N, time=[TRUE.at(n) for n in MEASURED_N], model="usl")
    for name in "serial", "parallel", "per_worker":
        assert near(getattr(exact.law, name), getattr(TRUE, name), 6)
        estimate = getattr(answer, name)
        assert estimate.low <= getattr(TRUE, name) <= estimate.high, name
    assert answer.model in ("usl", "overhead")
    assert answer.degrees_of_freedom >= 11
    assert 0.01 < answer.relative_sd < 0.04
    assert answer.lack_of_fit > 0.001
    assert answer.largest_measured == 16


SAME = {
    "tuples": (tuple, tuple),
    "floats": (lambda v: [float(x) for x in v], list),
    "arrays": (np.array, np.array),
    "arrays of half the size": (lambda v: np.array(v, dtype=np.int8), lambda v: np.array(v)),
    "numpy numbers": (lambda v: [np.int64(x) for x in v], lambda v: [np.float64(x) for x in v]),
    "series": (pd.Series, pd.Series),
    "series with an index": (lambda v: pd.Series(v, index=range(50, 50 + len(v))), pd.Series),
    "array.array": (lambda v: array.array("i", v), lambda v: array.array("d", v)),
    "iterators": (iter, iter),
}


@pytest.mark.parametrize("kind", SAME)
def test_any_sequence_of_numbers_will_do(kind, answer):
    n, time = SAME[kind]
    same = payoff.fit(n(MEASURED_N), time(noisy(TRUE, MEASURED_N)))
    assert same.law.serial == answer.law.serial and same.law.parallel == answer.law.parallel
    assert same.serial.high == answer.serial.high  # the intervals do not depend on chance


def test_a_throughput_is_an_inverse_time(answer):
    same = payoff.fit(MEASURED_N, throughput=[1 / t for t in noisy(TRUE, MEASURED_N)])
    assert near(same.law.serial, answer.law.serial, 9)
    assert near(same.law.parallel, answer.law.parallel, 9)


def test_rounds_pair_the_speedups():
    """The machine slows down from round to round; within one the ratio stays."""
    n, time, rounds = [], [], []
    for i in range(6):
        for workers in 1, 2, 4, 8:
            n.append(workers)
            time.append(TRUE.at(workers) * (1 + 0.3 * i))
            rounds.append(i + 1)
    paired = payoff.fit(n, time, round=rounds).levels[-1]
    loose = payoff.fit(n, time).levels[-1]
    assert near(paired.speedup, TRUE.at(1) / TRUE.at(8), 9)
    assert paired.speedup_high - paired.speedup_low < 1e-9
    assert loose.speedup_high - loose.speedup_low > 0.1


def test_levels_are_what_was_measured():
    levels = payoff.fit([2, 1, 4, 1], time=[6.0, 10.0, 3.5, 12.0], cpu=[11, 10, 13, 12]).levels
    assert [(level.workers, level.runs) for level in levels] == [(1, 2), (2, 1), (4, 1)]
    assert (levels[0].median, levels[0].fastest) == (11.0, 10.0)
    assert near(levels[2].speedup, 11 / 3.5, 9) and near(levels[2].efficiency, 11 / 14, 9)
    assert levels[2].core_seconds == 13
    assert payoff.fit([1, 2, 4], time=[9, 5, 3]).levels[0].core_seconds is None


def test_a_quota_is_no_serial_part():
    """Flat from 4 on because there are 4 cores: with the machine known, nothing is serial."""
    n = [1, 2, 3, 4, 6, 8, 12, 16]
    time = [10 / min(k, 4) for k in n]
    assert payoff.fit(n, time).law.sigma > 0.02
    assert payoff.fit(n, time, quota=4).law.sigma < 1e-6


def test_placements_may_not_be_mixed():
    n = [1, 2, 4, 8, 1, 2, 4, 8]
    time = [10, 5.2, 2.8, 1.6, 10, 8, 7, 6.5]
    mixed = payoff.fit(n, time, placement=["one node"] * 4 + ["two nodes"] * 4)
    assert "mixed-placement" in [finding.code for finding in mixed.findings]


def test_a_coefficient_on_its_bound_says_so():
    n = [1, 2, 4, 8, 16, 32] * 2
    flat = payoff.fit(n, noisy(laws.Law(serial=1, parallel=20), n), model="usl").per_worker
    if not flat.on_bound:  # by chance it may lie just above 0
        assert flat.low <= 0.001
    exact = payoff.fit(n, time=[20 / k for k in n], model="amdahl").serial
    assert exact.on_bound and exact.value == 0 and exact.high >= 0


def test_too_few_points_are_told_with_a_remedy():
    few = payoff.fit([1, 2], time=[10, 6])
    codes = {finding.code: finding for finding in few.findings}
    assert "too-few-points" in codes
    assert codes["too-few-points"].text and codes["too-few-points"].remedy


def test_the_losers_are_shown(answer):
    models = [candidate.model for candidate in answer.candidates]
    assert models[0] == answer.model and len(models) == len(set(models)) >= 3
    assert answer.candidates[0].law.serial == answer.law.serial
    assert all(candidate.relative_sd > 0 for candidate in answer.candidates)
    for model in "linear", "amdahl", "startup", "usl", "overhead":
        assert payoff.fit(MEASURED_N, noisy(TRUE, MEASURED_N), model=model).model == model


def test_estimates_are_the_named_ones(answer):
    names = "serial startup parallel per_worker sigma kappa gamma limit fastest knee".split()
    assert list(answer.estimates) == names
    for name, estimate in answer.estimates.items():
        assert repr(getattr(answer, name)) == repr(estimate)
        assert estimate.low <= estimate.value <= estimate.high or estimate.on_bound, name
    assert answer.limit.low <= laws.speedup_limit(TRUE) <= answer.limit.high
    assert answer.fastest.low <= laws.fastest(TRUE) <= answer.fastest.high


def test_predictions_know_how_far_they_reach(answer):
    inside, near_by, far = answer.predict(8), answer.predict(32), answer.predict(100)
    assert near(inside.time, answer.law.at(8), 9) and not inside.bound
    assert inside.low <= TRUE.at(8) <= inside.high
    assert not near_by.bound and near_by.low <= TRUE.at(32) <= near_by.high
    assert near_by.high / near_by.low > 1.35  # what extrapolating has cost elsewhere
    assert inside.high / inside.low < 1.2
    assert far.bound and far.speedup_high >= TRUE.at(1) / TRUE.at(100)
    for forecast in inside, near_by:
        assert forecast.speedup_low <= forecast.speedup <= forecast.speedup_high
    for n in 0, -1, math.nan, math.inf:
        with pytest.raises(ValueError, match="n="):
            answer.predict(n)


def test_the_interval_of_anything(answer):
    knee = answer.interval_of(laws.eager_knee)
    assert near(knee.value, answer.knee.value, 12)
    assert answer.knee.low <= knee.low < knee.high <= answer.knee.high  # other models have a say
    at_8 = answer.interval_of(lambda law: law.at(8))
    assert at_8.low <= at_8.value <= at_8.high and near(at_8.value, answer.law.at(8), 12)
    with pytest.raises(ZeroDivisionError):
        answer.interval_of(lambda law: 1 / 0)


def test_choices_with_and_without_money(answer):
    plain = answer.choose()
    assert plain.cheapest.workers == 1 and plain.best is None
    assert plain.fastest.workers <= plain.searched == 32
    assert plain.fastest.time <= min(answer.law.at(n) for n in range(1, 33)) + 1e-12
    assert near(plain.cheapest.cost, answer.law.at(1), 9)  # core-seconds
    price = laws.Price(per_core_hour=0.0446, hour_value=50, currency="EUR", date="2026-10-05")
    priced = answer.choose(price)
    assert near(priced.cheapest.cost, 0.0446 * answer.law.at(1) / 3600, 9)
    assert priced.cheapest.workers == 1 < priced.best.workers <= priced.fastest.workers
    assert priced.fastest.hour_value is None or priced.fastest.hour_value >= 0
    assert price.cost(2, 3600) == 2 * 0.0446
    by_minute = laws.Price(per_core_hour=60, minimum=120, granularity=60)
    assert [by_minute.cost(1, t) for t in (1, 121, 300)] == [2, 3, 5]


def test_reach_carries_the_uncertainty_of_a_fit(answer):
    done = laws.reach(100, 12.5, answer)  # 8 times faster, of 9 at most
    assert done.workers_low <= done.workers <= done.workers_high
    assert done.workers_low < done.workers_high


# ------------------------------------------------------------------------------- bad input


class NoList:
    def tolist(self):
        return 3


GOOD = [1, 2, 4], [10.0, 6.0, 4.0]


@pytest.mark.parametrize(
    ("arguments", "keywords", "kind", "words"),
    [
        (([1, 2],), {}, TypeError, "one of time= (seconds) and throughput="),
        (GOOD, {"throughput": [1, 2, 3]}, TypeError, "one of time="),
        ((4, [1.0]), {}, TypeError, "n=4 is not a sequence"),
        ((np.array(4), [1.0]), {}, TypeError, "is not a sequence"),
        ((NoList(), [1.0]), {}, TypeError, "is not a sequence"),
        (("12", [1.0, 2.0]), {}, TypeError, "n='12' is a text"),
        (([1, "two"], [1.0, 2.0]), {}, TypeError, "n[1]='two' is not a number"),
        (([1, 2], [1.0, None]), {}, TypeError, "time[1]=None is not a number"),
        (([1, 2], [[1.0], [2.0]]), {}, TypeError, "time[0]=[1.0] is not a number"),
        (([1, 2, 4], [1.0, 2.0]), {}, ValueError, "n has 3 entries and time has 2"),
        (GOOD, {"cpu": [1]}, ValueError, "cpu has 1"),
        (GOOD, {"round": [1, 2, 2.5]}, TypeError, "round[2]=2.5 is not a whole number"),
        (GOOD, {"placement": "node"}, TypeError, "placement='node' is a text"),
        (GOOD, {"model": "best"}, ValueError, "use one of linear, amdahl, startup, usl, overhead"),
        (GOOD, {"cores": 0}, ValueError, "cores=0 must be above 0"),
        (GOOD, {"quota": "two"}, TypeError, "quota='two' is not a number of CPUs"),
        (([], []), {}, ValueError, ""),
        (([4, 4, 4], [1.0, 2.0, 3.0]), {}, ValueError, ""),
        (([1, 2, 4], [1.0, math.nan, 3.0]), {}, ValueError, ""),
        (([1, 2, 4], [1.0, 0.0, 3.0]), {}, ValueError, ""),
        (([1, 2, 4], [1.0, -1.0, 3.0]), {}, ValueError, ""),
        (([1, 2, 4], [1.0, math.inf, 3.0]), {}, ValueError, ""),
        (([0, 2, 4], [1.0, 2.0, 3.0]), {}, ValueError, ""),
    ],
)
def test_bad_input_is_one_sentence_and_a_remedy(arguments, keywords, kind, words):
    with pytest.raises(kind) as caught:
        payoff.fit(*arguments, **keywords)
    message = str(caught.value)
    assert words in message and len(message) > 20 and "\n" not in message
    assert type(caught.value) is kind


def test_a_throughput_of_nothing_is_named():
    with pytest.raises(ValueError, match=r"throughput\[1\]=0.0 must be above 0"):
        payoff.fit([1, 2], throughput=[3, 0])


# ------------------------------------------------------------------------------- renderings


class Tags(html.parser.HTMLParser):
    void = frozenset("br hr img meta col input path rect line circle polyline polygon use".split())

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data


def test_text_begins_with_the_answer(answer):
    text = str(answer)
    assert text == repr(answer) == answer.text() and not text.endswith("\n")
    assert "worker" in text.splitlines()[0]
    assert max(map(len, text.splitlines())) <= 100
    priced = answer.text(laws.Price(per_core_hour=0.0446, currency="EUR", date="2026-10-05"))
    assert "EUR" in priced and "2026-10-05" in priced and "EUR" not in text


def no_constants(name):
    raise AssertionError(f"{name} is not JSON")


def test_json_says_what_the_attributes_say(answer):
    data = json.loads(answer.to_json(), parse_constant=no_constants)
    assert data["schema"] == 1
    coefficients = data["coefficients"]
    for letter, value in zip("supc", (answer.law.s, answer.law.u, answer.law.p, answer.law.c)):
        assert coefficients[letter] is None or near(coefficients[letter], value, 9)
    assert {"law", "intervals", "findings", "predictions"} <= set(data)
    assert [f["code"] for f in data["findings"]] == [f.code for f in answer.findings]


def test_the_other_forms(answer):
    rows = answer.to_csv().splitlines()
    assert "," in rows[0] and len(rows) > 5
    assert "<svg" in answer.svg() and answer.svg().rstrip().endswith("</svg>")
    assert answer.to_html().lower().startswith("<!doctype html>")


def test_a_notebook_gets_a_part_of_a_page(answer):
    page = answer._repr_html_()
    tags = Tags(page)
    assert {"svg", "pre"} <= tags.seen
    assert tags.seen.isdisjoint({"script", "html", "body", "head", "link", "img"})
    assert str(answer).splitlines()[0] in tags.text
