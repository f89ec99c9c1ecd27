"""One sample's poses, brought to the frames of its clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import missing
from aqa_bench.media.pose.arrays import PoseKind, read_pose_array
from aqa_bench.media.pose.openpose import one_person, read_openpose_clip
from aqa_bench.media.pose.people import People
from aqa_bench.protocol.keypoints.manifest import KeypointManifest

__all__ = ["PoseReading", "read_poses"]

_SLACK = 2
"""Decoders differ by a frame or two at the end of a clip."""


@dataclass(frozen=True)
class PoseReading:
    """The pose of one sample.

    Attributes:
        values: Keypoints ``(T, V, 3)`` or joints in space ``(T, V, 4)``, T the frames of the clip, zero in
            frames that the files do not tell of; or distances ``(T', P)``, T' at most T. All float32.
        layout: Joint order; None for distances.
        frames: Frames that the files tell of.
        surplus: Frames beyond the clip's end that were left out.
        several: Frames with several people.
        most: People in the fullest frame.
        unknown: Joints that were not numbers.
    """

    values: FloatArray
    layout: str | None
    frames: int
    surplus: int = 0
    several: int = 0
    most: int = 1
    unknown: int = 0

    @property
    def empty(self) -> int:
        """Frames of the clip that show nobody."""
        if self.values.ndim == 2:
            return 0
        return int(missing(self.values).all(axis=1).sum())


def read_poses(
    files: Sequence[Path],
    manifest: KeypointManifest,
    people: People | None,
    length: int,
    read: Callable[[Path], bytes] = Path.read_bytes,
) -> PoseReading:
    """Read the pose of one sample.

    Args:
        files: Its array, or its JSON files.
        manifest: What is known of them.
        people: Who is taken of several people; None refuses several.
        length: Frames of the clip, 1 for a still image.
        read: Reads a file.

    Raises:
        DataError: A file is damaged, has another layout than the manifest says, more frames than the clip
            has, or several people and there is no rule.
    """
    if files[0].suffix.lower() != ".json":
        found = read_pose_array(files[0], manifest.kind, manifest.layout, read(files[0]))
        values, surplus = _placed(found.values, 0, length, files[0])
        return PoseReading(values, found.layout, len(found.values) - surplus, surplus, unknown=found.unknown)
    where = files[0] if len(files) == 1 else files[0].parent
    if manifest.kind is not PoseKind.KEYPOINTS:
        raise DataError(
            "OpenPose's JSON files contain 2-D keypoints.",
            where=where,
            expected=f"{manifest.kind.value}, as stated in manifest.json, in .npz or .npy files",
            found="JSON",
            remedy="Correct the manifest's kind, or write arrays.",
        )
    clip = read_openpose_clip(files, where=where, read=read)
    if clip.layout != manifest.layout and None not in (clip.layout, manifest.layout):
        raise DataError(
            "The layout of the keypoints differs from their manifest.",
            where=where,
            expected=manifest.layout,
            found=clip.layout,
            remedy="Correct the manifest, or remove the layout: OpenPose's files state it.",
        )
    if clip.layout is None and manifest.layout is None:
        raise DataError(
            "No frame of a clip shows a person, so the body model is unknown.",
            where=where,
            expected="a person in one of its frames, or the layout in manifest.json",
            found=f"{clip.files} files without people",
            remedy='Write "layout": "body-25" (or "openpose-18") into manifest.json, or estimate again.',
        )
    pose = one_person(clip, people, where=where, layout=manifest.layout)
    start = _start(clip.first, len(clip.people), length)
    values, surplus = _placed(pose.keypoints, start, length, where)
    return PoseReading(values, pose.layout, clip.files - surplus, surplus, clip.several, clip.most)


def _start(first: int, count: int, length: int) -> int:
    """The frame of the clip that the first file is of.

    Programs count from 0 or from 1. A later number is a frame number of the clip where it fits into it, and
    otherwise that of a longer video, of which the clip begins with the first file.
    """
    if first <= 1:
        return 0
    last = first + count - 1
    return first if last < length else first - 1 if last == length else 0


def _placed(values: FloatArray, start: int, length: int, where: Path) -> tuple[FloatArray, int]:
    """Values at their frames of a clip, and how many there were too many."""
    surplus = max(0, start + len(values) - length)
    if surplus > min(_SLACK, length // 10):
        raise DataError(
            "Keypoints have more frames than their clip.",
            where=where,
            expected=f"at most {length} frame{'s' * (length != 1)}",
            found=f"{start + len(values)}",
            remedy="Estimate poses on the dataset's own file; a different cut or frame rate gives different "
            "frames.",
        )
    kept = values[: len(values) - surplus]
    if values.ndim == 2:
        return kept, surplus
    placed = np.zeros((length, *values.shape[1:]), np.float32)
    placed[start : start + len(kept)] = kept
    return placed, surplus
