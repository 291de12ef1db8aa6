# tests/python/test_fit_command.py: `payoff fit` and `payoff target` as users run them
import html.parser
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

INSTALLED = Path(sys.executable).with_name("payoff")
MODULE = [sys.executable, "-c", "import sys; from payoff._cli import main; sys.exit(main())"]
COMMAND = [str(INSTALLED)] if INSTALLED.exists() else MODULE
DATA = Path(__file__).parents[1] / "data"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

CLEAN = [f"{n}:{2 + 40 / n + 0.02 * (n - 1):.4f}" for n in (1, 2, 3, 4, 6, 8, 12, 16)]


def run(*arguments, locale="C.UTF-8", timeout=60, **options):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "LC_ALL": locale},
        **options,
    )


def answer(*arguments, **options):
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def refusal(*arguments, **options):
    """Two lines and status 2; the error's words and the remedy's."""
    done = run(*arguments, **options)
    assert done.returncode == 2, done
    assert done.stdout == ""
    error, remedy = done.stderr.splitlines()
    assert error.startswith("error: ") and remedy.startswith("try: ")
    return error.removeprefix("error: "), remedy.removeprefix("try: ")


# ------------------------------------------------------------------------------- fit


def test_pairs_on_the_command_line():
    text = answer("fit", *CLEAN)
    first = text.split("\n  ")[0].replace("\n", " ")
    assert first == "16 workers: 8.75× faster, 1.83× the cost; 32 would bring 11× (8–15)"
    assert "speed-ups are against one worker (n = 1): 42.0 s (one run)" in text
    assert "●" in text and "T(N) = s + p/N + c (N - 1)" in text


def test_json_holds_the_coefficients_that_made_the_numbers():
    facts = json.loads(answer("fit", "--json", *CLEAN))
    assert facts["schema"] == 1
    assert facts["law"] == "usl"
    found = facts["coefficients"]
    assert found["s"] == pytest.approx(2, rel=1e-3)
    assert found["p"] == pytest.approx(40, rel=1e-3)
    assert found["c"] == pytest.approx(0.02, rel=1e-2)
    assert found["sigma"] == pytest.approx(2 / 42, rel=1e-3)
    for name, value in found.items():
        interval = facts["intervals"][name]
        assert interval["on_bound"] or interval["low"] <= value <= interval["high"]
    near, far = facts["predictions"]
    assert (near["n"], near["bound"], far["n"], far["bound"]) == (32, False, 64, True)
    assert near["low"] < 2 + 40 / 32 + 0.02 * 31 < near["high"]
    assert facts["answer"] == answer("fit", *CLEAN).split("\n  ")[0].replace("\n", " ")


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "stdin"])
def test_every_form_of_file_says_the_same(tmp_path, ending):
    runs = [pair.split(":") for pair in CLEAN]
    if ending == "json":
        content = json.dumps([{"threads": int(n), "wall_s": float(t)} for n, t in runs])
    else:
        gap = "\t" if ending == "tsv" else ","
        lines = [f"threads{gap}wall_s", *(f"{n}{gap}{t}" for n, t in runs)]
        content = "\n".join(lines)
    file = tmp_path / f"runs.{ending}"
    file.write_text(content)
    if ending == "stdin":
        facts = json.loads(answer("fit", "-", "--json", input=content))
    else:
        facts = json.loads(answer("fit", file, "--json"))
    assert facts["coefficients"] == json.loads(answer("fit", "--json", *CLEAN))["coefficients"]
    assert facts["base"] == "one worker (threads = 1)"


def test_csv_has_a_line_for_each_n():
    lines = answer("fit", "--csv", *CLEAN).splitlines()
    assert lines[0].startswith("kind,n,runs,time_s,")
    assert [line.split(",")[:2] for line in lines[-2:]] == [["predicted", "32"], ["bound", "64"]]
    assert len(lines) == 1 + len(CLEAN) + 2


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("cs351_hash.csv", "cold-start"),
        ("stream_null.csv", "n-ignored"),
        ("sysbench_cpu.csv", "ceiling"),
        ("memcached_128.csv", "retrograde"),
        ("mpi_sieve.csv", "on-bound"),
    ],
)
def test_traps_are_told_with_their_remedy(file, code):
    facts = json.loads(answer("fit", DATA / file, "--json"))
    finding = next(finding for finding in facts["findings"] if finding["code"] == code)
    assert finding["text"] and finding["try"]
    text = answer("fit", DATA / file)
    assert f"! {code}: " in text and "    try: " in text


