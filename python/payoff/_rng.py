# python/payoff/_rng.py: seed= gives every item its own random stream, whoever runs it
"""One Philox generator, re-keyed for each item.

Item i draws from the stream with key = SeedSequence(seed) and counter (0, 0, i, 0): streams are
2**128 blocks apart and depend on nothing but seed and index. Making a generator anew costs about
13 µs an item; re-keying one costs some nanoseconds. Philox: Salmon et al., SC'11.
"""

from __future__ import annotations

from _thread import _local
from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any


def streams(
    f: Callable[..., Any], sources: tuple[Any, ...], n: int, seed: int
) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any] | None, int]:
    """What to call, over what, with which keywords, and the state to re-key for each item."""
    rng, state, select = generator(seed)
    if state != 0:
        return f, sources, {"rng": rng}, state

    own = _local()  # each thread selects streams on a generator of its own
    own.select = select

    @wraps(f)
    def seeded(*xs: Any) -> Any:  # numpy's state has a layout we do not know
        if not hasattr(own, "select"):
            own.select = generator(seed)[2]
        return f(*xs[:-1], rng=own.select(xs[-1]))

    return seeded, (*sources, range(n)), None, 0


def copied(rng: Any) -> tuple[Any, int]:
    """A generator of its own for another thread, and the address of its state."""
    own = deepcopy(rng)
    return own, int(own.bit_generator.ctypes.state_address)


def generator(seed: int) -> tuple[Any, int, Callable[[int], Any]]:
    """(generator, address of its state or 0, select).

    With an address, the strip iterator re-keys by writing numpy's state, whose layout has been
    checked here against numpy's public interface. Without, `select(i)` does it the public way.
    """
    try:
        import numpy as np
    except ImportError:
        raise ImportError(
            "seed= gives every item a numpy.random.Generator, and numpy is not installed; "
            "pip install numpy, or seed a generator of your own inside the function"
        ) from None
    key = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    philox = np.random.Philox(counter=0, key=key)
    rng = np.random.Generator(philox)

    def select(index: int) -> Any:
        philox.state = np.random.Philox(counter=[0, 0, index, 0], key=key).state
        return rng

    address = int(philox.ctypes.state_address)
    return rng, address if _layout_is_known(address, rng, select) else 0, select


def _layout_is_known(address: int, rng: Any, select: Callable[[int], Any]) -> bool:
    """Do direct writes and numpy's own interface give the same numbers?"""
    from ._core import rekey

    for index in (0, 1, 2**40 + 7):
        select(index)
        want = rng.bytes(12), float(rng.random()), float(rng.standard_normal())
        select(index + 1)
        rng.integers(0, 10, dtype="uint32")  # leaves half a word behind
        rekey(address, index)
        if (rng.bytes(12), float(rng.random()), float(rng.standard_normal())) != want:
            return False
    return True
