# tests/python/side_by_side.py: a program with and without `payoff profile`, side by side
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

INSTALLED = Path(sys.executable).with_name("payoff")
MAIN = "import sys; from payoff._cli import main; sys.exit(main())"
PAYOFF = [str(INSTALLED)] if INSTALLED.exists() else [sys.executable, "-c", MAIN]
PROFILE = [*PAYOFF, "profile"]


@dataclass
class Done:
    """How a program ended, and what the tool added."""

    code: int
    stdout: bytes
    stderr: bytes
    summary: bytes = b""
    profile: dict = field(default_factory=dict)

    def seen(self):
        """(code, stdout, stderr): all that others see of the program."""
        return self.code, self.stdout, self.stderr


def run(words, timeout=40, **how):
    done = subprocess.run(words, capture_output=True, timeout=timeout, **how)
    return Done(done.returncode, done.stdout, done.stderr)


def side_by_side(folder, words, options=(), **how):
    """(plain, profiled): `python words…` and `payoff profile words…`; stderr without the summary.

    Fails when the profiled program's stderr does not begin with that of the plain one.
    """
    plain = run([sys.executable, *words], **how)
    return plain, profiled(folder, words, plain.stderr, options, **how)


def profiled(folder, words, stderr=None, options=(), **how):
    kept = Path(folder) / "kept.json"
    kept.unlink(missing_ok=True)
    done = run([*PROFILE, "-o", str(kept), *options, *words], **how)
    if stderr is not None:
        assert done.stderr.startswith(stderr), done.stderr.decode(errors="replace")
        done.stderr, done.summary = stderr, done.stderr[len(stderr) :]
    done.profile = json.loads(kept.read_bytes())
    return done


def samples(profile):
    """How many looks at a thread the profile holds."""
    return sum(process["quality"]["samples"] for process in profile["processes"])


def functions(profile):
    """Names of all functions seen."""
    strings = profile["strings"]
    return {strings[function] for function in profile["frames"][::4]}


def notes(profile):
    return [note for process in profile["processes"] for note in process["quality"]["notes"]]
