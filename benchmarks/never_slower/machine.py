# benchmarks/never_slower/machine.py: the facts without which a time means nothing
from __future__ import annotations

import datetime
import os
import platform
from importlib import metadata
from typing import Any

PACKAGES = ("payoff", "numpy", "joblib", "mpire", "cloudpickle")


def facts() -> dict[str, Any]:
    """What ran this: model, cores, kernel, versions, date and load, and no name of the machine."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _after("/proc/cpuinfo", "model name") or platform.processor(),
        "cpus": os.cpu_count(),
        "usable_cpus": len(os.sched_getaffinity(0)),
        "hypervisor": "hypervisor" in _after("/proc/cpuinfo", "flags").split(),
        "memory_gb": round(_kilobytes("MemTotal") / 1e6, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libc": " ".join(platform.libc_ver()),
        "versions": {name: _version(name) for name in PACKAGES},
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    return _kilobytes("MemAvailable") * 1000


def stolen_and_total() -> tuple[float, float]:
    """Clock ticks taken by the hypervisor's other guests, and all ticks, since the start."""
    try:
        with open("/proc/stat") as stat:
            ticks = [int(word) for word in stat.readline().split()[1:9]]
    except OSError:
        return 0.0, 0.0
    return float(ticks[7]), float(sum(ticks))


def _after(path: str, key: str) -> str:
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(key):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""


def _kilobytes(key: str) -> int:
    words = _after("/proc/meminfo", key).split()
    return int(words[0]) if words else 0


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