def test_an_ascii_terminal_gets_ascii():
    text = answer("fit", *CLEAN, locale="C")
    assert text.isascii()
    assert "o measured" in text
    assert "\033" not in text


def test_money_is_what_the_user_says():
    price = ["--price", "0.089 EUR/vcpu-hour", "--price-date", "2026-10-05"]
    text = answer("fit", *CLEAN, *price, "--hour-value", "20")
    first = text.split("\n  ")[0].replace("\n", " ")
    assert " best at 20 EUR for an hour of waiting" in first
    flat = " ".join(text.split())
    assert "0.0890 EUR a vcpu-hour, of 2026-10-05" in flat
    facts = json.loads(answer("fit", *CLEAN, *price, "--json"))
    assert facts["price"]["currency"] == "EUR" and facts["price"]["per"] == "vcpu-hour"
    assert facts["choices"]["cheapest"]["n"] == 1
    assert facts["choices"]["cheapest"]["cost"] == pytest.approx(0.089 * 42 / 3600, rel=1e-3)
    assert json.loads(answer("fit", *CLEAN, "--json"))["price"] is None


def test_bad_input(tmp_path):
    def file(content):
        path = tmp_path / "runs.csv"
        path.write_text(content)
        return path

    for content, words in [
        ("", "is empty"),
        ("n,time\n1,1\n2,nan\n", "runs.csv:3: time is 'nan'"),
        ("n,time\n1,-1\n2,1\n", "runs.csv:2: time is '-1'"),
        ("n,time\n1,0\n2,1\n", "runs.csv:2: time is '0'"),
        ("n,time,time\n1,1,1\n2,1,1\n", "two columns are called 'time'"),
        ("n,time\n4,1\n4,1.1\n", "N"),
        ("n,wall,elapsed\n1,2,2\n2,1,1\n", "wall, elapsed"),
        ("kernel,n,time\na,1,2\na,2,1\nb,1,2\nb,2,1\n", "kernel is a, b"),
    ]:
        error, _ = refusal("fit", file(content))
        assert words in error, error
        assert str(tmp_path) in error
    assert "No such file" in refusal("fit", tmp_path / "none.csv")[0]
    assert "folder" in refusal("fit", tmp_path)[0]
    assert "not a pair" in refusal("fit", "1:10", "2")[0]
    assert "not a law" in refusal("fit", *CLEAN, "--law", "murphy")[0]
    assert "of what it is the price" in refusal("fit", *CLEAN, "--price", "0.05")[0]
    assert "without a price" in refusal("fit", *CLEAN, "--hour-value", "5")[0]
    assert "not a time" in refusal("fit", *CLEAN, "--price", "1/core-hour", "--minimum", "x")[0]


