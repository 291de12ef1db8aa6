# tests/chaos/test_chaos.py: what the storm must notice, it notices
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGSEGV, SIGTERM

import plan
import pytest
from attack import Sent
from verdict import judge, within

HERE = Path(__file__).parent
MAP = plan.Map(salt=1, items=10, cost="spin", micros=10.0, result="int", size=16, way="fork")
GOOD = {
    "began": 1.0,
    "ended": 2.0,
    "interrupts": 0,
    "raised_at": "…",
    "length": 10,
    "wrong": [],
    "failures": [],
    "most_runs": 1,
    "run_again": [],
    "not_run": [],
}
DIED = {
    "type": "WorkerDied",
    "index": 3,
    "item": "3",
    "signal": 9,
    "exitcode": None,
    "uncertain": [[2, 4]],
    "message": "a worker was ended by SIGKILL while …",
    "args": "()",
    "runner": 77,
    "traceback": "…",
    "partial": [0, 1],
    "partial_wrong": [],
}
LATE = {**DIED, "type": "ItemTimeout", "seconds": 0.2, "message": "item 3 (3) took longer …"}
KILLED = Sent(1.2, 1.2, 77, False, SIGKILL)


def map_(**changes):
    return replace(MAP, **changes)


def raised(error, **changes):
    report = {k: v for k, v in GOOD.items() if k not in ("length", "wrong", "failures")}
    return {**report, "error": error, **changes}


def returned(failure, **changes):
    return {**GOOD, "failures": [{**failure, "at": failure["index"], "right": True}], **changes}


# ----------------------------------------------------------------------------------------- the plan


def test_a_seed_is_a_round():
    assert plan.make(7) == plan.make(7)
    assert len({plan.make(seed) for seed in range(50)}) == 50


def test_the_plans_have_everything_in_them():
    rounds = [plan.make(seed) for seed in range(400)]
    maps = [m for r in rounds for group in r.groups for m in group]
    assert {m.way for m in maps} == {"fork", "timed", "auto", "threads", "inline"}
    assert {m.cost for m in maps} == set(plan.COSTS)
    assert {m.result for m in maps} == set(plan.RESULTS)
    strikes = [strike for m in maps for strike in m.strikes]
    assert {s.aim for s in strikes} == {"worker", "workers", "caller", "group"}
    assert {s.number for s in strikes} >= {*plan.DEADLY, SIGINT}
    assert any(m.retries and m.bad and m.on_error == "return" for m in maps)
    assert {r.reaper for r in rounds} == {"", "handler", "ignore"}
    assert any(r.leaves for r in rounds) and any(len(g) > 1 for r in rounds for g in r.groups)


def test_a_calm_map_follows_each_storm():
    for seed in range(50):
        groups = plan.make(seed).groups
        for storm, calm in zip(groups[::2], groups[1::2]):
            assert len(calm) == 1 and not calm[0].strikes and len(storm) >= 1


# -------------------------------------------------------------------------------------- the verdict


@pytest.mark.parametrize(
    "m, report, sent",
    [
        (map_(), GOOD, []),
        (map_(), GOOD, [KILLED]),
        (map_(), raised(DIED), [KILLED]),
        (map_(retries=1), raised(DIED), [KILLED, KILLED]),
        (map_(on_error="return"), returned(DIED), [KILLED]),
        (map_(way="timed", timeout=0.2, slow=(3,)), raised(LATE), []),
        (map_(way="timed", timeout=0.2, slow=(3,), on_error="return"), returned(LATE), []),
        (map_(bad=(3,)), raised({**DIED, "type": "ValueError", "args": "(3,)"}), []),
        (map_(deadline=0.5), raised({**DIED, "type": "DeadlineExceeded"}), []),
        (map_(), raised({**DIED, "type": "KeyboardInterrupt"}, interrupts=1), []),
        (map_(retries=2), {**GOOD, "most_runs": 2, "run_again": [4]}, [KILLED]),
    ],
)
def test_what_is_right(m, report, sent):
    assert judge(m, report, sent) == []


def without(told, key):
    return {k: v for k, v in told.items() if k != key}


ANOTHER = replace(KILLED, pid=78, number=SIGSEGV)


