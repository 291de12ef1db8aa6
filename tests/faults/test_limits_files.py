# tests/faults/test_limits_files.py: where few files may be open, maps end with right results
import re

import pytest
from hazards import all_of_them, is_fork

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("free", [0, 1, 3, 6, 9, 12, 40])
def test_few_open_files(run, how, free):
    said = run(
        f"""
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + {free},) * 2)
        check({how})
        """
    )
    if is_fork(how) and free < 10:
        assert said["workers"] == 1
        assert "ulimit -n" in said["said"] or "Too many open files" in said["said"]
    if is_fork(how) and free == 40:
        assert said["workers"] == all_of_them(how)


def test_the_items_own_error_where_no_file_can_be_opened(run):
    said = run(
        """
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files(),) * 2)
        try:
            payoff.map(lambda x: 1 // (50 - x), range(100))
        except ZeroDivisionError as error:
            print(json.dumps(str(error)))
        """
    )
    assert "zero" in said


@pytest.mark.parametrize("more", ["on_error='return'", ""])
def test_a_dead_worker_s_item_that_nobody_can_run_again(run, more):
    """The caller goes on with all the others, where losses are to be returned; each loss is told
    with the death of its own worker."""
    said = run(
        f"""
        me = os.getpid()

        def f(x):
            if os.getpid() != me:
                time.sleep(0.05)
                os._exit(10 + x)
            if x == 0:  # two workers run by now, and no other will
                resource.setrlimit(resource.RLIMIT_NOFILE, (3, open_files() + 100))
            time.sleep(0.03)
            return x

        try:
            results = payoff.map(f, range(12), backend="fork", workers=3, retries=1, {more})
            lost = [str(r.exception) for r in results if type(r) is payoff.Failure]
            print(json.dumps([[r for r in results if type(r) is int], lost]))
        except payoff.WorkerDied as error:
            print(json.dumps([[], [str(error)]]))
        """
    )
    results, lost = said
    assert (len(results), len(lost)) == ((10, 2) if more else (0, 1))
    for error in lost:
        code, index = re.search(r"exited with code (\d+) while it ran item (\d+)", error).groups()
        assert int(code) == 10 + int(index) and "refused another" in error


@pytest.mark.parametrize("how", ["ValueError(x)", "KeyboardInterrupt"])
def test_results_that_cannot_be_read_any_more(run, how):
    """The program has closed the files of the workers; what the caller has is not lost then."""
    said = run(
        f"""
        me = os.getpid()

        def f(x):
            time.sleep(0.005)
            if os.getpid() == me and time.monotonic() > begun + 0.2:
                os.closerange(3, 200)
                raise {how}
            return x

        begun = time.monotonic()
        try:
            payoff.map(f, range(9000), backend="fork", workers=3)
        except BaseException as error:
            done = error.partial
            assert all(done[i] == i for i in done)
            print(json.dumps([type(error).__name__, len(done), type(error.__context__).__name__]))
        """
    )
    name, done, context = said
    assert done > 10
    if how == "KeyboardInterrupt":
        assert name == how
    else:
        assert name == "ValueError" or (name, context) == ("RuntimeError", "ValueError")
