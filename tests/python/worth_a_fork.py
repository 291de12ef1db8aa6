# tests/python/worth_a_fork.py: how long items must take for workers to pay, in this process
import time

import payoff


def _busy(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def seconds_each(items):
    """A process that has run thousands of tests has large page tables, and its forks are dear."""
    candidates = payoff.plan(_busy, [0.001] * items, workers=2).candidates
    return max(0.001, 30 * max(candidate["price"] for candidate in candidates) / items)
