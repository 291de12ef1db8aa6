# python/payoff/_cli.py: the command `payoff`, as installed by the wheel
"""The C++ main, called through the module."""

import os
import sys

from ._core import cli_main


def main() -> int:
    words = [os.fsencode(word) for word in ["payoff", *sys.argv[1:]]]
    package = os.path.dirname(os.path.abspath(__file__))
    return cli_main(words, os.fsencode(sys.executable or ""), os.fsencode(package))
