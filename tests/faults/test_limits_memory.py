# tests/faults/test_limits_memory.py: where memory is short, maps end with right results
import pytest
from hazards import all_of_them, is_fork

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("mebibytes", [1, 12, 40, 120, 400, 2000])
def test_little_address_space(run, how, mebibytes):
    said = run(
        f"""
        limit(resource.RLIMIT_AS, address_space() + ({mebibytes} << 20))
        check({how})
        """
    )
    if is_fork(how) and mebibytes < 16:
        assert said["workers"] == 1 and "MB are available" in said["said"]
    if is_fork(how) and mebibytes == 2000:
        assert said["workers"] == all_of_them(how)


@pytest.mark.parametrize("result", ["list(range(x, x + 2000))", "bytes([x % 256]) * 300_000"])
def test_results_of_many_windows(run, result):
    """More than a window holds in the worker, and taken piece by piece in the caller."""
    said = run(
        f"""
        limit(resource.RLIMIT_AS, address_space() + (600 << 20))

        def f(x):
            if os.getpid() == me:
                time.sleep(0.002)
            return {result}

        me = os.getpid()
        check(f, range(400), backend='fork', workers=2)
        """
    )
    assert said["workers"] == 2


def test_a_worker_leaves_the_address_space_to_its_items(run):
    """Where the plain loop has room for an item's own memory, a worker has it, too."""
    said = run(
        """
        limit(resource.RLIMIT_AS, address_space() + (260 << 20))
        f = lambda x: len(bytearray(150 << 20)) + x
        check(f, range(12), backend='fork', workers=2)
        """
    )
    assert said["workers"] == 2


def test_a_memory_cgroup_without_room(run, how, memory_group):
    group, file = memory_group
    said = run(
        f"""
        group = {str(group)!r}
        open(group + "/cgroup.procs", "w").write(str(os.getpid()))
        payoff.map(work, range(100), backend="fork", workers=2)  # what is imported is accounted
        held = bytearray(b"x") * (60 << 20)
        open(group + "/{file}", "w").write(str(72 << 20))
        check({how})
        """
    )
    if is_fork(how):
        assert said["workers"] == 1
        assert "MB are available" in said["said"]
