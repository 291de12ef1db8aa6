# tests/faults/fate.py: what programs under a limit begin with: a loop, its check, the limits
import ctypes
import gc
import json
import operator
import os
import resource
import struct
import threading  # noqa: F401
import time  # noqa: F401

import payoff

libc = ctypes.CDLL(None, use_errno=True)
ERRNO, ALLOW = 0x00050000, 0x7FFF0000  # what a seccomp filter answers


def work(x):
    y = x
    for i in range(200):
        y = (y * 31 + i) & 0xFFFF
    return y


def check(f=work, items=range(12_000), **how):
    """Runs the loop, compares it with the plain one, and prints what the receipt says."""
    results, receipt = payoff.run(f, items, **how)
    # One by one: a second list of them may be more than a limit leaves.
    assert len(results) == len(items) and all(map(operator.eq, results, map(f, items)))
    gc.collect()
    said = "; ".join([receipt.reason, *receipt.notes])
    print(json.dumps({"backend": receipt.backend, "workers": receipt.workers, "said": said}))


def forbid(*numbers, error=1):
    """These system calls fail from now on, here and in all children."""
    code = [(0x20, 0, 0, 0)]  # load the number
    for at, number in enumerate(numbers):
        code.append((0x15, len(numbers) - at, 0, number))
    code += [(0x06, 0, 0, ALLOW), (0x06, 0, 0, ERRNO | error)]
    filter_ = b"".join(struct.pack("HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(filter_)
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())


def limit(what, value):
    resource.setrlimit(what, (value, resource.getrlimit(what)[1]))


def open_files():
    return len(os.listdir("/proc/self/fd")) - 1


def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def become_another_user(uid):
    """Root is under no limit on processes. It may still read every file, so that imports work."""
    assert libc.prctl(8, 1, 0, 0, 0) == 0  # PR_SET_KEEPCAPS
    os.setresuid(uid, uid, uid)
    header = struct.pack("Ii", 0x20080522, 0)
    read_all = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, struct.pack("6I", read_all, read_all, 0, 0, 0, 0)) == 0