@pytest.mark.parametrize(
    "m, report, sent, complaint",
    [
        (map_(), {**GOOD, "length": 9}, [KILLED], "9 results of 10"),
        (map_(), {**GOOD, "wrong": [[4, "None"]]}, [KILLED], "result 4 is wrong"),
        (map_(), {**GOOD, "interrupts": 1}, [], "did not arrive"),
        (map_(), {**GOOD, "not_run": [4]}, [], "never run"),
        (map_(), {**GOOD, "most_runs": 2, "run_again": [4]}, [KILLED], "run up to 2 times"),
        (map_(bad=(3,)), GOOD, [], "item 3 raises"),
        (map_(way="timed", timeout=0.2, slow=(3,)), GOOD, [], "takes too long"),
        (map_(), returned(DIED), [KILLED], "without on_error"),
        # Errors that nothing explains.
        (map_(), raised(DIED), [], "not enough were killed"),
        (map_(retries=1), raised(DIED), [KILLED], "not enough were killed"),
        (map_(), raised(DIED), [replace(KILLED, to_caller=True)], "not enough were killed"),
        (map_(), raised(LATE), [KILLED], "no such limit"),
        (map_(way="timed", timeout=plan.GENEROUS), raised(LATE), [KILLED], "no such limit"),
        (map_(), raised({**DIED, "type": "DeadlineExceeded"}), [KILLED], "deadline=None"),
        (map_(deadline=1.5), raised({**DIED, "type": "DeadlineExceeded"}), [], "after 1.000 s"),
        (map_(), raised({**DIED, "type": "KeyboardInterrupt"}), [KILLED], "nobody"),
        (map_(), raised({**DIED, "type": "RuntimeError"}), [KILLED], "RuntimeError"),
        (map_(on_error="return"), raised(DIED), [KILLED], "and the map raised"),
        (map_(), raised({**DIED, "type": "ValueError", "args": "(3,)"}), [KILLED], "ValueError"),
        # Errors that tell something else than what was.
        (map_(), raised(DIED), [KILLED, replace(KILLED, number=SIGTERM)], None),
        (map_(), raised(DIED), [ANOTHER], "tells of signal 9"),
        (map_(), raised({**DIED, "runner": 78}), [KILLED, ANOTHER], "tells of signal 9"),
        (map_(), raised({**DIED, "signal": None}), [KILLED], "tells of signal None"),
        (map_(), raised({**DIED, "message": "it died"}), [KILLED], "does not name the signal"),
        (map_(), raised({**DIED, "item": "4"}), [KILLED], "its item is '4'"),
        (map_(), raised(without(DIED, "partial")), [KILLED], "without partial"),
        (map_(), raised({**DIED, "partial_wrong": [[1, "7"]]}), [KILLED], "partial[1] is wrong"),
        (map_(), raised({**DIED, "partial": [0, 2]}), [KILLED], "finished, and uncertain"),
        (map_(bad=(3, 5)), raised({**DIED, "type": "ValueError", "args": "(5,)"}), [], "(5,)"),
    ],
)
def test_what_is_wrong(m, report, sent, complaint):
    found = judge(m, report, sent)
    assert found == [] if complaint is None else any(complaint in one for one in found), found


def test_more_items_are_lost_than_workers_killed():
    report = returned(DIED)
    report["failures"] += [{**report["failures"][0], "at": 4, "index": 4, "item": "4"}]
    assert any("2 items were lost" in c for c in judge(map_(on_error="return"), report, [KILLED]))
    both = [KILLED, replace(KILLED, before=1.3, after=1.3)]
    assert judge(map_(on_error="return"), report, both) == []


def test_a_signal_concerns_the_map_of_its_time():
    assert within([KILLED], 1.0, 2.0) == [KILLED]
    assert within([KILLED], 1.3, 2.0) == within([KILLED], 0.0, 1.1) == []


# ------------------------------------------------------------------------------------ whole rounds

PLAY = """
import json, sys
sys.path.insert(0, {here!r})
import battle
from pathlib import Path
battle._PROGRAM = Path({program!r})
battle.GONE = 0.5
battle.adopt_orphans()
print(json.dumps(battle.play(1, hang=1.0).complaints))
"""
FORK = "import os, time\nif os.fork() == 0:\n    time.sleep(30)\n"


@pytest.mark.parametrize(
    "code, complaint",
    [
        ("import time; time.sleep(30)", "no word for 1 s"),
        ("import os; os.abort()", "ended with SIGABRT"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("pass", "too early"),
        ("import sys; sys.stderr.write('lost')", "stderr:\nlost"),
        (FORK, "1 workers live 0.5 s after their caller"),
        ("import tempfile; tempfile.mkdtemp()", "temporary folder"),
    ],
)
def test_a_program_that_goes_wrong(tmp_path, code, complaint):
    program = tmp_path / "program.py"
    program.write_text(code)
    play = PLAY.format(here=str(HERE), program=str(program))
    done = subprocess.run([sys.executable, "-c", play], capture_output=True, text=True, timeout=40)
    assert done.returncode == 0, done.stderr
    assert any(complaint in found for found in json.loads(done.stdout)), done.stdout


@pytest.mark.timeout(120)
def test_a_round():
    done = subprocess.run(
        [sys.executable, str(HERE), "--replay", "1", "--times", "1"],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every map ended" in done.stdout
