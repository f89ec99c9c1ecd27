"""The clip with skeleton, repetitions and verdict drawn in, as H.264 that browsers play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.x264 import x264_options

__all__ = ["video_writer"]


@contextmanager
def video_writer(path: Path, shape: tuple[int, int], fps: float) -> Iterator[Callable[[UInt8Array], None]]:
    """Write an MP4 frame by frame, under another name until it is whole.

    H.264 in yuv420p with the index in front, so that browsers play it at once. It holds pictures alone: no
    sound, and nothing of the uploaded file's metadata.

    Args:
        path: The file.
        shape: Even height and width in pixels.
        fps: Frames per second.

    Yields:
        A function that takes ``(H, W, 3)`` uint8 RGB frames in turn.

    Raises:
        AqaBenchError: The file cannot be written, as on a full disk.
    """
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        options = {"movflags": "+faststart"}
        with av.open(str(temporary), "w", format="mp4", options=options) as container:
            rate = Fraction(fps).limit_denominator(1001)
            stream: Any = container.add_stream(
                "libx264", rate=rate, options={**x264_options(23, "veryfast"), "threads": "2"}
            )
            stream.height, stream.width = shape
            stream.pix_fmt = "yuv420p"

            def write(frame: UInt8Array) -> None:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                container.mux(stream.encode(picture))

            yield write
            container.mux(stream.encode())
        temporary.replace(path)
    except (av.FFmpegError, OSError) as error:
        raise AqaBenchError(
            "The video could not be written; nothing was left half-written.",
            where=path,
            expected="a writable folder with free space",
            found=getattr(error, "strerror", None) or str(error),
            remedy="Free some space, or choose another folder.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
