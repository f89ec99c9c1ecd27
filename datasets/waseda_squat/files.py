"""Reading one pose file, with every fault it can have turned into a clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.bounded import DOCUMENT_BYTES, parse_json
from aqa_bench.core.errors import DataError
from aqa_bench.media.source import MediaFile

from .release import DISTANCES

__all__ = ["parse_distances", "read_distances"]

_KEY = "3d_joint"
_MOST_BYTES = DOCUMENT_BYTES
_EXPECTED = (
    f'JSON {{"0": {{"index": 0, "{_KEY}": [{DISTANCES} numbers]}}, "1": ...}}: distances of joints by frame'
)


def read_distances(file: MediaFile) -> npt.NDArray[np.float32]:
    """Read and check one pose file.

    Returns:
        ``(T, 171)`` float32: distances between HMR's 19 joints in every frame of the file, upper
        triangle row by row, about in metres. The release calls them ``3d_joint``.

    Raises:
        DataError: The file is missing, truncated, no such JSON, has a gap in its frames, or its values
            cannot be distances.
    """
    if file.size > _MOST_BYTES:
        raise _damaged(str(file), f"{file.size:,} bytes")
    return parse_distances(file.read_bytes(), str(file))


def parse_distances(content: bytes, where: str) -> npt.NDArray[np.float32]:
    """Check the content of one file; ``where`` is named in errors only.

    Raises:
        DataError: As :func:`read_distances`.
    """
    try:
        document = parse_json(content, _unique)
    except ValueError as error:
        found = (
            "an empty file"
            if not content.strip()
            else f"{len(content)} bytes that are truncated or damaged: {error}"
        )
        raise _damaged(where, found) from error
    if not isinstance(document, dict) or not document:
        raise _damaged(where, "no frames" if document == {} else f"a {type(document).__name__}")
    frames = [_frame(document, number, where) for number in range(len(document))]
    with np.errstate(over="ignore"):
        values = np.array(frames, dtype=np.float64).astype(np.float32)
    _check_values(values, where)
    return values


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} occurs twice")
    return document


def _frame(document: dict[str, Any], number: int, where: str) -> list[float]:
    frame = document.get(str(number))
    if frame is None:
        raise _damaged(where, f"{len(document)} frames, but none numbered {number}")
    if not isinstance(frame, dict) or _KEY not in frame:
        raise _damaged(where, f"frame {number} without {_KEY!r}")
    if frame.get("index", number) != number:
        raise _damaged(where, f"frame {number} says that its index is {frame['index']!r}")
    values = frame[_KEY]
    if not isinstance(values, list) or len(values) != DISTANCES:
        found = f"{len(values)} numbers" if isinstance(values, list) else f"a {type(values).__name__}"
        raise _damaged(where, f"{found} in frame {number}")
    odd = next((v for v in values if type(v) not in (int, float)), None)
    if odd is not None or None in values:
        raise _damaged(where, f"{odd!r} in frame {number}, which is not a number")
    return values


def _check_values(values: npt.NDArray[np.float32], where: str) -> None:
    for bad, what in (
        (~np.isfinite(values), "NaN or infinity"),
        (values < 0, "negative distances"),
        (np.where(values.any(axis=1, keepdims=True), False, True), "only zeros"),
    ):
        frames = np.flatnonzero(bad.any(axis=1))
        if frames.size:
            listed = ", ".join(str(n) for n in frames[:5]) + (", ..." if frames.size > 5 else "")
            raise _damaged(where, f"{what} in {frames.size} of {len(values)} frames ({listed})")


def _damaged(where: str, found: str) -> DataError:
    return DataError(
        "A pose file is not valid.",
        where=where,
        expected=_EXPECTED,
        found=found,
        remedy="Download the file again from the release.",
    )
