"""Keypoints that another program estimated."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.pose.estimator import Pose, check_pose

__all__ = ["read_npz", "read_openpose_json"]

_LAYOUT_OF_LENGTH = {75: "body-25", 54: "openpose-18"}
_LARGEST = 1e6


def read_openpose_json(folder: Path) -> Pose:
    """Read what OpenPose writes with ``--write_json``: a file a frame.

    Of several people the first one is taken. The files' names give the order.

    Args:
        folder: Folder of ``*_keypoints.json`` files (or of any ``*.json`` files, where there are none).

    Returns:
        Keypoints in pixels, as ``body-25`` or ``openpose-18``; zeros in frames without a person.

    Raises:
        DataError: There are no files, one is damaged, or nobody is in any frame.
    """
    files = sorted(folder.glob("*_keypoints.json")) or sorted(folder.glob("*.json"))
    people = [_first_person(path) for path in files]
    lengths = {len(person) for person in people if person is not None}
    if len(lengths) != 1:
        raise DataError(
            "Not a folder of OpenPose output.",
            where=folder,
            expected="JSON files, a frame each, with people of one body model",
            found=f"{len(files)} files, body models of {sorted(lengths)} numbers",
            remedy="Run OpenPose with --write_json on one clip.",
        )
    length = lengths.pop()
    empty = np.zeros(length, np.float32)
    keypoints = np.stack([empty if person is None else person for person in people])
    return check_pose(Pose(keypoints.reshape(len(people), -1, 3), _LAYOUT_OF_LENGTH[length]), where=folder)


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
    try:
        with np.load(path, allow_pickle=False) as arrays:
            keypoints = arrays["keypoints"]
            name = str(arrays["layout"]) if layout is None else layout
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            "Keypoints could not be read.",
            where=path,
            expected="an .npz with the arrays keypoints (T, V, 3) and layout",
            found=str(error),
        ) from error
    if not np.issubdtype(keypoints.dtype, np.floating):
        raise DataError(
            "Keypoints must be numbers.", where=path, expected="float", found=str(keypoints.dtype)
        )
    return check_pose(Pose(keypoints, name), where=path)


def _first_person(path: Path) -> FloatArray | None:
    try:
        people: Any = json.loads(path.read_bytes())["people"]
        if not people:
            return None
        person = people[0]
        numbers = np.array(person.get("pose_keypoints_2d", person.get("pose_keypoints")), dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _malformed(path, f"{type(error).__name__}: {error}") from error
    if numbers.ndim != 1 or numbers.size not in _LAYOUT_OF_LENGTH:
        raise _malformed(path, f"an array of shape {numbers.shape}")
    if not (np.abs(numbers) <= _LARGEST).all():
        raise _malformed(path, "numbers that are not finite or too large")
    return numbers.astype(np.float32)


def _malformed(path: Path, found: str) -> DataError:
    return DataError(
        "An OpenPose file is not what its format says.",
        where=path,
        expected="people[0].pose_keypoints_2d: 75 numbers (BODY-25) or 54 (COCO-18)",
        found=found,
    )
