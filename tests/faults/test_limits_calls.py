# tests/faults/test_limits_calls.py: without /proc or some system calls, maps end with right results
import os
import platform
import shutil
import signal
import subprocess

import pytest
from hazards import all_of_them, is_fork

pytestmark = pytest.mark.timeout(60)

X86 = platform.machine() == "x86_64"
MEMFD_CREATE = 319 if X86 else 279
EVENTFD2 = 290 if X86 else 19
CLONE = 56 if X86 else 220
UNSHARE = 272 if X86 else 97
PIDFD_OPEN, PIDFD_SEND_SIGNAL, CLONE3 = 434, 424, 435


def without_proc():
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if os.geteuid() != 0:
        command[1] = "-rm"
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespace may be made here")
    return command


def test_no_proc(run, how):
    said = run(f"assert not os.listdir('/proc'); check({how})", before=without_proc())
    if is_fork(how):
        assert said["workers"] == all_of_them(how)


THREAD = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"


def test_no_proc_and_another_thread(run, how):
    """Whether it holds a lock cannot be seen; nor can one that is no thread of Python's."""
    said = run(THREAD + f"check({how})", before=without_proc())
    if is_fork(how):
        assert said["workers"] == 1
        assert "/proc" in said["said"]


def test_no_proc_and_a_kernel_that_does_not_tell_of_threads(run, how):
    said = run(f"forbid({UNSHARE})\ncheck({how})", before=without_proc())
    if is_fork(how):
        assert said["workers"] == 1
        assert "/proc cannot be read" in said["said"]


def test_memfd_create_is_forbidden(run, how):
    said = run(f"forbid({MEMFD_CREATE})\ncheck({how})")
    if is_fork(how):
        assert said["workers"] == 1
        assert "memfd_create: Operation not permitted" in said["said"]


@pytest.mark.parametrize("error", [1, 38], ids=["EPERM", "ENOSYS"])
def test_pidfds_are_forbidden(run, how, error):
    said = run(f"forbid({PIDFD_OPEN}, {PIDFD_SEND_SIGNAL}, error={error})\ncheck({how})")
    if is_fork(how):
        assert said["workers"] == all_of_them(how)
        assert "pidfd_open" in said["said"]


def test_a_worker_without_pidfds_ends_with_its_parent(start_fate, gone_soon):
    program = start_fate(
        f"""
        forbid({PIDFD_OPEN}, {PIDFD_SEND_SIGNAL})

        def show(x):
            os.write(1, b"%d\\n" % os.getpid())
            time.sleep(30)

        payoff.map(show, range(8), backend='fork', workers=2)
        """
    )
    pids = {int(program.stdout.readline()) for _ in range(2)}
    program.send_signal(signal.SIGKILL)
    program.wait(10)
    assert gone_soon(pids - {program.pid})


def test_eventfd_is_forbidden(run, how):
    said = run(f"forbid({EVENTFD2})\ncheck({how})")
    if is_fork(how):
        assert said["workers"] == all_of_them(how)
        assert "eventfd" in said["said"]


def test_every_new_task_is_forbidden(run, how):
    said = run(f"forbid({CLONE}, {CLONE3})\ncheck({how})")
    assert said["workers"] == 1
    if is_fork(how):
        assert "fork: Operation not permitted" in said["said"]


def test_a_limit_on_the_size_of_files(run, how):
    said = run(f"limit(resource.RLIMIT_FSIZE, 1 << 20)\ncheck({how})")
    if is_fork(how):
        assert said["workers"] == 1
        assert "File too large" in said["said"]
