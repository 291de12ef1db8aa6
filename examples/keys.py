# examples/keys.py: counts 1 000 identifiers in every line of the standard library that runs it
"""Many keys in many strings: the regex key1|key2|… or Aho-Corasick, each as a loop and as a map."""

import re
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import ahocorasick
import payoff
from _race import race

# The library's own tests are left out: Debian's Python comes without them.
ELSEWHERE = {"site-packages", "dist-packages", "test", "tests", "idle_test"}
library = Path(sysconfig.get_path("stdlib"))
sources = [p for p in library.rglob("*.py") if not ELSEWHERE & {*p.relative_to(library).parts}]
text = "\n".join(path.read_text("utf-8", "replace") for path in sorted(sources))
lines = text.split("\n")[:: 200 if "--small" in sys.argv else 1]

# The most frequent names of 8 letters or more, none of which is a part of another.
names = Counter(re.findall(r"[A-Za-z_]\w{7,}", text))
keys: list[str] = []
for name in sorted(names, key=lambda name: (-names[name], name)):
    if len(keys) < 1000 and not any(name in key or key in name for key in keys):
        keys.append(name)

regex = re.compile("|".join(keys))
automaton = ahocorasick.Automaton()
for key in keys:
    automaton.add_word(key, len(key))
automaton.make_automaton()


def by_regex(line: str) -> int:
    return len(regex.findall(line))


def by_automaton(line: str) -> int:
    count, free = 0, 0
    for end, length in automaton.iter(line):
        if end - length + 1 >= free:  # a regex, too, begins after the end of its last match
            count, free = count + 1, end + 1
    return count


def judge(variant: str, counts: list[int]) -> str:
    wrong = sum(count != by_automaton(line) for count, line in zip(counts, lines, strict=True))
    if wrong:
        raise SystemExit(f"error: “{variant}” miscounts {wrong} of {len(lines)} lines")
    return f"{sum(counts)} found, the same in every line"


megabytes, version = sum(len(line.encode()) for line in lines) / 1e6, sys.version.split()[0]
print(f"{len(keys)} names in {len(lines)} lines ({megabytes:.1f} MB) of Python {version}\n")
loop = ("loop", "the loop, one regex", lambda: [by_regex(line) for line in lines])
parallel = ("parallel", "payoff.map, one regex", lambda: payoff.map(by_regex, lines))
optimised = ("optimised", "the loop, Aho-Corasick", lambda: [by_automaton(line) for line in lines])
both = ("both", "payoff.map, Aho-Corasick", lambda: payoff.map(by_automaton, lines))
race([loop, parallel, optimised, both], judge)
