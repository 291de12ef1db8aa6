# tests/faults/test_oom.py: workers that the kernel really kills for want of memory, in a cgroup
import pytest

pytestmark = pytest.mark.timeout(60)

# Room for the caller, its workers and one large item of theirs; two at once are too much.
ENTER = """
group, file = {group!r}, {file!r}
with open(group + "/cgroup.procs", "w") as procs:
    procs.write(str(os.getpid()))
payoff.map(work, range(100), backend="fork", workers=2)  # what is imported is accounted
with open(group + "/" + file, "w") as most:
    most.write(str(240 << 20))
me = os.getpid()

def kills():
    for name in "memory.events", "memory.oom_control":
        try:
            counts = dict(line.split() for line in open(group + "/" + name))
            return int(counts["oom_kill"])
        except (OSError, KeyError):
            continue

def large(mebibytes, seconds=0.0):
    held = bytearray(b"x") * (mebibytes << 20)
    time.sleep(seconds)
    return len(held)
"""


@pytest.fixture
def run_there(run, memory_group):
    """run_there(code): what a program prints last, as JSON, whose memory is limited to 240 MB."""
    group, file = memory_group

    def run_it(code):
        import textwrap

        return run(ENTER.format(group=str(group), file=file) + textwrap.dedent(code))

    return run_it


# One item that is too large: of two at once the kernel may end both, the first to be told with less
# than it asked for.
@pytest.mark.parametrize(
    "how, is_large",
    [
        ("backend='fork', workers=2", "os.getpid() != me and x >= 5"),
        ("timeout=30, workers=2", "x == 5"),
    ],
)
def test_it_is_told(run_there, how, is_large):
    said = run_there(
        f"""
        def f(x):
            time.sleep(0.002)
            if {is_large}:
                large(500)
            return x

        try:
            payoff.map(f, range(60), {how})
        except payoff.WorkerDied as error:
            print(json.dumps([str(error), error.signal, error.out_of_memory, error.peak_memory,
                              error.index, [error.partial.get(x) for x in range(5)]]))
        """
    )
    message, signal, out_of_memory, peak, index, below = said
    assert signal == 9 and out_of_memory and index >= 5
    assert "probably out of memory" in message and "workers=" in message
    assert f"item {index}" in message and peak > 100 << 20
    assert below == [0, 1, 2, 3, 4]


def test_a_kill_by_somebody_else_is_not_taken_for_it(run_there):
    said = run_there(
        """
        def f(x):
            time.sleep(0.002)
            if os.getpid() != me and x >= 5:
                os.kill(os.getpid(), 9)
            return x

        try:
            payoff.map(f, range(60), backend="fork", workers=2)
        except payoff.WorkerDied as error:
            print(json.dumps([error.out_of_memory, kills()]))
        """
    )
    assert said[0] is False and not said[1]


@pytest.mark.slow
def test_the_map_goes_on_with_as_many_workers_as_fit(run_there):
    """Each kill costs one worker: after two of three there is none."""
    said = run_there(
        """
        results, receipt = payoff.run(
            lambda x: large(130, 0.1) and x, range(24), timeout=30, workers=3, retries=20
        )
        assert results == [*range(24)]
        print(json.dumps([kills(), receipt.notes]))
        """
    )
    count, notes = said
    assert 1 <= count <= 2
    (note,) = [note for note in notes if "memory ran out" in note]
    assert f"ended {count} worker" in note and "fewer" in note and "workers=" in note


def test_beside_the_caller_s_own_items(run_there):
    """The caller goes on, and what was lost is run again."""
    said = run_there(
        """
        def f(x):
            time.sleep(0.005)
            if os.getpid() != me and kills() == 0:
                large(500)
            return x

        results, receipt = payoff.run(f, range(200), backend="fork", workers=3, retries=3)
        assert results == [*range(200)]
        print(json.dumps([kills(), receipt.notes]))
        """
    )
    count, notes = said
    assert 1 <= count <= 2 and any("memory ran out" in note for note in notes)


def test_failures_in_the_places_of_what_was_lost(run_there):
    said = run_there(
        """
        def f(x):
            return large(500 if x % 10 == 7 else 1) and x

        results, receipt = payoff.run(f, range(30), timeout=30, workers=2, on_error="return")
        lost = [r.index for r in results if type(r) is payoff.Failure and r.exception.out_of_memory]
        assert all(r == x for x, r in enumerate(results) if x not in lost)
        print(json.dumps([lost, kills(), receipt.notes]))
        """
    )
    lost, count, notes = said
    assert lost == [7, 17, 27] and count == 3
    assert any("ended 3 workers" in note for note in notes)
