# python/payoff/_bytecode.py: what a function's bytecode says: names, writes, use of the terminal
"""Read from bytecode where code stores into what it captured; cached for each code object."""

from __future__ import annotations

import opcode
import sys
from collections.abc import Iterator
from opcode import stack_effect
from types import CodeType
from typing import Any, NamedTuple

_MUTATORS = frozenset(
    "append appendleft extend extendleft insert add update pop popleft popitem remove discard clear"
    " setdefault sort reverse rotate write writelines put frombytes fromlist".split()
)
_TERMINAL = {"print": "prints", "input": "reads the terminal", "breakpoint": "starts a debugger"}
_STREAMS = ("stdout", "stderr", "stdin")
_SETATTR = frozenset(("setattr", "delattr"))
_PROGRAMS = frozenset("run call check_call Popen system".split())
_DESCRIPTORS = frozenset("read write readv writev lseek sendfile".split())
_PROCESS_WIDE = frozenset("chdir fchdir umask putenv unsetenv setlocale".split())
_CALLS = _PROGRAMS | _DESCRIPTORS | _PROCESS_WIDE  # of interest when called through a global
_WALKED = _MUTATORS | _CALLS | _SETATTR | {"globals"}
_OPS = opcode.opmap
_NAMES = opcode.opname
_WRITES = frozenset(
    _OPS[name]
    for name in "STORE_GLOBAL STORE_DEREF STORE_SUBSCR STORE_ATTR STORE_SLICE DELETE_GLOBAL"
    " DELETE_DEREF DELETE_SUBSCR DELETE_ATTR".split()
    if name in _OPS
)
_PUSH_ONE = frozenset(  # these take what they need and leave exactly one unknown value
    "BINARY_OP COMPARE_OP IS_OP CONTAINS_OP UNARY_NEGATIVE UNARY_NOT UNARY_INVERT UNARY_POSITIVE"
    " TO_BOOL BUILD_TUPLE BUILD_LIST BUILD_SET BUILD_MAP BUILD_STRING BUILD_SLICE GET_ITER"
    " BUILD_CONST_KEY_MAP FORMAT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC CONVERT_VALUE MAKE_FUNCTION"
    " SET_FUNCTION_ATTRIBUTE LOAD_CLOSURE LOAD_BUILD_CLASS LOAD_ASSERTION_ERROR CALL_INTRINSIC_1"
    " CALL_INTRINSIC_2 FOR_ITER PUSH_NULL LIST_TO_TUPLE LOAD_CONST".split()
)
_PUSH_NONE = frozenset(
    "POP_TOP LIST_APPEND SET_ADD MAP_ADD LIST_EXTEND SET_UPDATE DICT_UPDATE DICT_MERGE STORE_NAME"
    " END_FOR NOP RESUME CACHE COPY_FREE_VARS MAKE_CELL POP_JUMP_IF_TRUE POP_JUMP_IF_FALSE"
    " POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_FORWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE"
    " POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE POP_JUMP_BACKWARD_IF_TRUE"
    " POP_JUMP_BACKWARD_IF_FALSE".split()
)
_CALL = frozenset(op for name, op in _OPS.items() if name.startswith("CALL") and "INTR" not in name)
_V12 = sys.version_info >= (3, 12)
_V13 = sys.version_info >= (3, 13)
_HAS_ARGUMENT = frozenset(getattr(opcode, "hasarg", range(opcode.HAVE_ARGUMENT, 256)))
_LOAD_GLOBAL = _OPS["LOAD_GLOBAL"]
_EXTENDED_ARG = _OPS["EXTENDED_ARG"]


class _Write(NamedTuple):
    """A place where code changes what a name stands for: ``name.path = …``, ``name.path.how()``."""

    scope: str  # "global", "free", "param"
    name: str
    path: tuple[str, ...]  # attribute names; "[]" for a subscript
    how: str  # "store", "rebind", or the mutating method's name


class _GlobalCall(NamedTuple):
    """A call of a global, or of an attribute of one: ``name.path(…, keyword=…)``."""

    name: str
    path: tuple[str, ...]
    keywords: tuple[str, ...]


class _Facts(NamedTuple):
    """What is worth knowing of a code object and those nested in it; computed once, then cached."""

    code: CodeType  # held, so that its id stays its own while the entry lives
    names: tuple[str, ...]  # loaded as globals
    attributes: frozenset[str]  # all names it uses, attributes and methods among them
    writes: tuple[_Write, ...]
    calls: tuple[_GlobalCall, ...]  # those of _CALLS
    terminal: tuple[str, ...]  # print, input, … as it uses them
    streams: tuple[str, ...]  # stdout, … where it names them as attributes


