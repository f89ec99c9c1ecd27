"""Open one file of the release and say what it holds, or why it cannot be used."""

from __future__ import annotations

import io
from dataclasses import dataclass

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.media.source import MediaFile

from .bar import MAX_JSON_BYTES, covered, read_trajectory
from .layout import Kind

__all__ = ["Inspection", "inspect"]

_JPEG_END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one file holds.

    Attributes:
        sha256: Hex SHA-256 of the content; empty where it could not be read at all.
        length: Frames of a clip or trajectory; 1 for an image.
        fps: Frames a second of a clip, None where the container does not say.
        width: Width in pixels; 0 for a trajectory.
        height: Height in pixels; 0 for a trajectory.
        covered: Frames of a trajectory in which the bar was found.
        fault: Why the file cannot be used; empty where it can.
    """

    sha256: str = ""
    length: int = 0
    fps: float | None = None
    width: int = 0
    height: int = 0
    covered: int = 0
    fault: str = ""


def inspect(kind: Kind, exercise: str, media: MediaFile) -> Inspection:
    """Hash a file and probe it.

    Clips are demultiplexed, which counts their frames and finds truncated files, but only their first
    frame is decoded. Images are decoded where their end marker is missing.

    Args:
        kind: What the file should be.
        exercise: Exercise id, which settles the format of trajectories.
        media: The file.

    Returns:
        What it holds; a file that cannot be used has a ``fault`` and never raises.
    """
    digest = ""
    try:
        if kind is Kind.IMAGE:
            content = media.read_bytes()
            digest = sha256_bytes(content)
            width, height = _image_shape(media, content)
            return Inspection(digest, 1, None, width, height)
        if kind is Kind.TRAJECTORY:
            if media.size > MAX_JSON_BYTES:
                return Inspection(fault=f"{media.size:,} bytes are too many for a trajectory")
            digest = media.sha256()
            track = read_trajectory(exercise, media)
            return Inspection(digest, len(track.elevation), covered=covered(track))
        from aqa_bench.media.video import probe

        digest = media.sha256()
        video = probe(media)
        return Inspection(digest, video.frames, video.fps, video.width, video.height)
    except DataError as error:
        return Inspection(digest, fault=error.found or error.what)


def _image_shape(media: MediaFile, content: bytes) -> tuple[int, int]:
    from PIL import Image

    from aqa_bench.media.images import MAX_PIXELS, read_image

    if content.startswith(b"\xff\xd8") and content[-64:].find(_JPEG_END) >= 0:
        try:
            with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
                if 0 < image.width * image.height <= MAX_PIXELS:
                    return image.width, image.height
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            pass
    height, width = read_image(content).shape[:2]
    return width, height
