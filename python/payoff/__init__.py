# python/payoff/__init__.py: the names that users meet
"""payoff: your plain loop, until measurement says that more workers pay; then the receipt.

>>> import payoff
>>> payoff.map(abs, [-1, 2, -3])
[1, 2, 3]
"""

from typing import TYPE_CHECKING

# Imported now, so that no loop pays for it when it looks at its function or forks.
from . import _forksafe, _reach, _transport, _worker  # noqa: F401
from ._core import Receipt
from ._errors import DeadlineExceeded, Error, ItemTimeout, ResultError, WorkerDied
from ._failure import Failure
from ._map import Plan, Run, last_receipt, map, plan, run

if TYPE_CHECKING:
    from . import laws
    from ._fit import Fit, fit
    from ._profile import profile
else:

    def __getattr__(name: str) -> object:
        """What no loop needs is imported by whoever asks for it."""
        if name == "laws":
            import payoff.laws as module

            return module
        if name in ("Fit", "fit"):
            from ._fit import Fit, fit

            globals().update(Fit=Fit, fit=fit)
            return globals()[name]
        if name == "profile":
            from ._profile import profile

            globals()["profile"] = profile
            return profile
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


def load_ipython_extension(shell: object) -> None:
    """%load_ext payoff: the cell magic %%payoff, which profiles a cell."""
    from ._profile import load_magic

    load_magic(shell)


__version__ = "0.1.0"

__all__ = [
    "DeadlineExceeded",
    "Error",
    "Failure",
    "Fit",
    "ItemTimeout",
    "Plan",
    "Receipt",
    "ResultError",
    "Run",
    "WorkerDied",
    "fit",
    "last_receipt",
    "laws",
    "map",
    "plan",
    "profile",
    "run",
]