_facts_cache: dict[int, _Facts] = {}  # by id: hashing a code object hashes all its bytecode


def _facts(code: CodeType) -> _Facts:
    hit = _facts_cache.get(id(code))
    if hit is not None:
        return hit
    names: dict[str, None] = {}
    attributes: set[str] = set()
    writes: list[_Write] = []
    calls: list[_GlobalCall] = []
    terminal: list[str] = []
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    todo = [(code, frozenset(code.co_freevars), frozenset(named))]
    while todo:
        part, free, params = todo.pop()
        ops = part.co_code[::2]
        loads = dict.fromkeys(_global_loads(part, ops))
        names.update(loads)
        attributes.update(part.co_names)
        asks = [name for name in _TERMINAL if name in loads]
        if asks or not _WRITES.isdisjoint(ops) or not _WALKED.isdisjoint(part.co_names):
            walk = _StackWalk(part, free, params)
            writes += walk.writes
            calls += walk.calls
            terminal += [name for name in asks if name != "print" or walk.prints > 0]
        for const in part.co_consts:
            if type(const) is CodeType:
                todo.append((const, free.intersection(const.co_freevars), frozenset()))
    if len(_facts_cache) >= 1024:
        _facts_cache.clear()
    streams = tuple(name for name in _STREAMS if name in attributes)
    used = frozenset(attributes)
    found = _Facts(code, tuple(names), used, tuple(writes), tuple(calls), tuple(terminal), streams)
    _facts_cache[id(code)] = found
    return found


def _global_loads(code: CodeType, ops: bytes) -> Iterator[str]:
    at = ops.find(_LOAD_GLOBAL)
    while at >= 0:
        arg, before, shift = code.co_code[2 * at + 1], at - 1, 8
        while before >= 0 and ops[before] == _EXTENDED_ARG:
            arg |= code.co_code[2 * before + 1] << shift
            before, shift = before - 1, shift + 8
        yield code.co_names[arg >> 1]
        at = ops.find(_LOAD_GLOBAL, at + 1)


def _effect(op: int, arg: int) -> int:
    return int(stack_effect(op, arg if op in _HAS_ARGUMENT else None, jump=False))


_Symbol = tuple[str, str, tuple[str, ...]] | None
_SLICE: _Symbol = ("slice", "", ())  # a[b:c], where c is written out in code
_GLOBALS: _Symbol = ("global", "globals()", ())


