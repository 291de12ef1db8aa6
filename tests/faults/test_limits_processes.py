# tests/faults/test_limits_processes.py: where no further process may start, results are right
import os
import signal

import pytest
from hazards import is_fork

pytestmark = pytest.mark.timeout(60)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")


def test_no_further_process(run, how):
    said = run(
        f"""
        if os.geteuid() == 0:
            become_another_user(54321)
        limit(resource.RLIMIT_NPROC, 0)
        check({how})
        """
    )
    assert (said["backend"], said["workers"]) == ("inline", 1)
    if is_fork(how):
        assert "refused a new process (fork: Resource temporarily unavailable)" in said["said"]
        assert "ulimit -u" in said["said"]
    if "threads" in how:
        assert "refused a new thread" in said["said"]


@needs_root
def test_one_process_of_two(run):
    said = run(
        """
        become_another_user(54322)
        limit(resource.RLIMIT_NPROC, 2)
        check(backend='fork', workers=3)
        """
    )
    assert (said["backend"], said["workers"]) == ("fork", 2)
    assert "refused a new process" in said["said"]


@needs_root
def test_a_worker_that_may_have_no_thread_ends_with_its_parent(start_fate, gone_soon):
    program = start_fate(
        """
        become_another_user(54323)
        limit(resource.RLIMIT_NPROC, 2)

        def show(x):
            os.write(1, b"%d\\n" % os.getpid())
            time.sleep(30)

        payoff.map(show, range(8), backend='fork', workers=2)
        """
    )
    pids = {int(program.stdout.readline()) for _ in range(2)}
    assert len(pids) == 2 and program.pid in pids
    program.send_signal(signal.SIGKILL)
    program.wait(10)
    assert gone_soon(pids - {program.pid})