def test_remedies_work(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("kernel,n,wall,elapsed\na,1,2,3\na,2,1,2\nb,1,2,3\nb,2,1,2\n")
    arguments = ["fit", str(path)]
    for _ in range(2):  # first the column, then the series
        _, remedy = refusal(*arguments)
        said = remedy.removeprefix("choose one: payoff ").split()
        arguments += said[2:]
    assert "2 numbers of workers" in answer(*arguments)


def test_a_gigabyte_is_refused_with_little_memory(tmp_path):
    huge = tmp_path / "huge.csv"
    with open(huge, "wb") as file:
        file.write(b"n,time\n")
        file.truncate(10**9)
    error, remedy = refusal("fit", huge)
    assert "too large" in error and "shuf" in remedy
    # From a pipe no size is known: reading stops at the limit, long before the end.
    script = 'yes 1,2.5 | head -c 1000000000 | { "$@" 2>&1; }'
    limited = ["bash", "-c", f"ulimit -v 1500000; {script}", "bash", *COMMAND, "fit", "-"]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done
    assert "too large" in done.stdout and "try: " in done.stdout


# ------------------------------------------------------------------------------- pages


class Tags(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_well_formed_and_complete(tmp_path):
    page = tmp_path / "answer.html"
    text = answer("fit", DATA / "cs351_hash.csv", "--html", page)
    tags = Tags(page.read_text())
    assert tags.open == []
    assert " ".join(text.split("\n  ")[0].split()) in tags.text
    circles = [attributes["class"] for tag, attributes in tags.tags if tag == "circle"]
    assert circles.count("measured") == 17 and circles.count("predicted") == 1
    assert not [tag for tag, _ in tags.tags if tag in {"script", "link", "img", "iframe"}]
    svg = tmp_path / "plot.svg"
    answer("fit", DATA / "cs351_hash.csv", "--svg", svg)
    assert svg.read_text().startswith("<?xml")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_chromium_shows_the_page(tmp_path):
    page = tmp_path / "answer.html"
    answer("fit", DATA / "specsdm91.csv", "--html", page)
    browser = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,1400"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    # The page measures itself: what it drew where, and what it loaded.
    probe = tmp_path / "probe.html"
    probe.write_text(
        page.read_text().replace(
            "</body>",
            """<pre id="probe"></pre><script>
            const box = (e) => e.getBoundingClientRect();
            const svg = box(document.querySelector("svg"));
            const inside = [...document.querySelectorAll("svg circle, svg text")].every(
              (e) => box(e).left >= svg.left && box(e).right <= svg.right + 1 &&
                     box(e).top >= svg.top - 1 && box(e).bottom <= svg.bottom + 1);
            const law = box(document.querySelector("svg .law"));
            document.getElementById("probe").textContent = JSON.stringify({
              inside, width: svg.width, height: svg.height, law: law.width,
              wide: document.documentElement.scrollWidth <= window.innerWidth,
              loaded: performance.getEntriesByType("resource").length});
            </script></body>""",
        )
    )
    done = subprocess.run(
        [*browser, "--dump-dom", probe.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    seen = done.stdout.split('<pre id="probe">')[1].split("</pre>")[0]
    facts = json.loads(seen)
    assert facts["inside"] and facts["wide"], facts
    assert facts["loaded"] == 0
    assert facts["width"] > 500 and facts["law"] > 0.5 * facts["width"]
    picture = tmp_path / "page.png"
    subprocess.run(
        [*browser, f"--screenshot={picture}", page.as_uri()],
        capture_output=True,
        timeout=60,
        env=environment,
        check=True,
    )
    assert picture.stat().st_size > 20_000  # an empty page takes 5 kB


# ------------------------------------------------------------------------------- target


def target(*arguments):
    return answer("target", "--now", "10h", "--want", "30s", *arguments)


def test_target_with_a_serial_share():
    text = target("--serial", "0.05")
    assert text.startswith("No: 1,200× is needed from workers, and they bring at most 20×\n")
    assert "60× faster" in text and "30 min 00 s instead of 30.0 s" in text
    text = target("--serial", "5%", "--code-gain", "100")
    assert text.startswith(
        "Yes, with 29 workers: 1,200× faster, 100× by the code and 12× by workers"
    )
    facts = json.loads(target("--serial", "5%", "--code-gain", "100", "--json"))
    assert [case["n"] for case in facts["cases"]] == [29, 17, None]
    # Amdahl by hand: 360 s of work, 5 % of it serial, and 30 s wanted.
    assert 18 + 342 / 29 <= 30 < 18 + 342 / 28


def test_target_without_a_share_says_what_is_assumed():
    text = target()
    assert text.startswith("It depends on the serial share, which was not given")
    assert "0.083 %" in text and "Assumed: no start-up" in text
    facts = json.loads(target("--json"))
    assert facts["serial_share_allowed"] == pytest.approx(1 / 1200, rel=1e-3)
    assert [case["reached"] for case in facts["cases"]] == [True, *[False] * 5]


def test_target_from_runs():
    file = DATA / "mpi_sieve.csv"
    text = answer("target", "--now", "1h", "--want", "2min", "--data", file)
    assert text.startswith("Yes, with 32 workers")
    assert "measured up to 128 workers" in " ".join(text.split())
    far = answer("target", "--now", "10h", "--want", "100s", "--data", file)
    assert "nothing was measured beyond 128" in " ".join(far.split())


def test_target_refuses_nonsense():
    assert "--want" in refusal("target", "--now", "10h")[0]
    assert "--now 'soon'" in refusal("target", "--now", "soon", "--want", "1s")[0]
    assert "share" in refusal("target", "--now", "9", "--want", "1", "--serial", "1.5")[0]
    both = ["--serial", "0.1", "--data", DATA / "raytracer.csv"]
    assert "both" in refusal("target", "--now", "9", "--want", "1", *both)[0]