class _StackWalk:
    """Follow the code in a straight line, with a stack of "this value came from that name".

    A value whose origin is not certain is None, and gives rise to no claim. What falls through a
    conditional jump is a path that exists, so the stack is kept there; it is forgotten after an
    unconditional jump and after any opcode not known here. A local name stands for what was last
    assigned to it.
    """

    def __init__(self, code: CodeType, free: frozenset[str], params: frozenset[str]) -> None:
        self.writes: list[_Write] = []
        self.calls: list[_GlobalCall] = []
        self.prints = 0  # loads of `print` minus its calls with file=
        self._code, self._free = code, free
        self._locals: dict[str, _Symbol] = {name: ("param", name, ()) for name in params}
        self._stack: list[_Symbol] = []
        self._constant: Any = None  # the last one loaded: CALL_KW's keyword names
        self._keywords: Any = ()  # KW_NAMES, for the CALL that follows
        raw, extended = code.co_code, 0
        for at in range(0, len(raw), 2):
            op, arg = raw[at], raw[at + 1] | extended
            if op == _EXTENDED_ARG:
                extended = arg << 8
                continue
            extended = 0
            if op:  # 0 is CACHE
                self._step(_NAMES[op], op, arg)

    def _pop(self, count: int = 1) -> list[_Symbol]:
        stack = self._stack
        if len(stack) < count:
            stack[:0] = [None] * (count - len(stack))
        if not count:
            return []
        taken = stack[-count:]
        del stack[-count:]
        return taken

    def _load(self, local: int) -> _Symbol:
        name = self._code._varname_from_oparg(local)  # type: ignore[attr-defined]
        return ("free", name, ()) if name in self._free else self._locals.get(name)

    def _assign(self, local: int, symbol: _Symbol) -> None:
        name = self._code._varname_from_oparg(local)  # type: ignore[attr-defined]
        self._locals[name] = None if symbol in (_SLICE, _GLOBALS) else symbol

    def _write(self, target: _Symbol, how: str) -> None:
        if target is not None and target != _SLICE:
            self.writes.append(_Write(*target, "rebind" if target == _GLOBALS else how))

    def _call(self, taken: list[_Symbol], keywords: Any) -> _Symbol:
        """`taken` are the callable's two places on the stack, then its arguments."""
        called = next((symbol for symbol in taken[:2] if symbol), None)
        if called is None or called[0] != "global":
            return None
        _, name, path = called
        last = path[-1] if path else name
        if called == ("global", "print", ()) and "file" in keywords:
            self.prints -= 1
        elif called == ("global", "globals", ()):
            return _GLOBALS
        elif name in _SETATTR and not path and len(taken) > 2:
            self._write(taken[2], "store")
        elif last in _CALLS:
            self.calls.append(_GlobalCall(name, path, keywords))
        return None

    def _step(self, name: str, op: int, arg: int) -> None:
        push = self._stack.append
        if name in _PUSH_ONE:
            if name == "LOAD_CONST":
                self._constant = self._code.co_consts[arg]
            self._pop(1 - _effect(op, arg))
            push(_SLICE if name == "BUILD_SLICE" else None)
        elif name in _PUSH_NONE:
            self._pop(-_effect(op, arg))
        elif name == "LOAD_GLOBAL":
            of = self._code.co_names[arg >> 1]
            symbol: _Symbol = ("global", of, ())
            self.prints += of == "print"
            null: list[_Symbol] = [None] if arg & 1 else []
            self._stack += [symbol, *null] if _V13 else [*null, symbol]
        elif name in ("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_DEREF"):
            push(self._load(arg))
        elif name == "LOAD_FAST_LOAD_FAST":
            self._stack += [self._load(arg >> 4), self._load(arg & 15)]
        elif name == "LOAD_FAST_AND_CLEAR":
            self._assign(arg, None)
            push(None)
        elif name == "STORE_FAST":
            self._assign(arg, self._pop()[0])
        elif name == "DELETE_FAST":
            self._assign(arg, None)
        elif name == "STORE_FAST_LOAD_FAST":
            self._assign(arg >> 4, self._pop()[0])
            push(self._load(arg & 15))
        elif name == "STORE_FAST_STORE_FAST":
            second, first = self._pop(2)
            self._assign(arg >> 4, first)
            self._assign(arg & 15, second)
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            attribute = self._code.co_names[arg >> 1 if _V12 else arg]
            owner = self._pop()[0]
            if owner and attribute in _MUTATORS:
                self._write(owner, attribute)
            push((owner[0], owner[1], (*owner[2], attribute)) if owner else None)
            if name == "LOAD_METHOD" or (_V12 and arg & 1):
                push(None)
        elif name == "BINARY_SUBSCR":
            owner, index = self._pop(2)
            part = "[:]" if index == _SLICE else "[]"
            push((owner[0], owner[1], (*owner[2], part)) if owner else None)
        elif name == "BINARY_SLICE":
            owner = self._pop(3)[0]
            push((owner[0], owner[1], (*owner[2], "[:]")) if owner else None)
        elif name in ("STORE_SUBSCR", "STORE_SLICE"):
            self._write(self._pop(3 if name == "STORE_SUBSCR" else 4)[1], "store")
        elif name == "STORE_ATTR":
            self._write(self._pop(2)[1], "store")
        elif name in ("DELETE_SUBSCR", "DELETE_ATTR"):
            self._write(self._pop(2 if name == "DELETE_SUBSCR" else 1)[0], "store")
        elif name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            self._pop(name == "STORE_GLOBAL")
            self._write(("global", self._code.co_names[arg], ()), "rebind")
        elif name in ("STORE_DEREF", "DELETE_DEREF"):
            self._pop(name == "STORE_DEREF")
            symbol = self._load(arg)
            self._assign(arg, None)
            if symbol and symbol[0] == "free":
                self._write(symbol, "rebind")
        elif name == "COPY":
            taken = self._pop(arg)
            self._stack += [*taken, taken[0]]
        elif name == "SWAP":
            taken = self._pop(arg)
            self._stack += [taken[-1], *taken[1:-1], taken[0]]
        elif name == "KW_NAMES":
            self._keywords = self._code.co_consts[arg]
        elif name in ("CALL", "CALL_KW"):
            taken = self._pop(arg + 2 + (name == "CALL_KW"))
            keywords = self._constant if name == "CALL_KW" else self._keywords
            self._keywords = ()
            push(self._call(taken, keywords))
        elif name == "CALL_FUNCTION_EX":
            self._pop(3 + (arg & 1))
            push(None)
        elif name == "UNPACK_SEQUENCE":
            self._pop()
            self._stack += [None] * arg
        elif name != "PRECALL":
            self._stack.clear()
