"""Marker trajectories in C3D files, read by ezc3d (extra ``mocap``)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.named_joints import RawPose

__all__ = ["read_c3d"]


def read_c3d(path: Path) -> RawPose:
    """Read one clip: every point of the file, NaN where it was not seen.

    Raises:
        UsageError: ezc3d is not installed.
        DataError: The file is missing or damaged, or has no points.
    """
    try:
        ezc3d = import_module("ezc3d")
    except ImportError as error:
        raise UsageError(
            "C3D files need a reader that is not installed.",
            where=path,
            expected="the extra 'mocap'",
            found=str(error),
            remedy='pip install "aqa-bench[mocap]", or export TRC or CSV files.',
        ) from error
    if not path.is_file():
        raise _damaged(path, "no such file")
    try:
        content = ezc3d.c3d(str(path))
        point = content["parameters"]["POINT"]
        points = np.asarray(content["data"]["points"], dtype=np.float32)
        labels = [str(name).strip() for name in point["LABELS"]["value"]]
        # More than 255 names do not fit into one parameter.
        for more in (f"LABELS{number}" for number in range(2, 100)):
            if more not in point:
                break
            labels += [str(name).strip() for name in point[more]["value"]]
        fps = float(np.ravel(point["RATE"]["value"])[0])
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, MemoryError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error
    if points.ndim != 3 or 0 in points.shape or len(labels) < points.shape[1]:
        raise _damaged(path, f"{len(labels)} names for points of shape {points.shape}")
    names = tuple(labels[: points.shape[1]])
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _damaged(path, f"two points called {twice!r}")
    values = np.ascontiguousarray(points[:3].transpose(2, 1, 0))
    return RawPose(values, PoseKind.JOINTS, names, fps=fps if fps > 0 else None)


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        "A C3D file cannot be read.",
        where=path,
        expected="points with unique names",
        found=found,
        remedy="Export it again, or correct or remove it.",
    )
