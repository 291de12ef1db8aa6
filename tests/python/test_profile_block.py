# tests/python/test_profile_block.py: `with payoff.profile():` and the magic %%payoff
import json
import os
import subprocess
import sys
import threading
import time

import payoff
import pytest
from side_by_side import functions, samples


def busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(500))


def kept(profile, tmp_path):
    profile.save(tmp_path / "kept.json")
    return json.loads((tmp_path / "kept.json").read_text())


def test_a_block(tmp_path):
    before = dict(os.environ), os.listdir("/proc/self/task"), sorted(os.listdir("/proc/self/fd"))
    with payoff.profile() as p:
        busy(0.3)
    after = dict(os.environ), os.listdir("/proc/self/task"), sorted(os.listdir("/proc/self/fd"))
    assert after == before
    assert "busy" in str(p)
    assert p.summary() == str(p)
    assert (
        p._repr_html_()
        == "<pre>"
        + str(p)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
        + "</pre>"
    )
    profile = kept(p, tmp_path)
    assert "busy" in functions(profile)
    assert samples(profile) >= 10
    assert json.loads(p.to_json())
    p.save(tmp_path / "s.json", "speedscope")
    assert "speedscope" in json.loads((tmp_path / "s.json").read_text())["$schema"]
    p.save(tmp_path / "c.txt", format="collapsed")
    assert "busy" in (tmp_path / "c.txt").read_text()


def test_an_exception_leaves_with_the_profile(tmp_path):
    p = payoff.profile(rate=500, budget=0.1)
    with pytest.raises(ZeroDivisionError), p:
        busy(0.1)
        raise ZeroDivisionError
    assert "busy" in functions(kept(p, tmp_path))
    assert not payoff._core.profile_running()


def test_blocks_one_after_the_other(tmp_path):
    for _ in range(3):
        with payoff.profile() as p:
            busy(0.1)
        assert len(kept(p, tmp_path)["processes"]) == 1


def test_one_at_a_time():
    with payoff.profile(), pytest.raises(RuntimeError, match="runs in this process already"):
        payoff.profile().__enter__()
    assert not payoff._core.profile_running()


def test_before_the_end_there_is_none():
    p = payoff.profile()
    assert repr(p) == "<payoff.profile, not begun>"
    assert p._repr_html_() is None
    with p, pytest.raises(RuntimeError, match="has not ended"):
        str(p)
    assert repr(p) == "<payoff.profile, ended>"


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"rate": 0}, ValueError, "rate=0 must be at least 1 and at most 1000"),
        ({"rate": "x"}, TypeError, "rate='x' is not a number"),
        ({"rate": float("nan")}, ValueError, "rate=nan must be"),
        ({"budget": 0}, ValueError, "budget=0 must be above 0 and at most 1"),
        ({"budget": None}, TypeError, "budget=None is not a number"),
    ],
)
def test_arguments(how, error, message):
    with pytest.raises(error, match=message):
        payoff.profile(**how)


def test_an_unknown_format(tmp_path):
    with payoff.profile() as p:
        pass
    with pytest.raises(ValueError, match="format='pdf' is unknown; use one of payoff, speedscope"):
        p.save(tmp_path / "x", "pdf")
    assert not (tmp_path / "x").exists()


def test_threads_and_children(tmp_path):
    code = (
        "import time\nend = time.monotonic() + 0.3\nwhile time.monotonic() < end: sum(range(500))"
    )
    with payoff.profile() as p:
        done = threading.Event()
        thread = threading.Thread(target=lambda: (busy(0.3), done.wait()), name="second")
        thread.start()
        child = os.fork()
        if child == 0:
            busy(0.3)
            os._exit(0)
        subprocess.run([sys.executable, "-c", code], check=True)
        os.waitpid(child, 0)
    done.set()
    thread.join()
    profile = kept(p, tmp_path)
    assert len(profile["processes"]) == 3
    assert child in [process["pid"] for process in profile["processes"]]
    assert "second" in [thread["name"] for thread in profile["threads"]]
    assert (
        subprocess.run(
            [sys.executable, "-c", "import os; print('PAYOFF_PROFILE' in os.environ)"],
            capture_output=True,
            check=True,
        ).stdout
        == b"False\n"
    )


def test_the_source_of_what_is_no_file():
    import linecache

    code = "def inner():\n    for _ in range(3000): sum(range(5000))  # in no file\ninner()\n"
    linecache.cache["<a cell>"] = (len(code), None, code.splitlines(True), "<a cell>")
    with payoff.profile() as p:
        exec(compile(code, "<a cell>", "exec"), {})
    assert "for _ in range(3000)" in str(p)


def test_a_program_that_ends_inside_a_block(script):
    done = script("""
        import payoff, sys
        p = payoff.profile().__enter__()
        print(payoff._core.profile_running())
        sys.exit(4)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (4, "True\n", "")


def test_a_block_in_a_program_that_is_profiled_anyway(tmp_path):
    from side_by_side import side_by_side
    from test_profile_transparent import BUSY

    code = (
        BUSY + "import payoff\nwith payoff.profile() as p:\n    busy(0.3)\nprint('busy' in str(p))"
    )
    plain, with_us = side_by_side(tmp_path, ["-c", code])
    assert plain.stdout == with_us.stdout == b"True\n"
    assert "busy" in functions(with_us.profile)


SHELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="NoColor")
shell.run_line_magic("load_ext", "payoff")
shell.run_cell({cell!r}, store_history=True)
print(shell.user_ns.get("x"))
"""
CELL = """%%payoff -o kept.json --rate 200 --budget 5%
def burn(seconds):
    from time import monotonic
    end = monotonic() + seconds
    while monotonic() < end:
        sum(range(500))
burn(0.4)
x = 41
x + 1
"""


def shell(cell, folder):
    pytest.importorskip("IPython")
    return subprocess.run(
        [sys.executable, "-c", SHELL.format(cell=cell)],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(folder / "ipython")},
    )


def test_the_magic(tmp_path):
    done = shell(CELL, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sum(range(500))" in done.stdout, "no source of the cell"
    assert "Out[1]: 42" in done.stdout
    assert done.stdout.endswith("\n41\n")
    assert "burn" in functions(json.loads((tmp_path / "kept.json").read_text()))


def test_an_error_in_the_cell_is_shown_once_and_the_profile_too(tmp_path):
    done = shell(CELL.replace("x = 41", "1 / 0"), tmp_path)
    assert done.stdout.count("ZeroDivisionError: division by zero") == 1
    assert "burn" in done.stdout
    assert done.stdout.endswith("\nNone\n")


def test_the_magic_in_a_real_kernel(tmp_path):
    client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    manager = client.KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    kernel = manager.client()
    kernel.start_channels()
    try:
        kernel.wait_for_ready(timeout=40)
        kernel.execute_interactive("%load_ext payoff", timeout=20)
        shown = []
        reply = kernel.execute_interactive(CELL, timeout=30, output_hook=shown.append)
        assert reply["content"]["status"] == "ok", reply
        data = [m["content"]["data"] for m in shown if m["msg_type"] == "display_data"]
        assert len(data) == 1
        assert data[0]["text/html"].startswith("<pre>")
        assert "burn" in data[0]["text/plain"]
        results = [m["content"]["data"] for m in shown if m["msg_type"] == "execute_result"]
        assert results[0]["text/plain"] == "42"
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
