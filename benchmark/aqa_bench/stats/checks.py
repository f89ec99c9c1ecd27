"""Validation of the arrays that enter the statistics."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.core.errors import DataError, UsageError

__all__ = ["binary_array", "choice", "finite_array", "pair", "score_range"]


def choice(name: str, value: str, known: Iterable[str]) -> str:
    """Return ``value`` if it is one of the known ids.

    Args:
        name: What the id stands for, as the error calls it.
        value: The id asked for.
        known: The ids that exist.

    Raises:
        UsageError: If the id is unknown; the closest known one is suggested.
    """
    known = list(known)
    if value in known:
        return value
    close = difflib.get_close_matches(str(value), known, n=1)
    raise UsageError(
        f"unknown {name} {value!r}",
        expected=", ".join(known),
        found=repr(value),
        remedy=f"did you mean {close[0]!r}?" if close else None,
    )


def finite_array(
    name: str, values: ArrayLike, *, ndim: int = 1, allow_nan: bool = False
) -> NDArray[np.float64]:
    """Convert to float64 and reject what no statistic is defined on.

    Args:
        name: How the error calls the array.
        values: Numbers or booleans.
        ndim: Number of axes expected.
        allow_nan: Whether NaN may stand for "not tested"; infinities are rejected in any case.

    Returns:
        The values as float64, of shape ``(n,)`` or ``(n, K)``; a view where no conversion is needed.

    Raises:
        DataError: If the values are not numbers, have another number of axes, are empty, or hold NaN or inf.
            The error tells how many are not finite and the index of the first.
    """
    try:
        raw = np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"{name} is ragged", where=name, expected="an array of numbers", found=error
        ) from error
    if raw.dtype.kind not in "biuf":
        raise DataError(f"{name} is not numeric", where=name, expected="numbers", found=f"dtype {raw.dtype}")
    if raw.ndim != ndim:
        raise DataError(
            f"{name} has the wrong number of axes",
            where=name,
            expected=f"{ndim} axes",
            found=f"shape {raw.shape}",
            remedy="pass one column as values[:, None]" if (ndim, raw.ndim) == (2, 1) else None,
        )
    if raw.size == 0:
        raise DataError(
            f"{name} is empty", where=name, expected="at least one value", found=f"shape {raw.shape}"
        )
    array = raw.astype(np.float64, copy=False)
    bad = np.isinf(array) if allow_nan else ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} has values that are not finite",
            where=name,
            expected="finite numbers" + (", or NaN where a sample was not tested" if allow_nan else ""),
            found=f"{int(bad.sum())} of {bad.size}, the first at index {first[0] if ndim == 1 else first}",
        )
    return array


def binary_array(
    name: str, values: ArrayLike, *, ndim: int = 1, allow_nan: bool = False
) -> NDArray[np.float64]:
    """Convert to float64 and reject everything but 0 and 1 (and NaN where it is allowed).

    Args:
        name: How the error calls the array.
        values: Zeros and ones, or booleans.
        ndim: Number of axes expected.
        allow_nan: Whether NaN may stand for "not tested".

    Returns:
        The values as float64.

    Raises:
        DataError: As `finite_array`, or if there is a value other than 0 and 1.
    """
    array = finite_array(name, values, ndim=ndim, allow_nan=allow_nan)
    bad = ~((array == 0) | (array == 1) | np.isnan(array))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} has values other than 0 and 1",
            where=name,
            expected="0 (good) or 1 (error)",
            found=f"{int(bad.sum())} of {bad.size}, the first is {array[first]:g} "
            f"at index {first[0] if ndim == 1 else first}",
            remedy="apply a threshold to scores first",
        )
    return array


def pair(
    y: ArrayLike, values: ArrayLike, *, binary_y: bool, binary_values: bool, name: str = "scores"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check targets against one value per sample.

    Args:
        y: Targets, ``(n,)``.
        values: Decisions or scores, ``(n,)``.
        binary_y: Whether the targets must be 0 or 1.
        binary_values: Whether the values must be 0 or 1.
        name: How the error calls the values.

    Returns:
        Both as float64 of shape ``(n,)``.

    Raises:
        DataError: If either is malformed or their lengths differ.
    """
    targets = (binary_array if binary_y else finite_array)("y", y)
    array = (binary_array if binary_values else finite_array)(name, values)
    if targets.shape != array.shape:
        raise DataError(
            f"y and {name} differ in length", expected=f"{len(targets)} {name}", found=f"{len(array)} {name}"
        )
    return targets, array


def score_range(train_range: tuple[float, float] | None) -> tuple[float, float]:
    """Check the range of the training targets.

    Raises:
        DataError: If the range is missing, not finite or not increasing.
    """
    if train_range is None or not all(map(math.isfinite, train_range)) or train_range[0] >= train_range[1]:
        raise DataError(
            "no usable range of the training targets",
            where="train_range",
            expected="(low, high), finite, low < high",
            found=train_range if train_range is not None else "none",
            remedy="pass the smallest and the largest target of the training split",
        )
    return float(train_range[0]), float(train_range[1])
