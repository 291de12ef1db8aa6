# tests/python/test_words.py: payoff's own errors say what happened, where, and what to do
import tracemalloc

import payoff
import pytest
from payoff import _words as words


class Unshowable(Exception):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


def told(results, error):
    return words.unsendable(results, 7, error)[1]


# The error; what happened, where, what to do.
ERRORS = {
    "killed": (
        words.death(4, 9, None, [(4, 5)], item="'x'", peak_memory=50 << 20),
        ["was ended by SIGKILL", "item 4 ('x')", "50 MB", "Item 4 may have run", "retries=1"],
    ),
    "killed for memory": (
        words.death(4, 9, None, [(4, 6)], item="'x'", out_of_memory=True),
        ["probably out of memory", "2 items", "4-5", "fewer workers (workers=)"],
    ),
    "killed again and again": (
        words.death(4, 11, None, [(4, 5)], item="'x'", retries=2),
        ["SIGSEGV", "item 4", "retries=2 did not help", "mend it there first"],
    ),
    "ended between two items": (
        words.death(None, None, 3, [(4, 9), (12, 13)]),
        ["exited with code 3", "between two items", "6 items", "4-8, 12", "If memory ran out"],
    ),
    "ended at its start": (
        words.death(None, None, 7, []),
        ["exited with code 7", "at its start", "register_at_fork", 'backend="inline"'],
    ),
    "a signal without a name": (words.death(1, 47, None, [(1, 2)]), ["signal 47", "item 1"]),
    "its status was taken": (words.death(None, None, None, [(1, 2)]), ["another wait()"]),
    "its last words": (
        words.death(1, 11, None, [(1, 2)], last_words=b"Fatal \xff\n"),
        ["The worker's last words:\nFatal"],
    ),
    "too long": (
        words.took_too_long(3, "'y'", 0.5),
        ["longer than timeout=0.5 s", "item 3 ('y')", "its worker was ended", "Allow more time"],
    ),
    "overdue": (
        words.overdue(2), ["deadline=2 s", "`partial`", "allow more time, or map fewer items"]
    ),
    "a result": (
        told([1, lambda: 0], TypeError()),
        ["the result of item 8, a function", "worker to the caller", "Return something that"],
    ),
    "some result": (
        told([1, 2], Unshowable()),
        ["items 7 to 8", "Unshowable: which cannot be shown", 'backend="inline"'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_happened_where_and_what_to_do(name):
    error, parts = ERRORS[name]
    assert isinstance(error, payoff.Error)
    for part in parts:
        assert part in str(error), str(error)
    assert "  " not in str(error) and "..." not in str(error)


def test_a_retry_is_not_advised_to_who_has_had_it():
    assert "retries=1" not in str(words.death(4, 9, None, [(4, 5)], retries=2))


def test_deaths_that_cost_no_item():
    assert words.idle_deaths([(9, None)]).startswith("a worker died (SIGKILL) at the start or")
    several = words.idle_deaths([(None, 3), (9, None), (None, 3), (None, None)])
    assert several.startswith("4 workers died (SIGKILL, exit code 3, unknown status) at the")
    assert words.idle_deaths([], 2, 30) == (
        "2 workers had not begun an item after 30 s and had to be ended; the loop went on with "
        "those that were left"
    )


def test_workers_that_never_began():
    error = words.death(None, 9, None, [], start_limit=30, starts=9, peak_memory=9 << 20)
    assert str(error).startswith(
        "a worker had not begun its first item after 30 s and was ended, as were others of the 9 "
        "workers of this map; it had at most 9 MB in memory. No item was lost"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5, "5"),
        ("it's", '"it\'s"'),
        ([1, (2, {3: b"x"})], "[1, (2, {3: b'x'})]"),
        (Unshowable(), "<a Unshowable that cannot be shown>"),
    ],
    ids=["int", "text", "nested", "unshowable"],
)
def test_what_is_shown_of_an_item(value, shown):
    assert words.shown(value) == shown


class Whole:
    """Shown never, where only a part is asked for."""

    def __repr__(self):
        raise AssertionError("all of it was shown")


@pytest.mark.parametrize(
    "make",  # later tests fork this process: it does not hold them
    [
        lambda: "x" * 10**7,
        lambda: b"x" * 10**7,
        lambda: bytearray(10**7),
        lambda: [1] * 10**7,
        lambda: range(10**9),
        lambda: [0] * 50 + [Whole()],
    ],
    ids=["text", "bytes", "bytearray", "list", "range", "far away"],
)
def test_of_a_huge_item_a_part_is_shown(make):
    value = make()
    tracemalloc.start()
    try:
        text = words.shown(value)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert len(text) <= 200 and "cannot be shown" not in text


def test_an_exception_in_words():
    assert words.words(KeyError("k")) == "KeyError: 'k'"
    assert words.words(AssertionError()) == "AssertionError"
