# benchmarks/never_slower/work.py: the bodies; counted work, no body ever looks at a clock
from __future__ import annotations

import hashlib
import random
import zlib
from typing import Any

BUFFER = random.Random(1).randbytes(102_400)
ARRAY: list[Any] = []
FLOATS: list[float] = []
FLOATS_PER_ITEM = 31_250
KILOBYTES_64 = 65_536
FLOATS_IN_5_MB = 655_360


def square(x: int) -> int:
    """The shortest body anyone maps: about 50 ns for a small int, more for one of many digits."""
    return x * x & 0x7FFFFFFF


def burn(steps: int) -> int:
    """`steps` rounds of interpreted arithmetic on small ints, so without memory traffic."""
    x = steps
    for _ in range(steps):
        x = x * 5 & 1023
    return x


def payload(steps: int) -> bytes:
    """As `burn`, with 64 KB to bring home."""
    return bytes((burn(steps) & 255,)) * KILOBYTES_64


def large_array(steps: int) -> Any:
    """As `burn`, with a 5 MB array to bring home."""
    import numpy

    return numpy.full(FLOATS_IN_5_MB, float(burn(steps)))


def make_floats(count: int) -> None:
    """1 GB of Python floats is 31 250 000 of them: 24 bytes each and 8 in the list."""
    FLOATS[:] = [i * 0.5 for i in range(count)]


def read_floats(start: int) -> float:
    """Reading a Python float writes its reference count: copy-on-write makes that dear."""
    total = 0.0
    for i in range(start, start + FLOATS_PER_ITEM):
        total += FLOATS[i]
    return total


def compress(_: int) -> int:
    return len(zlib.compress(BUFFER))


def digest(_: int) -> bytes:
    return hashlib.sha256(BUFFER).digest()


def digest_2kb(start: int) -> bytes:
    return hashlib.sha256(BUFFER[start & 1023 : (start & 1023) + 2048]).digest()


def sines(_: int) -> float:
    import numpy

    return float(numpy.sin(ARRAY[0]).sum())


def make_array() -> None:
    import numpy

    ARRAY[:] = [numpy.arange(12_800.0)]
