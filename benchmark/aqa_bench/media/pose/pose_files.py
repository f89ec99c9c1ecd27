"""One clip's joints from a file or folder of any kind that people have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.arrays import PoseKind, read_stored
from aqa_bench.media.pose.c3d import read_c3d
from aqa_bench.media.pose.deeplabcut import is_deeplabcut, read_deeplabcut
from aqa_bench.media.pose.long_csv import read_long_csv
from aqa_bench.media.pose.named_joints import RawPose
from aqa_bench.media.pose.openpose import read_openpose_json
from aqa_bench.media.pose.people import People
from aqa_bench.media.pose.trc import read_trc

__all__ = ["POSE_SUFFIXES", "read_pose_file"]


def _read_table(path: Path) -> RawPose:
    return read_deeplabcut(path) if is_deeplabcut(path) else read_long_csv(path)


_NAMED: dict[str, Callable[[Path], RawPose]] = {".csv": _read_table, ".c3d": read_c3d, ".trc": read_trc}

POSE_SUFFIXES = frozenset({".npy", ".npz", *_NAMED})
"""Suffixes of files that hold the joints of one clip."""


def read_pose_file(path: Path, *, dimensions: int | None = None, people: People | None = None) -> RawPose:
    """Read the joints of one clip.

    Args:
        path: A ``.npy``, ``.npz``, ``.csv``, ``.trc`` or ``.c3d`` file, or a folder of OpenPose's JSON files.
        dimensions: 2 or 3; by default what the file says, and for arrays whose last axis is 3 and that do
            not: x, y and confidence.
        people: Who is taken of several people in OpenPose's files; None refuses several.

    Raises:
        DataError: It cannot be read, or holds joints of the other number of dimensions.
        UsageError: Its reader is not installed.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        pose = read_openpose_json(path, people)
        raw = RawPose(pose.keypoints, PoseKind.KEYPOINTS, layout=pose.layout)
    elif suffix in _NAMED:
        raw = _NAMED[suffix](path)
    else:
        raw = _array(path, dimensions)
    if dimensions not in (None, 2 if raw.kind is PoseKind.KEYPOINTS else 3):
        raise DataError(
            "The joints have a different number of dimensions.",
            where=path,
            expected=f"{dimensions}",
            found=f"{raw.kind.value} {raw.values.shape}",
            remedy="Correct or remove --dimensions.",
        )
    return raw


def _array(path: Path, dimensions: int | None) -> RawPose:
    kind = PoseKind.JOINTS if dimensions == 3 else PoseKind.KEYPOINTS
    if dimensions is None and path.suffix.lower() == ".npz" and "joints" in _names(path):
        kind = PoseKind.JOINTS
    values, layout = read_stored(path, kind)
    if values.ndim == 2:
        values = values[None]
    if dimensions is None and values.ndim == 3 and values.shape[2] == 4:
        kind = PoseKind.JOINTS
    if values.ndim != 3 or values.shape[2] not in ((3, 4) if kind is PoseKind.JOINTS else (2, 3)):
        raise DataError(
            "Keypoints could not be read.",
            where=path,
            expected="(T, V, 2) or (T, V, 3) with confidence; for 3-D joints (T, V, 3) or (T, V, 4)",
            found=f"shape {values.shape}",
            remedy="Write frames first, then joints, then coordinates.",
        )
    return RawPose(values, kind, layout=layout)


def _names(path: Path) -> list[str]:
    from aqa_bench.core.arrays import ArrayArchive, ArrayError

    try:
        with ArrayArchive(path) as archive:
            return archive.names
    except (OSError, ArrayError):
        return []
