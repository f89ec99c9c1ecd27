"""Any phone video, read safely: upright, at a steady rate, no longer and no larger than can be judged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from aqa_bench.coach.assessment import Clip
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.video_pictures import Pictures, aspect_of, displayed, rotation_of

__all__ = ["FASTEST", "LONGEST", "Footage", "read"]

LONGEST = 60.0
"""Seconds that are read; what comes after is left out, with a note."""
FASTEST = 30.0
"""Frames per second at most; faster clips are thinned, with a note."""
_MOST_PIXELS = 4096 * 2304
_LEAST_SIDE = 64
# Demuxers of recordings. A playlist would name further files, so none of those.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,gif"


@dataclass(frozen=True)
class Footage:
    """A clip that was read through once.

    Attributes:
        path: The file.
        clip: What is said of it.
        shows: For each frame of the steady rate the number of the decoded frame that it shows.
    """

    path: Path
    clip: Clip
    shows: tuple[int, ...]

    def frames(self, longest: int | None = None) -> Iterator[UInt8Array]:
        """Frames ``(H, W, 3)`` uint8 RGB, upright, one at a time.

        Args:
            longest: Longest side in pixels, for clips that are larger; even sides come of it.

        Raises:
            DataError: The file is no longer what it was.
        """
        shape = self.shape(longest)
        pictures, place = Pictures(self.path, shape, "letterbox"), 0
        last: UInt8Array | None = None
        with suppress(av.FFmpegError, _DamagedError):
            for number, (frame, aspect, _) in enumerate(_decoded(self.path)):
                if number != self.shows[place]:
                    continue
                last = pictures.show(frame, aspect)
                while place < len(self.shows) and self.shows[place] == number:
                    yield last
                    place += 1
                if place == len(self.shows):
                    return
        if last is None:
            raise _unreadable(self.path, "nothing at the second reading")
        # Decoding threads may meet damage a few frames earlier than at the first reading.
        for _ in range(len(self.shows) - place):
            yield last

    def shape(self, longest: int | None = None) -> tuple[int, int]:
        """Height and width of :meth:`frames`."""
        height, width = self.clip.height, self.clip.width
        scale = 1.0 if longest is None else min(1.0, longest / max(height, width))
        return max(2, round(height * scale / 2) * 2), max(2, round(width * scale / 2) * 2)


def read(path: Path) -> Footage:
    """Decode a clip once from end to end, and say what it is.

    What can be read of a damaged file is read. Frames come at a steady rate: of variable ones each moment
    shows the latest frame, and of fast ones some are left out.

    Args:
        path: A video of any kind that phones make.

    Raises:
        DataError: It is missing, no video, without a picture, a single picture, or too large to judge.
    """
    times: list[float] = []
    notes: list[str] = []
    first: Any = None
    aspect = Fraction(1)
    try:
        for frame, shape, time in _decoded(path):
            if first is None:
                first, aspect = frame, shape
                _check_size(path, frame, aspect)
            time = time if time is not None else len(times) / FASTEST
            if times and time - times[0] > LONGEST:
                notes.append(f"Only the first {LONGEST:g} s were read.")
                break
            times.append(time)
    except av.FFmpegError as error:
        if not times:
            raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
        notes.append("The file is damaged; frames after the damage were not used.")
    except _DamagedError:
        notes.append("The file is damaged; frames after the damage were not used.")
    if first is None:
        raise _unreadable(path, "no frames")
    if len(times) < 2:
        raise DataError(
            "A single picture shows no movement.",
            where=path.name,
            expected="a video of at least one repetition",
            found="one frame",
            remedy="Film a complete repetition.",
        )
    shows, rate, said = _steady(np.array(times) - times[0])
    notes += said
    height, width = displayed((first.height, first.width), first, aspect)
    if rotation := rotation_of(first):
        notes.insert(0, f"Turned by {rotation} degrees, as the file specifies.")
    clip = Clip(
        name=path.name,
        sha256=sha256_file(path),
        width=width,
        height=height,
        fps=round(rate, 4),
        frames=len(shows),
        seconds=round(len(shows) / rate, 4),
        notes=notes,
    )
    return Footage(path, clip, tuple(shows))


class _DamagedError(Exception):
    """A packet says of itself that it is corrupt."""


def _steady(times: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[list[int], float, list[str]]:
    """Numbers of the frames to show at a steady rate, that rate, and what was done."""
    order = np.maximum.accumulate(times)
    steps = np.diff(order)
    rate = (len(order) - 1) / order[-1] if order[-1] > 0 else FASTEST
    notes = []
    if rate > FASTEST * 1.02:
        notes.append(f"{rate:.4g} frames per second were reduced to {FASTEST:g}.")
    elif len(steps) > 2 and np.percentile(steps, 98) > 1.5 * np.median(steps):
        notes.append("The frame rate varies; frames were resampled to a constant one.")
    rate = float(np.clip(rate, 1.0, FASTEST))
    slots = np.rint(order * rate).astype(np.int64)
    count = int(min(slots[-1], round(LONGEST * rate))) + 1
    shows = np.searchsorted(slots, np.arange(count), side="right") - 1
    return shows.tolist(), rate, notes


def _decoded(path: Path) -> Iterator[tuple[Any, Fraction, float | None]]:
    """Frames, shapes of their pixels, and their times in seconds, in the order in which they are shown."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "not a plain file" if path.exists() else "no such file"
        raise _unreadable(path, found)
    try:
        container = av.open(
            f"file:{path}",
            metadata_errors="replace",
            container_options={"protocol_whitelist": "file", "format_whitelist": _FORMATS},
        )
    except (av.error.InvalidDataError, ValueError) as error:
        raise _unreadable(path, "an unknown kind of video") from error
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    with container:
        if not container.streams.video:
            raise _unreadable(path, "only sound" if container.streams.audio else "no pictures")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise _unreadable(path, "an unknown codec")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(4, os.cpu_count() or 1)
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise _DamagedError
            for frame in packet.decode():
                yield frame, aspect_of(stream), None if frame.time is None else float(frame.time)


def _check_size(path: Path, frame: Any, aspect: Fraction) -> None:
    height, width = displayed((frame.height, frame.width), frame, aspect)
    if width * height > _MOST_PIXELS or min(width, height) < _LEAST_SIDE:
        raise DataError(
            "The picture is too large or too small to judge.",
            where=path.name,
            expected=f"sides of at least {_LEAST_SIDE} pixels, and at most 4096 x 2304 pixels in total",
            found=f"{width} x {height}",
            remedy="Film in 720p or 1080p.",
        )


def _unreadable(path: Path, reason: str) -> AqaBenchError:
    return DataError(
        "The file cannot be read as a video.",
        where=path.name,
        expected="a video from a phone or camera, e.g. MP4 or MOV",
        found=reason,
        remedy="Choose another file, or film it again.",
    )
