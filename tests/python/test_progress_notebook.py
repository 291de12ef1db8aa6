# tests/python/test_progress_notebook.py: progress=True in a real kernel, as text and as widget
import html
import json
import re
import sys

import pytest

client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

N = 150
WAYS = {
    "inline": {"backend": "inline"},
    "fork": {"backend": "fork", "workers": 2},
    "threads": {"backend": "threads", "workers": 2},
}
# Where there are no widgets, tqdm.auto writes text, and says so once.
PRELUDES = {"text": "import sys; sys.modules['ipywidgets'] = None", "widget": "import ipywidgets"}
CELL = """
import json, time, payoff
def slow(x):
    time.sleep(0.004)
    return x
{before}
run = payoff.run({f}, range({n}), progress=True, **{way!r})
assert run.results == list(range({n}))
r = run.receipt
print("@" + json.dumps([r.backend, r.workers, r.speedup]))
"""


class Kernel:
    """A real ipykernel; keeps what the last cell has sent."""

    def __init__(self):
        self.manager = client.KernelManager()
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel()
        self.talk = self.manager.client()
        self.talk.start_channels()
        self.talk.wait_for_ready(timeout=60)
        self.sent = []

    def run(self, code):
        self.sent = []
        keep = lambda message: self.sent.append((message["msg_type"], message["content"]))
        reply = self.talk.execute_interactive(code, output_hook=keep, timeout=50)
        return reply["content"]

    def stream(self, name):
        return "".join(c["text"] for kind, c in self.sent if kind == "stream" and c["name"] == name)

    def models(self):
        """(state as it was left, all values) of each widget."""
        states, values = {}, {}
        for kind, content in self.sent:
            if kind in ("comm_open", "comm_msg"):
                new = content["data"].get("state", {})
                states.setdefault(content["comm_id"], {}).update(new)
                if "value" in new:
                    values.setdefault(content["comm_id"], []).append(new["value"])
        return [(state, values.get(comm, [])) for comm, state in states.items()]

    def close(self):
        self.talk.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module", params=PRELUDES)
def kernel(request):
    if request.param == "widget":
        pytest.importorskip("ipywidgets")
    kernel = Kernel()
    kernel.kind = request.param
    assert kernel.run(PRELUDES[request.param])["status"] == "ok"
    yield kernel
    kernel.close()


def plan_of(kernel):
    """What the bar should say at its end, by the receipt."""
    backend, workers, speedup = json.loads(kernel.stream("stdout").rpartition("@")[2])
    return backend, f"{backend} ×{workers} · {speedup:.2g}×" if workers > 1 else backend


def counts_and_words(kernel):
    """The counts that the bar went through, and its last words."""
    if kernel.kind == "text":
        text = kernel.stream("stderr")
        return [int(n) for n in re.findall(rf"(\d+)/{N} \[", text)], text
    (bar,) = [m for m in kernel.models() if m[0].get("_model_name") == "FloatProgressModel"]
    texts = [m[0]["value"] for m in kernel.models() if m[0].get("_model_name") == "HTMLModel"]
    assert bar[0]["max"] == N
    words = html.unescape(" ".join(texts)).replace("\u2007", " ")  # a space as wide as a digit
    return [int(n) for n in bar[1]], words


def cell(way, f="slow", before=""):
    return CELL.format(way=way, f=f, before=before, n=N)


@pytest.mark.parametrize("way", WAYS)
def test_the_bar_counts_and_tells_the_plan(kernel, way):
    reply = kernel.run(cell(WAYS[way]))
    assert reply["status"] == "ok", reply
    backend, plan = plan_of(kernel)
    assert backend == way
    counts, words = counts_and_words(kernel)
    assert counts == sorted(counts) and counts[-1] == N
    assert any(0 < count < N for count in counts), counts  # not only at its end
    assert f"{N}/{N}" in words and plan in words
    if kernel.kind == "widget":
        (bar,) = [m[0] for m in kernel.models() if m[0].get("_model_name") == "FloatProgressModel"]
        assert bar["bar_style"] == "success"
        assert any(kind == "display_data" for kind, _ in kernel.sent)
        assert f"{N}/{N}" not in kernel.stream("stderr")


def test_a_kernel_that_has_just_printed_forks_nevertheless(kernel):
    """Its IOPub thread is at work then, and nobody would ask for workers a second time."""
    reply = kernel.run(
        "import payoff\nseen = []\n"
        "for _ in range(60):\n"
        "    print('x' * 500)\n"
        "    seen.append(payoff.run(abs, range(100), backend='fork', workers=2).receipt.backend)\n"
        "print('@', seen.count('fork'))"
    )
    assert reply["status"] == "ok", reply
    assert int(kernel.stream("stdout").rpartition("@")[2]) >= 57


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_that_fails_leaves_its_bar_where_it_was(kernel, way):
    fails = "def fails(x):\n    if x == 100:\n        raise ValueError(x)\n    return slow(x)"
    reply = kernel.run(cell(WAYS[way], "fails", fails))
    assert reply["status"] == "error" and reply["ename"] == "ValueError", reply
    counts, words = counts_and_words(kernel)
    assert 0 < counts[-1] < N and f"{N}/{N}" not in words
    if kernel.kind == "widget":
        (bar,) = [m[0] for m in kernel.models() if m[0].get("_model_name") == "FloatProgressModel"]
        assert bar["bar_style"] == "danger"
