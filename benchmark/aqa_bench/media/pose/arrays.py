"""Poses in NumPy files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.arrays import ARRAY_BYTES, ArrayArchive, parse_npy, text_of
from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import LAYOUTS, find_layout
from aqa_bench.media.pose.estimator import Pose, check_pose

__all__ = ["PoseArray", "PoseKind", "checked_joints", "read_npz", "read_pose_array", "read_stored"]

_CONFIDENCE_TOLERANCE = 0.5
_MOST_ARRAYS = 16


class PoseKind(StrEnum):
    """What a file tells of a body."""

    KEYPOINTS = "keypoints"
    """Joints in the picture: x, y in pixels and confidence."""
    JOINTS = "joints"
    """Joints in space: x, y, z and confidence."""
    DISTANCES = "distances"
    """Distances between all pairs of joints."""


@dataclass(frozen=True)
class PoseArray:
    """A body over a clip, as a file tells it.

    Attributes:
        values: float32: keypoints ``(T, V, 3)``, joints in space ``(T, V, 4)``, both with confidence in
            [0, 1] at the end and 0 where missing; or distances ``(T, V (V - 1) / 2)``.
        layout: Name of the joint order; None for distances.
        unknown: Joints that were not finite, or had no confidence and were all zero.
    """

    values: FloatArray
    layout: str | None
    unknown: int = 0


def read_npz(path: Path, layout: str | None = None) -> Pose:
    """Read keypoints from a NumPy archive.

    Args:
        path: An ``.npz`` with ``keypoints`` ``(T, V, 3)``: x, y in pixels and confidence; and, unless
            ``layout`` is given, ``layout``: its name.
        layout: Name of the joint order.

    Returns:
        The keypoints as float32; joints that are not finite are missing.

    Raises:
        DataError: The archive is missing or damaged, lacks an array, or does not fit the layout.
        UsageError: The layout does not exist.
    """
    arrays = _arrays(path, _bytes(path))
    if "keypoints" not in arrays or (layout is None and "layout" not in arrays):
        expected = "an .npz with the arrays keypoints (T, V, 3) and layout"
        raise _unusable(path, expected, f"the arrays {', '.join(sorted(arrays)) or 'none'}")
    name = _text(arrays["layout"], path) if layout is None else layout
    return check_pose(Pose(_numbers(arrays["keypoints"], path), name), where=path)


def read_pose_array(
    path: Path, kind: PoseKind, layout: str | None = None, content: bytes | None = None
) -> PoseArray:
    """Read one sample's pose from a ``.npy`` or ``.npz`` file.

    In an archive the array is the one that is called as its kind, or the only one besides ``layout``.

    Args:
        path: The file.
        kind: What it holds. Keypoints are ``(T, V, 2)`` or ``(T, V, 3)``, joints in space ``(T, V, 3)`` or
            ``(T, V, 4)``, distances ``(T, P)``; a still image may leave T out. Without confidence, what is
            finite is seen (in the picture: and not at 0, 0).
        layout: Name of the joint order; by default that of the archive.
        content: The file's content, where it has been read.

    Raises:
        DataError: The file is missing or damaged, or what it holds has another shape, layout or unit.
        UsageError: The layout does not exist.
    """
    values, told = read_stored(path, kind, content)
    if kind is PoseKind.DISTANCES:
        return _distances(values, path)
    if told is not None and layout not in (None, told):
        raise _unusable(path, f"layout {layout}, as stated in manifest.json", f"layout {told}")
    name = layout or told
    if name is None:
        raise _unusable(
            path,
            "a named joint order",
            f"an array of shape {values.shape}",
            f'Write "layout" into manifest.json: {", ".join(_fitting(values)) or ", ".join(LAYOUTS)}.',
        )
    return checked_joints(values, kind, name, path)


def read_stored(path: Path, kind: PoseKind, content: bytes | None = None) -> tuple[FloatArray, str | None]:
    """The numbers of a ``.npy`` or ``.npz`` file as they are, float32, and the layout that an archive names.

    Raises:
        DataError: As :func:`read_pose_array`, but for shape, layout and unit.
    """
    arrays = _arrays(path, _bytes(path) if content is None else content)
    stored = arrays.pop("layout", None)
    named = arrays.get(kind.value, next(iter(arrays.values())) if len(arrays) == 1 else None)
    if named is None:
        raise _unusable(path, f"an array {kind.value}", ", ".join(sorted(arrays)) or "no array")
    with np.errstate(over="ignore"):
        values = _numbers(named, path).astype(np.float32)
    told = None if stored is None or kind is PoseKind.DISTANCES else _text(stored, path)
    return values, told


def checked_joints(values: FloatArray, kind: PoseKind, layout: str, path: Path) -> PoseArray:
    """Joints of any source, with confidence at the end.

    Args:
        values: As :func:`read_pose_array` takes them from a file; NaN where a joint was not seen.
        kind: Keypoints or joints in space.
        layout: Name of the joint order.
        path: What to name in an error.

    Raises:
        DataError: The values have another shape or unit.
        UsageError: The layout does not exist.
    """
    axes = 2 if kind is PoseKind.KEYPOINTS else 3
    joints = len(find_layout(layout))
    if values.ndim == 2:
        values = values[None]
    if values.ndim != 3 or values.shape[1] != joints or values.shape[2] not in (axes, axes + 1):
        fitting = ", ".join(_fitting(values))
        raise _unusable(
            path,
            f"{kind.value} of {layout}: (T, {joints}, {axes}) or, with confidence, (T, {joints}, {axes + 1})",
            f"shape {values.shape}" + (f", which fits {fitting}" if fitting else ""),
            "Correct the layout in manifest.json, or the arrays.",
        )
    points = values[..., :axes]
    finite = np.isfinite(values).all(axis=2)
    if values.shape[2] == axes:
        shown = finite & np.nan_to_num(points).any(axis=2) if kind is PoseKind.KEYPOINTS else finite
        confidence = np.where(shown, 1.0, 0.0)
        unknown = int((confidence == 0).sum())
    else:
        confidence = np.where(finite, values[..., axes], 0)
        unknown = int((~finite).sum())
    low, high = float(confidence.min(initial=0)), float(confidence.max(initial=0))
    if low < -_CONFIDENCE_TOLERANCE or high > 1 + _CONFIDENCE_TOLERANCE:
        remedy = "Scale the confidences to 0 to 1."
        if kind is PoseKind.KEYPOINTS:
            remedy += " For your own 3-D data, use --dimensions 3."
        raise _unusable(path, "confidences from 0 to 1", f"{low:g} to {high:g}", remedy)
    result = np.concatenate([points, np.clip(confidence, 0, 1)[..., None]], axis=2)
    result[result[..., -1] == 0] = 0
    if kind is PoseKind.KEYPOINTS:
        _check_pixels(result, path)
    return PoseArray(result.astype(np.float32, copy=False), layout, unknown)


def _distances(values: FloatArray, path: Path) -> PoseArray:
    if values.ndim == 1:
        values = values[None]
    size = values.shape[-1] if values.ndim == 2 else 0
    points = round((1 + np.sqrt(1 + 8 * size)) / 2)
    if not size or points * (points - 1) // 2 != size:
        raise _unusable(path, "distances (T, V (V - 1) / 2), e.g. 171 for 19 joints", f"shape {values.shape}")
    bad = int((~(np.isfinite(values) & (values >= 0))).sum())
    if bad:
        raise _unusable(path, "distances that are finite and not negative", f"{bad} invalid")
    return PoseArray(values, None)


def _check_pixels(keypoints: FloatArray, path: Path) -> None:
    seen = keypoints[keypoints[..., 2] > 0][:, :2]
    if len(seen) and np.abs(seen).max() <= 1:
        raise _unusable(
            path,
            "x and y in pixels",
            f"x and y within {seen.min():.2f} and {seen.max():.2f}",
            "Multiply x by the picture's width and y by its height (OpenPose: --keypoint_scale 0), because "
            "shares of two different sides have no common unit.",
        )


def _fitting(values: FloatArray) -> Iterator[str]:
    joints = values.shape[-2] if values.ndim > 1 else 0
    return (name for name, layout in LAYOUTS.items() if len(layout) == joints)


def _bytes(path: Path) -> bytes:
    try:
        return read_bounded(path, ARRAY_BYTES)
    except OSError as error:
        raise _unusable(path, "a .npy or .npz file", error.strerror or str(error)) from error


def _arrays(path: Path, content: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        if not content.startswith(b"PK"):
            return {"": parse_npy(content)}
        with ArrayArchive(content) as archive:
            if len(archive.names) > _MOST_ARRAYS:
                raise ValueError(f"{len(archive.names)} arrays")
            return {name: archive.read(name) for name in archive.names}
    except ValueError as error:
        raise _unusable(
            path, "a .npy or .npz file of numbers, without pickled objects", str(error)
        ) from error


def _text(array: npt.NDArray[Any], path: Path) -> str:
    try:
        return text_of(array)
    except ValueError as error:
        raise _unusable(path, "the name of a layout", str(error)) from error


def _numbers(array: npt.NDArray[Any], path: Path) -> FloatArray:
    if array.dtype.kind not in "fiu" or 0 in array.shape:
        raise _unusable(path, "numbers", f"{array.dtype} of shape {array.shape}")
    return array


def _unusable(
    path: Path, expected: str, found: str, remedy: str = "Correct or remove the file."
) -> DataError:
    return DataError(
        "Keypoints could not be read.", where=path, expected=expected, found=found, remedy=remedy
    )
