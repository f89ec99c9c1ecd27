"""Bar trajectories as the release delivers them, one format an exercise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from aqa_bench.core.bounded import DOCUMENT_BYTES
from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Trajectory
from aqa_bench.media.source import MediaFile
from aqa_bench.media.trajectory_files import parse_press, parse_squat

__all__ = ["EXCESS_FRAMES", "MAX_JSON_BYTES", "covered", "read_trajectory"]

MAX_JSON_BYTES = DOCUMENT_BYTES
EXCESS_FRAMES = 2
"""Frames by which a trajectory may outlast its video: it is then cut to the video's length."""


_PARSERS: Mapping[str, Callable[..., Trajectory]] = {
    "backsquat": parse_squat,
    "overhead-press": parse_press,
    "barbell-row": parse_press,
}


def read_trajectory(exercise: str, media: MediaFile, n_frames: int | None = None) -> Trajectory:
    """Read the trajectory of one clip.

    Args:
        exercise: Exercise id.
        media: The trajectory's file.
        n_frames: Frames of the video. A shorter trajectory is padded with gaps; one that is longer by
            at most ``EXCESS_FRAMES`` is cut.

    Returns:
        The trajectory, of ``n_frames`` frames if given.

    Raises:
        DataError: The file is missing or malformed, much longer than the video, or unusable: the bar
            found in under half of the frames, or not moving.
    """
    parse = _PARSERS[exercise]
    content = media.read_bytes(MAX_JSON_BYTES)
    try:
        track = parse(content, n_frames=None, where=media)
        length = len(track.elevation)
        if n_frames is None or length == n_frames:
            return track
        if length < n_frames or length > n_frames + EXCESS_FRAMES:
            return parse(content, n_frames=n_frames, where=media)
    except RecursionError as error:
        raise DataError(
            "A trajectory file has the wrong format.",
            where=str(media),
            expected="flat JSON lists",
            found="deeply nested lists",
        ) from error
    return Trajectory(
        elevation=track.elevation[:n_frames],
        confidence=track.confidence[:n_frames],
        turning_point=min(track.turning_point, n_frames - 1),
    )


def covered(track: Trajectory) -> int:
    """Number of frames in which the bar was found."""
    return int(np.count_nonzero(track.confidence))
