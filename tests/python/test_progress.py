# tests/python/test_progress.py: progress=True: right counts for every way to run, and the plan
import io
import os
import re
import subprocess
import sys
import threading
import time

import payoff
import pytest
import tqdm.auto
from helpers import FORK, INLINE, leave_some

THREADS = {"backend": "threads", "workers": 2}
WAYS = [{"workers": 2}, INLINE, FORK, THREADS]
NAMES = ["auto", "inline", "fork", "threads"]


@pytest.fixture
def shown(capsys):
    """shown(): all lines that a bar has written, once the map is over."""
    return lambda: [line.strip() for line in re.split(r"[\r\n]+", capsys.readouterr().err) if line]


def counts(lines):
    return [int(found[1]) for line in lines if (found := re.search(r"(\d+)/\d+ \[", line))]


def slow(x):
    time.sleep(0.004)
    return x


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_counts_rise_to_the_number_of_items(way, shown):
    assert payoff.map(slow, range(120), progress=True, **way) == list(range(120))
    seen = counts(shown())
    assert seen[0] == 0 and seen[-1] == 120
    assert seen == sorted(seen)
    assert len([n for n in seen if 0 < n < 120]) >= 1  # not only at its end


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_the_last_line_has_the_plan_of_the_receipt(way, shown):
    receipt = payoff.run(slow, range(100), progress=True, **way).receipt
    last = shown()[-1]
    if receipt.workers == 1:
        assert "inline" in last
    else:
        assert f"{receipt.backend} ×{receipt.workers} · {receipt.speedup:.2g}×" in last


def test_while_it_runs_it_tells_who_runs_it(shown):
    payoff.map(slow, range(200), progress=True, **FORK)
    assert any(re.search(r"fork ×2 · [\d.]+×", line) for line in shown()[:-1])


def test_it_is_moved_ten_times_a_second_at_most(shown):
    began = time.monotonic()
    payoff.map(lambda x: x * x, range(600_000), progress=True, **INLINE)
    took = time.monotonic() - began
    assert len(shown()) <= 10 * took + 4


@pytest.mark.parametrize("way", [INLINE, FORK, THREADS], ids=NAMES[1:])
def test_a_failing_loop_leaves_the_bar_where_it_was(way, shown):
    def f(x):
        if x == 37:
            raise ValueError(x)
        leave_some()
        return x

    with pytest.raises(ValueError):
        payoff.map(f, range(400), progress=True, **way)
    last = counts(shown())[-1]
    if way is INLINE:
        assert last == 37
    assert 0 < last < 400


def test_no_items(shown):
    assert payoff.map(slow, [], progress=True) == []
    assert "0it" in shown()[-1]


def test_a_display_that_breaks_does_not_break_the_loop(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError("nobody reads")

    monkeypatch.setattr(sys, "stderr", Gone())
    assert payoff.map(slow, range(60), progress=True, **INLINE) == list(range(60))
    monkeypatch.setattr(sys, "stderr", None)
    assert payoff.map(slow, range(60), progress=True, **INLINE) == list(range(60))


def test_a_stream_of_plain_letters(monkeypatch):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    payoff.map(slow, range(100), progress=True, **FORK)
    stream.flush()
    assert re.search(rb"fork x2, [\d.]+x", raw.getvalue())


def test_the_users_own_bars_stay_theirs(shown, monkeypatch):
    monkeypatch.setattr(tqdm.auto.tqdm, "monitor_interval", 0)  # its thread would stay
    with tqdm.auto.tqdm(total=3) as theirs:
        for _ in range(3):
            payoff.map(slow, range(10), progress=True, **INLINE)
            theirs.update()
    assert theirs.n == 3


def test_neither_true_nor_false():
    with pytest.raises(TypeError, match="progress='yes' is neither True nor False"):
        payoff.map(abs, [1], progress="yes")


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_without_tqdm_the_error_says_what_to_install():
    done = run(
        "import sys; sys.modules['tqdm'] = None; import payoff\n"
        "print(payoff.map(abs, [-1]))\n"
        "payoff.map(abs, [-1], progress=True)"
    )
    assert done.stdout == "[1]\n"
    assert "ImportError: progress=True" in done.stderr and "pip install tqdm" in done.stderr


def test_tqdm_is_imported_only_when_asked_for_and_starts_nothing():
    done = run(
        "import sys, threading, os, payoff\n"
        "f = lambda x: sum(range(2000))\n"
        "payoff.map(f, range(4000)); payoff.map(f, range(50), backend='fork', workers=2)\n"
        "assert 'tqdm' not in sys.modules and 'payoff._progress' not in sys.modules\n"
        "r = payoff.run(f, range(4000), backend='fork', workers=2, progress=True).receipt\n"
        "assert r.workers == 2, r.reason\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "children = f'/proc/self/task/{os.getpid()}/children'\n"
        "print(open(children).read() if os.path.exists(children) else '')\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_ctrl_c_while_the_bar_is_drawn(monkeypatch):
    """What a signal's handler raises in there is no fault of the display."""

    class Struck(io.StringIO):
        writes = 0

        def write(self, text):
            self.writes += 1
            if self.writes > 6:
                raise KeyboardInterrupt
            return len(text)

    lock = tqdm.auto.tqdm.get_lock()
    monkeypatch.setattr(sys, "stderr", Struck())
    with pytest.raises(KeyboardInterrupt):
        payoff.map(slow, range(2000), progress=True, **INLINE)

    def take():
        with lock:
            pass

    other = threading.Thread(target=take, daemon=True)
    other.start()
    other.join(10)
    assert not other.is_alive(), "tqdm's lock was left behind"
