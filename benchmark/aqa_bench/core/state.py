"""What a fitted method is: plain JSON and arrays, kept as one safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from aqa_bench.core.bounded import DOCUMENT_BYTES, parse_json, read_bounded
from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.sealed import Damaged, blank_stamp, check_stamp, stamped

__all__ = ["STATE_BYTES", "HasState", "State", "pack_state", "read_state", "unpack_state"]

STATE_BYTES = 1 << 32
"""Largest state that is kept or read: 4 GiB."""

_SEAL = "model-state", 1
_KEY = "aqa-bench"
_PREFIX = 8
_TYPES = frozenset({"bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))})
_NUMBERS = _TYPES | {"float16", "float32", "float64"}
_REMEDY = "Save the model again (aqa-bench run ... --save-model DIR)."


@dataclass(frozen=True)
class State:
    """What a fitted method is.

    Attributes:
        facts: Plain JSON.
        arrays: Arrays of numbers by name.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def joined(cls, **parts: State) -> State:
        """Several states as one; :meth:`part` gives them back."""
        arrays = {
            f"{name}.{key}": array for name, part in parts.items() for key, array in part.arrays.items()
        }
        return cls({name: dict(part.facts) for name, part in parts.items()}, arrays)

    def part(self, name: str) -> State:
        """One of the states that were joined.

        Raises:
            DataError: There is none of that name.
        """
        facts = self.fact(name)
        if not isinstance(facts, dict):
            raise _unfit(f"the part {name}", type(facts).__name__)
        start = f"{name}."
        found = {key.removeprefix(start): a for key, a in self.arrays.items() if key.startswith(start)}
        return State(facts, found)

    def fact(self, name: str) -> Any:
        """A value of the JSON.

        Raises:
            DataError: There is none of that name.
        """
        if name not in self.facts:
            raise _unfit(name, ", ".join(map(str, self.facts)) or "nothing")
        return self.facts[name]

    def array(self, name: str) -> npt.NDArray[Any]:
        """An array.

        Raises:
            DataError: There is none of that name.
        """
        if name not in self.arrays:
            raise _unfit(f"the array {name}", ", ".join(list(self.arrays)[:8]) or "none")
        return self.arrays[name]


@runtime_checkable
class HasState(Protocol):
    """A fitted method that says itself what it is."""

    def state(self) -> State:
        """All that :meth:`aqa_bench.core.method.Method.restore` needs to make it again."""
        ...


def pack_state(state: State) -> bytes:
    """A state as the content of a safetensors file, with its digest inside; equal states give equal bytes.

    Raises:
        MethodError: It holds what is neither plain JSON nor an array of numbers, or is too large.
    """
    from safetensors.numpy import save

    arrays = {name: np.asarray(array) for name, array in state.arrays.items()}
    odd = [f"{name} ({array.dtype})" for name, array in arrays.items() if str(array.dtype) not in _NUMBERS]
    size = sum(array.nbytes for array in arrays.values())
    if odd or size > STATE_BYTES:
        found = ", ".join(odd[:5]) or f"{size:,} bytes"
        raise _unkept(f"arrays of numbers, of at most {STATE_BYTES:,} bytes", found)
    # Products of matrices differ in the last digit with the order in memory, which the format has not.
    columns = sorted(n for n, a in arrays.items() if a.flags.f_contiguous and not a.flags.c_contiguous)
    plain = {name: _in_rows(array.T if name in columns else array) for name, array in arrays.items()}
    try:
        told = canonical_json({"facts": state.facts, "columns": columns, "seal": blank_stamp(*_SEAL)})
    except (TypeError, ValueError) as error:
        raise _unkept("plain JSON without NaN", str(error)) from error
    if len(told) > DOCUMENT_BYTES // 4:
        raise _unkept(
            f"at most {DOCUMENT_BYTES // 4:,} characters of JSON; store long lists as arrays",
            f"{len(told):,}",
        )
    # One entry, since the order of several is drawn.
    return stamped(save(plain, {_KEY: told}), *_SEAL)


def unpack_state(content: bytes, where: Path | str) -> State:
    """The state of a content of :func:`pack_state`; its arrays may be written to.

    Args:
        content: All of it.
        where: Where it was read, for errors.

    Raises:
        Damaged: It is not what was written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    place = Path(where)
    try:
        length = int.from_bytes(content[:_PREFIX], "little")
        if not 0 < length <= min(DOCUMENT_BYTES, len(content) - _PREFIX):
            raise ValueError(f"a header of {length:,} bytes in {len(content):,}")
        check_stamp(place, content, *_SEAL, remedy=_REMEDY)
        header = parse_json(content[_PREFIX : _PREFIX + length])
        told = parse_json(header["__metadata__"][_KEY])
        facts, columns = told["facts"], told["columns"]
        if not isinstance(facts, dict) or not isinstance(columns, list):
            raise ValueError("no metadata of a model")
        arrays = {name: np.array(array) for name, array in load(content).items()}
        arrays |= {name: arrays[name].T for name in columns}
    except Damaged:
        raise
    except (
        SafetensorError,
        ValueError,
        KeyError,
        TypeError,
        OverflowError,
        MemoryError,
        RecursionError,
    ) as error:
        found = f"{type(error).__name__}: {str(error)[:200]}"
        raise Damaged(
            "The state of a saved model cannot be read.",
            where=place,
            expected="a safetensors file of aqa-bench",
            found=found,
            remedy=_REMEDY,
        ) from error
    return State(facts, arrays)


def read_state(path: Path) -> State:
    """The state that a file of :func:`pack_state` keeps.

    Raises:
        Damaged: It is missing, larger than :data:`STATE_BYTES`, or not what was written.
    """
    try:
        content = read_bounded(path, STATE_BYTES + DOCUMENT_BYTES)
    except OSError as error:
        raise Damaged(
            "The state of a saved model cannot be read.",
            where=path,
            expected="a safetensors file",
            found=error.strerror or str(error),
            remedy=_REMEDY,
        ) from error
    return unpack_state(content, path)


def _in_rows(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # NumPy gives arrays without dimensions one.
    return np.ascontiguousarray(array).reshape(array.shape)


def _unfit(expected: str, found: str) -> DataError:
    return DataError(
        "The state of a saved model does not belong to this method.",
        expected=expected,
        found=found,
        remedy=_REMEDY,
    )


def _unkept(expected: str, found: str) -> MethodError:
    return MethodError(
        "The fitted method cannot be saved.",
        expected=expected,
        found=found,
        remedy="Correct the state of its predictor, or run without --save-model.",
    )
