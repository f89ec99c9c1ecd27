"""The joints of everybody in a clip: kept ones, a keypoint file's, or an estimator's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aqa_bench.coach.people import Estimators, MediaPipeEstimators, track_people
from aqa_bench.coach.reading import Footage
from aqa_bench.coach.tracks import Tracks, read_tracks, write_tracks
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import Progress
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.people import People
from aqa_bench.media.pose.pose_files import read_pose_file

__all__ = ["POSES_FILE", "poses_of"]

POSES_FILE = "poses.npz"


def poses_of(
    footage: Footage,
    folder: Path,
    progress: Progress,
    keypoints: Path | None = None,
    estimators: Estimators | None = None,
) -> Tracks:
    """Everybody's joints; what ``folder`` keeps of this very clip is not estimated again.

    Args:
        footage: The clip.
        folder: Where they are kept.
        progress: Where to report.
        keypoints: A keypoint file of one person, in place of an estimator.
        estimators: Where estimators come from; MediaPipe by default.

    Raises:
        DataError: The keypoint file does not fit the clip.
        UsageError: The estimator is not installed.
    """
    file = folder / POSES_FILE
    if keypoints is not None:
        tracks = _from_file(keypoints, footage)
        write_tracks(file, tracks, footage.clip.sha256)
        return tracks
    kept = read_tracks(file, footage.clip.sha256, footage.clip.frames)
    if kept is not None and not kept.source.startswith(_FILE):
        return kept
    tracks = track_people(footage, estimators or MediaPipeEstimators(), progress)
    write_tracks(file, tracks, footage.clip.sha256)
    return tracks


_FILE = "keypoint file"


def _from_file(path: Path, footage: Footage) -> Tracks:
    raw = read_pose_file(path, dimensions=2, people=People.NEAREST)
    if raw.kind is not PoseKind.KEYPOINTS or raw.layout is None:
        raise DataError(
            "The keypoints do not state their joint order.",
            where=path,
            expected="a file that names its layout, e.g. an .npz with the texts keypoints and layout",
            found="no layout",
            remedy="docs/keypoints.md describes such files.",
        )
    joints = raw.values.astype(np.float32)
    if joints.shape[2] == 2:
        joints = np.concatenate([joints, np.isfinite(joints).all(axis=2, keepdims=True)], axis=2)
    decoded = max(footage.shows) + 1
    if len(joints) == decoded:
        joints = joints[list(footage.shows)]
    elif len(joints) != footage.clip.frames:
        raise DataError(
            "The keypoints and the clip differ in length.",
            where=path,
            expected=f"{decoded} frames, as in the clip",
            found=f"{len(joints)}",
            remedy="Pass keypoints of this exact clip, with one entry per frame.",
        )
    joints[~np.isfinite(joints).all(axis=2)] = 0
    return Tracks(joints[None].astype(np.float32), str(raw.layout), f"{_FILE} {sha256_file(path)[:12]}")
