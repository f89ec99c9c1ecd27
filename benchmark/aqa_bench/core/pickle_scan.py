"""A look through a pickle before it is read: whether it costs more than its length lets one expect.

Unpickling runs a program. Nine bytes make room for four gigabytes (the index of a memo), a megabyte of
nested tuples overflows the stack when the outermost is hashed, and a few hundred bytes hold a structure that
takes longer than the universe to print, since each list holds the one before twice. The scan walks the
opcodes once, with a model of the stack that knows of every value how deep it is, how many values and how much
text it would be written out; it refuses at the first opcode that passes a bound.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Sequence
from typing import Final

__all__ = ["MAX_DEPTH", "MAX_OPCODES", "PickleBoundError", "scan_pickle"]

MAX_OPCODES = 1_000_000
"""Most opcodes of a pickle; published annotations have some ten thousand."""
MAX_DEPTH = 64
"""Deepest nesting of containers."""

_MAX_VALUES = 2 * MAX_OPCODES
_MAX_BITS, _KEY_BITS = 512, 64
_KEY_VALUES = 32
# Hashes of tuples can be made to collide, which makes a dictionary quadratic.
_TUPLE_KEYS = 10_000
_MEMO = 1024
_SPARE_BYTES = 1 << 16
_FRAME_OPCODE = 9

_NUMBERS = frozenset({"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"})
_PLAIN = frozenset({"NONE", "NEWTRUE", "NEWFALSE", "FLOAT", "BINFLOAT", "GLOBAL"})
_TEXTS = frozenset(
    {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
     "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
)  # fmt: skip
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class PickleBoundError(Exception):
    """A pickle passes a bound.

    Attributes:
        expected: What is allowed.
        found: What stands there, with its place in the file.
    """

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


class _Value:
    """What is known of a value: never the value itself."""

    __slots__ = ("closed", "depth", "is_key", "is_tuple", "text", "values")

    def __init__(
        self, text: int = 0, *, is_key: bool = True, is_tuple: bool = False, closed: bool = True
    ) -> None:
        self.depth = 0
        self.values = 1
        self.text = text
        self.is_key = is_key
        self.is_tuple = is_tuple
        self.closed = closed


_SMALL: Final = _Value()
_LARGE: Final = _Value(is_key=False)


def scan_pickle(content: bytes) -> None:
    """Refuse a pickle that takes more memory, stack or time than its length lets one expect.

    Args:
        content: The pickle.

    Raises:
        PickleBoundError: It passes a bound, holds a container that changes inside another one (and so may
            hold itself), uses an opcode that plain data do not need, or is damaged.
    """
    scan = _Scan(len(content))
    position = 0
    try:
        for count, (opcode, argument, at) in enumerate(pickletools.genops(io.BytesIO(content))):
            position = at or 0
            scan.enter(position)
            if count >= MAX_OPCODES:
                raise _Refusal(f"at most {MAX_OPCODES:,} opcodes", "more")
            scan.step(opcode.name, argument)
    except _Refusal as error:
        raise PickleBoundError(error.expected, f"{error.found}, at byte {position}") from None
    except (ValueError, LookupError, OverflowError) as error:
        found = str(error) if isinstance(error, ValueError) else "an opcode without its values"
        raise PickleBoundError(
            "an undamaged pickle of plain data", f"{found:.200}, after byte {position}"
        ) from error


class _Refusal(Exception):  # noqa: N818 - becomes an error when its place is known
    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


class _Scan:
    def __init__(self, length: int) -> None:
        self._length = length
        self._text = 4 * length + _SPARE_BYTES
        self._position = 0
        self._frame: int | None = None
        self._made = 0
        self._tuple_keys = 0
        self._stack: list[_Value] = []
        self._marks: list[list[_Value]] = []
        self._memo: dict[int, _Value] = {}

    def enter(self, position: int) -> None:
        """Begin an opcode: a frame may end before it, and nowhere within the last one."""
        if self._frame is not None and position >= self._frame:
            if position > self._frame:
                raise _Refusal("frames of whole opcodes", "a frame that ends within the opcode before")
            self._frame = None
        self._position = position

    def step(self, name: str, argument: object) -> None:
        """Follow one opcode."""
        stack = self._stack
        if name in _PLAIN:
            stack.append(_SMALL)
        elif name in _NUMBERS:
            stack.append(_number(argument))
        elif name in _TEXTS:
            size = len(argument) if isinstance(argument, str | bytes | bytearray) else 0
            stack.append(_Value(size, is_key=name != "BYTEARRAY8"))
        elif name in _TUPLES:
            self._put(self._pop(_TUPLES[name]), is_tuple=True)
        elif name == "TUPLE":
            self._put(self._popped(), is_tuple=True)
        elif name in ("EMPTY_LIST", "EMPTY_DICT"):
            stack.append(_Value(is_key=False, closed=False))
        elif name in ("LIST", "DICT"):
            values = self._popped()
            self._put(values, closed=False)
            if name == "DICT":
                self._check_keys(values)
        elif name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
            values = self._popped() if name.endswith("S") else self._pop(2 if name == "SETITEM" else 1)
            if name.startswith("SET"):
                self._check_keys(values)
            self._fill(self._stack[-1], values)
        elif name in ("REDUCE", "NEWOBJ", "BUILD", "STACK_GLOBAL"):
            self._make(self._pop(2))
        else:
            self._other(name, argument)

    def _other(self, name: str, argument: object) -> None:
        if name == "MARK":
            self._marks.append(self._stack)
            self._stack = []
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            index = argument if isinstance(argument, int) else len(self._memo)
            most = max(_MEMO, self._length)
            if not 0 <= index <= most:
                raise _Refusal(f"at most {most:,} memo entries in {self._length:,} bytes", f"entry {index:,}")
            self._memo[index] = self._stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])  # type: ignore[index]
        elif name == "STOP":
            self._pop(1)
        elif name == "FRAME":
            self._frame = self._position + _FRAME_OPCODE + int(str(argument))
            if self._frame > self._length:
                raise _Refusal("frames that the file holds", "one that goes on after its end")
        elif name != "PROTO":
            raise _Refusal("opcodes of plain data", f"the opcode {name}")

    def _pop(self, count: int) -> list[_Value]:
        if len(self._stack) < count:
            raise IndexError
        values = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return values

    def _popped(self) -> list[_Value]:
        values, self._stack = self._stack, self._marks.pop()
        return values

    def _put(self, values: Sequence[_Value], *, is_tuple: bool = False, closed: bool = True) -> None:
        is_key = is_tuple and all(value.is_key for value in values)
        made = _Value(is_key=is_key, is_tuple=is_tuple, closed=closed)
        self._hold(made, values)
        self._stack.append(made)

    def _fill(self, container: _Value, values: Sequence[_Value]) -> None:
        for value in values:
            value.closed = True
        # With a container that changes later, what is known of those that hold it would be wrong.
        if container.closed:
            expected = "lists and dictionaries that are filled before others hold them"
            raise _Refusal(expected, "something else that is filled")
        self._hold(container, values)

    def _hold(self, container: _Value, values: Sequence[_Value]) -> None:
        for value in values:
            value.closed = True
            container.values += value.values
            container.text += value.text
            container.depth = max(container.depth, value.depth + 1)
        if container.depth > MAX_DEPTH:
            raise _Refusal(f"containers at most {MAX_DEPTH} deep", "deeper nesting")
        if container.values > _MAX_VALUES or container.text > self._text:
            raise _Refusal(
                "no more content than the file's length lets one expect", "content repeated many times"
            )

    def _make(self, values: Sequence[_Value]) -> None:
        """A call, which may copy all the text that it is given."""
        self._made += sum(value.text for value in values)
        if self._made > self._text:
            raise _Refusal(
                "no more copies than the file's length lets one expect", "a text copied many times"
            )
        made = _Value(sum(value.text for value in values), closed=False)
        made.depth = max(value.depth for value in values)
        made.values = sum(value.values for value in values)
        self._stack.append(made)

    def _check_keys(self, values: Sequence[_Value]) -> None:
        for key in values[::2]:
            self._tuple_keys += key.is_tuple
            if not key.is_key or key.values > _KEY_VALUES:
                raise _Refusal("keys that are short texts, numbers or tuples of few", "a key of another kind")
            if self._tuple_keys > _TUPLE_KEYS:
                raise _Refusal(f"at most {_TUPLE_KEYS:,} keys that are tuples", "more")


def _number(argument: object) -> _Value:
    bits = argument.bit_length() if isinstance(argument, int) else 0
    if bits > _MAX_BITS:
        raise _Refusal(f"whole numbers of at most {_MAX_BITS} bits", f"one of {bits:,}")
    return _SMALL if bits <= _KEY_BITS else _LARGE
