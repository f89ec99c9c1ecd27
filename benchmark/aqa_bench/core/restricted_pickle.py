"""Old pickles read without running code: plain containers and numpy numbers, nothing else.

They are scanned first (:mod:`aqa_bench.core.pickle_scan`), so that what they take is bounded by their length.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.pickle_scan import PickleBoundError, scan_pickle

__all__ = ["MAX_BYTES", "read_pickle", "unpickle"]

MAX_BYTES = 8 << 20
"""Largest pickle that is read; annotation files are below 2 MB."""

_NUMBERS = "biuf"
_TYPE_NAME = 16
_DIMENSIONS = 8
_REMEDY = (
    "Download the file from its original source. If it is the original, do not open it with pickle either."
)


class _Kind:
    """What a pickle says of a numpy type; numpy's own types never see the pickle's state."""

    __slots__ = ("_dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype

    def __setstate__(self, state: Any) -> None:
        if state[1] == ">":
            self._dtype = self._dtype.newbyteorder(">")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type."""
        return self._dtype


class _Dtype:
    """Stands in for ``numpy.dtype``: boolean, integer and floating-point types only."""

    __slots__ = ()

    def __call__(self, spec: object, *_: object) -> _Kind:
        kind: np.dtype[Any] = np.dtype(spec if isinstance(spec, str) and len(spec) <= _TYPE_NAME else "V")
        if kind.kind not in _NUMBERS:
            raise pickle.UnpicklingError(f"numpy data of type {kind}")
        return _Kind(kind)


class _Scalar:
    """Stands in for numpy's reconstruction of a scalar."""

    __slots__ = ()

    def __call__(self, kind: object, content: str | bytes) -> object:
        data = content.encode("latin-1") if isinstance(content, str) else content
        return np.frombuffer(data, dtype=_number(kind), count=1)[0]


class _Array:
    """Stands in for numpy's reconstruction of an empty array, which its state then fills."""

    __slots__ = ()

    def __call__(self, *_: object) -> np.ndarray[Any, Any]:
        return _StrictArray((0,), dtype=np.int8)


class _StrictArray(np.ndarray[Any, Any]):
    """An array whose pickled state cannot smuggle in Python objects."""

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, content = state
        data = content.encode("latin-1") if isinstance(content, str) else content
        # NumPy counts with numbers that overflow, and an empty array of a billion rows is a list of as many.
        lengths = all(type(length) is int and 0 <= length <= MAX_BYTES for length in shape)
        if not lengths or len(shape) > _DIMENSIONS or (0 in shape and shape[0] != 0):
            raise pickle.UnpicklingError(f"an array of shape {shape!r:.60}")
        if math.prod(shape) * _number(kind).itemsize != len(data):
            raise pickle.UnpicklingError(f"{len(data)} bytes in an array of shape {shape}")
        super().__setstate__((1, shape, _number(kind), fortran, data))


class _Encode:
    """Stands in for ``_codecs.encode``, which Python 3 writes for bytes under old protocols."""

    __slots__ = ()

    def __call__(self, text: str, encoding: str) -> bytes:
        if encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"bytes in the encoding {encoding}")
        return text.encode("latin-1")


class _EmptyBytes:
    """Stands in for ``bytes``, which old protocols call for bytes of no length alone."""

    __slots__ = ()

    def __call__(self) -> bytes:
        return b""


class _Nothing:
    """Stands in for a class that the reconstruction of arrays names and does not need."""

    __slots__ = ()


_ALLOWED: Mapping[tuple[str, str], object] = MappingProxyType(
    {
        ("numpy", "dtype"): _Dtype(),
        ("numpy", "ndarray"): _Nothing(),
        ("_codecs", "encode"): _Encode(),
        ("builtins", "bytes"): _EmptyBytes(),
        ("__builtin__", "bytes"): _EmptyBytes(),
        **{
            (f"numpy.{core}.multiarray", name): made
            for core in ("core", "_core")
            for name, made in (("scalar", _Scalar()), ("_reconstruct", _Array()))
        },
    }
)


class _ForbiddenGlobalError(Exception):
    """A pickle asked for a global outside of the list."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _ForbiddenGlobalError(f"{module}.{name}") from None


def unpickle(content: bytes, where: str | Path) -> object:
    """Read a pickle of any protocol that holds data alone.

    Text of Python 2 is decoded as Latin-1. Besides Python's own numbers, texts and containers, numpy's
    booleans, integers and floats may occur, alone or in arrays. No other global is ever looked up, so
    that no code of the file's choosing runs.

    Args:
        content: The file's content.
        where: Its name, for errors.

    Returns:
        What it holds.

    Raises:
        DataError: It names any other global, is damaged, is larger than :data:`MAX_BYTES`, or would take
            more memory, stack or time than its length lets one expect.

    Example:
        >>> import pickle
        >>> unpickle(pickle.dumps({(1, 2): {"final_score": 88.0}}), "annotations.pkl")
        {(1, 2): {'final_score': 88.0}}
    """
    if len(content) > MAX_BYTES:
        raise _refused(where, f"at most {MAX_BYTES:,} bytes", f"{len(content):,} bytes")
    try:
        scan_pickle(content)
        # find_class answers from a fixed list, so this is not the usual hole.
        found: object = _Unpickler(io.BytesIO(content), encoding="latin-1").load()
    except _ForbiddenGlobalError as error:
        raise _refused(
            where, "only numbers, texts, containers and numpy numbers", f"the global {error}"
        ) from None
    except PickleBoundError as error:
        raise _refused(where, error.expected, error.found) from error
    except Exception as error:
        # A damaged pickle fails in any of a dozen ways.
        reason = str(error) or type(error).__name__
        raise _refused(where, "an undamaged pickle of plain data", reason) from error
    return found


def read_pickle(path: Path) -> object:
    """Read a pickle file as :func:`unpickle` does.

    Raises:
        DataError: As :func:`unpickle`; or the file cannot be read.
    """
    try:
        content = read_bounded(path, MAX_BYTES)
    except OSError as error:
        raise DataError(
            "An annotation file could not be read.",
            where=path,
            expected=f"a readable file of at most {MAX_BYTES:,} bytes",
            found=error.strerror,
            remedy="Fix its permissions, or download it again.",
        ) from error
    return unpickle(content, path)


def _number(kind: object) -> np.dtype[Any]:
    if not isinstance(kind, _Kind):
        raise pickle.UnpicklingError(f"numpy data of type {kind}")
    return kind.dtype


def _refused(where: str | Path, expected: str, found: str) -> DataError:
    return DataError(
        "A pickle file was refused.", where=where, expected=expected, found=found, remedy=_REMEDY
    )
