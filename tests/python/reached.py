# tests/python/reached.py: functions that reach a value, and what payoff says of them
from payoff._reach import watch


def refusal(f, *items):
    return watch(f, items or (range(100),)).refusal()


def reads(value):
    return lambda x: (value, x)


class Holder:
    def __init__(self, value):
        self.value = value


class Slots:
    __slots__ = ("empty", "value")

    def __init__(self, value):
        self.value = value
