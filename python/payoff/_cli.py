# python/payoff/_cli.py: the command `payoff`, as installed by the wheel
"""The C++ main, called through the module."""

import sys

from ._core import cli_main


def main() -> int:
    return cli_main(["payoff", *sys.argv[1:]])
