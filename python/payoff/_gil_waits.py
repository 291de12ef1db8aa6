# python/payoff/_gil_waits.py: what `payoff calibrate` runs to see how long threads wait for the GIL
"""Python code that computes until somebody else has had the GIL."""


def compute_until(done: list[None]) -> None:
    while not done:
        pass
