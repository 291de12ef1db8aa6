# python/payoff/__init__.py: the names that users meet
"""payoff: your plain loop, until measurement says that more workers pay; then the receipt.

>>> import payoff
>>> payoff.map(abs, [-1, 2, -3])
[1, 2, 3]
"""

# Imported now, so that no loop pays for it when it looks at its function or forks.
from . import _forksafe, _reach, _transport, _worker  # noqa: F401
from ._core import Receipt
from ._errors import Error, ResultError, WorkerDied
from ._map import Plan, Run, last_receipt, map, plan, run

__version__ = "0.1.0"

__all__ = [
    "Error",
    "Plan",
    "Receipt",
    "ResultError",
    "Run",
    "WorkerDied",
    "last_receipt",
    "map",
    "plan",
    "run",
]
