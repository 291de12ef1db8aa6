# benchmarks/faults/tools.py: each tool as its users call it, and what of its results they get
from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Body = Callable[[int], Any]
WORKERS = 2


@dataclass
class Hand:
    """What the user has in hand: results by index, and errors that stand in the place of one."""

    results: dict[int, Any] = field(default_factory=dict)
    in_place: dict[int, BaseException] = field(default_factory=dict)


Run = Callable[[Body, Sequence[int], float | None, Hand], None]


@dataclass(frozen=True)
class Tool:
    """`run` fills the hand and raises what the tool raises; with a limit of seconds where given."""

    run: Run
    needs: str = ""
    caller_works: bool = False  # it runs items, too
    threads: bool = False
    fresh: bool = False  # its workers are programs of their own, and no forks

    def missing(self) -> bool:
        return bool(self.needs) and importlib.util.find_spec(self.needs) is None


def payoff(**how: Any) -> Run:
    def run(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
        import payoff as tool

        given = dict(how)
        if limit is not None:
            given["timeout" if "timeout" in how else "deadline"] = limit
        try:
            results = tool.map(f, items, workers=WORKERS, **given)
        except BaseException as error:
            hand.results.update(getattr(error, "partial", {}))
            raise
        for index, result in enumerate(results):
            if isinstance(result, tool.Failure):
                hand.in_place[result.index] = result.exception
            else:
                hand.results[index] = result

    return run


def pool(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(WORKERS) as workers:
        results = workers.map(f, items) if limit is None else workers.map_async(f, items).get(limit)
    hand.results.update(enumerate(results))


def process_pool(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as workers:
        for index, result in enumerate(workers.map(f, items, timeout=limit)):
            hand.results[index] = result


def thread_pool(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(WORKERS) as workers:
        for index, result in enumerate(workers.map(f, items, timeout=limit)):
            hand.results[index] = result


def joblib(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
    from joblib import Parallel, delayed  # type: ignore

    workers = Parallel(n_jobs=WORKERS, return_as="generator", timeout=limit)
    for index, result in enumerate(workers(delayed(f)(item) for item in items)):
        hand.results[index] = result


def mpire(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
    from mpire import WorkerPool  # type: ignore

    with WorkerPool(n_jobs=WORKERS) as workers:
        for index, result in enumerate(workers.imap(f, items, task_timeout=limit)):
            hand.results[index] = result


def pebble(f: Body, items: Sequence[int], limit: float | None, hand: Hand) -> None:
    import multiprocessing

    from pebble import ProcessPool  # type: ignore

    context = multiprocessing.get_context("fork")
    with ProcessPool(WORKERS, context=context) as workers:
        results = workers.map(f, items, timeout=limit).result()
        for index in range(len(items)):  # its iterator goes on after an error
            try:
                hand.results[index] = next(results)
            except StopIteration:
                return
            except Exception as error:
                hand.in_place[index] = error


TOOLS = {
    "payoff": Tool(payoff(backend="fork"), "payoff", caller_works=True),
    "payoff, retries=2": Tool(payoff(backend="fork", retries=2), "payoff", caller_works=True),
    'payoff, on_error="return"': Tool(
        payoff(backend="fork", on_error="return"), "payoff", caller_works=True
    ),
    'payoff, timeout=, on_error="return"': Tool(payoff(timeout=60, on_error="return"), "payoff"),
    "Pool.map": Tool(pool),
    "ProcessPoolExecutor": Tool(process_pool),
    "joblib (loky)": Tool(joblib, "joblib", fresh=True),
    "mpire": Tool(mpire, "mpire"),
    "pebble": Tool(pebble, "pebble"),
    "ThreadPoolExecutor": Tool(thread_pool, threads=True),
}
PACKAGES = ("payoff", "joblib", "mpire", "pebble", "cloudpickle")
