"""Video decoding by PyAV: sequential, so that frame numbers are exact."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.geometry import Fit, Size
from aqa_bench.media.images import MAX_PIXELS
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video_pictures import Pictures, aspect_of, displayed, hdr_of, rotation_of
from aqa_bench.media.x264 import x264_options

__all__ = ["VideoInfo", "VideoSource", "decode", "encode", "iter_frames", "probe"]

_MOST_AT_ONCE = 256 << 20
VideoSource = Path | str | MediaFile

# Of other codecs some packets show nothing (packed B-frames leave empty ones behind), or several frames.
_ONE_FRAME_EACH = frozenset(
    {"av1", "ffv1", "gif", "h264", "hevc", "libdav1d", "mjpeg", "png", "prores", "rawvideo", "vp8", "vp9"}
)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video's container says of it, with the frames counted.

    Attributes:
        frames: Number of frames.
        fps: Frames a second, or None where the container does not say.
        width: Width in pixels as displayed: square ones, after rotation.
        height: Height in pixels as displayed, after rotation.
        codec: FFmpeg's name of the codec, e.g. ``h264``.
        duration_s: Duration in seconds, or None where it is not known.
        rotation: Counter-clockwise rotation in degrees that the metadata ask for: 0, 90, 180 or 270.
        hdr: ``HLG`` or ``PQ`` where the brightness is coded in that way; its colours are decoded as they are,
            without tone mapping.
    """

    frames: int
    fps: float | None
    width: int
    height: int
    codec: str
    duration_s: float | None
    rotation: int
    hdr: str | None = None


def _bound_ffmpeg() -> None:
    """Have FFmpeg refuse to make room for what a few wrong bytes claim; it would up to two gigabytes."""
    home = Path(av.__file__).parent
    # Where wheels have their libraries; elsewhere FFmpeg's own limit holds.
    for file in (*home.parent.glob("av.libs/libavutil*"), *home.glob(".dylibs/libavutil*")):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(str(file)).av_max_alloc(ctypes.c_size_t(_MOST_AT_ONCE))


_bound_ffmpeg()


def probe(source: VideoSource, *, count: Literal["packets", "frames"] = "packets") -> VideoInfo:
    """Describe a video and count its frames.

    Args:
        source: A file or an archive member.
        count: ``packets`` counts displayed packets without decoding them (hundreds of times faster), where
            the codec has one packet per frame, as H.264 has; ``frames`` decodes every frame.

    Returns:
        The description.

    Raises:
        DataError: The video is missing, damaged, truncated, or has no frames.
    """
    with _opened(source, threads=1) as (container, stream):
        frames, first = 0, None
        count = count if stream.codec_context.name in _ONE_FRAME_EACH else "frames"
        for packet in _packets(source, container, stream):
            if first is None or count == "frames":
                decoded = packet.decode()
                first = first or next(iter(decoded), None)
                frames += len(decoded) if count == "frames" else 0
            if count == "packets":
                frames += bool(packet.size) and not packet.is_discard and _is_shown(packet, stream)
        if first is None or frames == 0:
            raise _damaged(source, "no frames")
        rate = stream.average_rate or stream.guessed_rate
        seconds = None if stream.duration is None else float(stream.duration * stream.time_base)
        rotation = rotation_of(first)
        height, width = displayed((first.height, first.width), first, aspect_of(stream))
        return VideoInfo(
            frames=frames,
            fps=None if not rate else float(rate),
            width=width,
            height=height,
            codec=stream.codec_context.name,
            duration_s=seconds if seconds or not rate else frames / float(rate),
            rotation=rotation,
            hdr=hdr_of(first),
        )


def iter_frames(
    source: VideoSource, size: Size = None, fit: Fit = "squash", *, threads: int = 0
) -> Iterator[UInt8Array]:
    """Decode a video frame by frame, holding one frame at a time.

    Args:
        source: A file or an archive member.
        size: Side in pixels of the square wanted, or ``(height, width)``; native size by default.
        fit: ``squash`` stretches to the size, ``letterbox`` keeps the aspect ratio and pads with black.
        threads: Decoding threads; 0 lets FFmpeg choose, 1 suits a pool of processes.

    Yields:
        ``(H, W, 3)`` uint8 RGB in square pixels, rotated as the metadata ask. In native size all have that
        of the first frame; where a video changes its size, as recordings of calls do, the others are
        letterboxed into it, with a warning.

    Raises:
        DataError: The video is missing, damaged or truncated.
    """
    pictures = Pictures(source, size, fit)
    for frame, aspect in _raw_frames(source, threads):
        yield pictures.show(frame, aspect)


def decode(
    source: VideoSource,
    indices: Sequence[int] | None = None,
    size: Size = None,
    *,
    fit: Fit = "squash",
    threads: int = 0,
    backend: Literal["pyav", "torchcodec"] = "pyav",
) -> UInt8Array:
    """Decode frames of a video by their exact, zero-based numbers.

    Decoding runs from the first frame to the last one asked for and never seeks: seeking lands on
    the wrong frame in many real files. Frames that were not asked for are not converted.

    Args:
        source: A file or an archive member.
        indices: Frame numbers in any order, repeats allowed; all frames by default.
        size: Side in pixels of the square wanted, or ``(height, width)``; native size by default.
        fit: ``squash`` stretches to the size, ``letterbox`` keeps the aspect ratio and pads with black.
        threads: Decoding threads; 0 lets FFmpeg choose, 1 suits a pool of processes.
        backend: ``pyav``, or ``torchcodec`` where that package is installed.

    Returns:
        ``(T, H, W, 3)`` uint8 RGB.

    Raises:
        DataError: The video is missing, damaged, truncated, has no frames, or fewer than asked for.
        UsageError: A negative frame number, an unknown backend, or one that is not installed.
    """
    if indices is not None and min(indices, default=0) < 0:
        raise UsageError("Frame numbers start at 0.", where=str(source), found=str(min(indices)))
    if backend == "torchcodec":
        from aqa_bench.media import torchcodec_backend

        return torchcodec_backend.decode(source, indices, size, fit, threads)
    if backend != "pyav":
        raise UsageError("Unknown video backend.", expected="pyav or torchcodec", found=backend)
    if indices is None:
        frames = list(iter_frames(source, size, fit, threads=threads))
        if not frames:
            raise _damaged(source, "no frames")
        return np.stack(frames)
    return _decode_some(source, np.asarray(indices, dtype=np.int64), size, fit, threads)


def encode(path: Path, frames: UInt8Array, fps: float = 30.0, *, crf: int = 18, rotation: int = 0) -> Path:
    """Write frames as an H.264 mp4 in the yuv420p pixel format: the same bytes for the same frames.

    Args:
        path: The file to write.
        frames: ``(T, H, W, 3)`` uint8 RGB with even height and width.
        fps: Frames a second.
        crf: Constant rate factor of x264: 18 is visually lossless.
        rotation: Counter-clockwise rotation in degrees to ask players for: 0, 90, 180 or 270.

    Returns:
        ``path``.

    Raises:
        UsageError: The frames are not of that shape and type.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise UsageError(
            "These are not frames.", expected="(T, H, W, 3) uint8", found=f"{frames.shape} {frames.dtype}"
        )
    if frames.shape[1] % 2 or frames.shape[2] % 2:
        raise UsageError("yuv420p needs even sides.", expected="even height, width", found=str(frames.shape))
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream(
            "libx264", rate=Fraction(fps).limit_denominator(1001), options=x264_options(crf)
        )
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _decode_some(
    source: VideoSource, indices: np.ndarray[Any, np.dtype[np.int64]], size: Size, fit: Fit, threads: int
) -> UInt8Array:
    wanted, places = np.unique(indices, return_inverse=True)
    found: list[UInt8Array] = []
    number, pictures = -1, Pictures(source, size, fit)
    for number, (frame, aspect) in enumerate(_raw_frames(source, threads)):
        pictures.see(frame, aspect)
        if len(found) == wanted.size:
            break
        if number == wanted[len(found)]:
            found.append(pictures.show(frame, aspect))
        if len(found) == wanted.size and found:
            break
    if number < 0:
        raise _damaged(source, "no frames")
    if len(found) < wanted.size:
        raise DataError(
            "A video has fewer frames than requested.",
            where=str(source),
            expected=f"frame {wanted[-1]}",
            found=f"{number + 1} frames",
            remedy="Check that annotation and video belong together; download the video again.",
        )
    if not found:
        return np.stack([pictures.show(frame, aspect)])[:0]
    return np.stack(found)[places]


def _raw_frames(source: VideoSource, threads: int) -> Iterator[tuple[Any, Fraction]]:
    with _opened(source, threads) as (container, stream):
        for packet in _packets(source, container, stream):
            for frame in packet.decode():
                yield frame, aspect_of(stream)


@contextmanager
def _opened(source: VideoSource, threads: int) -> Iterator[tuple[Any, Any]]:
    file = source if isinstance(source, MediaFile) else MediaFile(Path(source))
    if file.size == 0:
        raise _damaged(source, "an empty file")
    try:
        # A hostile "video" may be a playlist that makes FFmpeg fetch addresses.
        options = {"protocol_whitelist": "file"}
        with (
            _readable(file) as handle,
            av.open(handle, metadata_errors="replace", container_options=options) as container,
        ):
            if not container.streams.video:
                raise _damaged(source, "no video stream")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise _damaged(source, "an unknown codec")
            if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
                raise _damaged(source, f"a picture of more than {MAX_PIXELS:,} pixels")
            stream.thread_type = "NONE" if threads == 1 else "AUTO"
            stream.codec_context.thread_count = threads
            yield container, stream
    except (av.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        raise _damaged(source, getattr(error, "strerror", None) or str(error)) from error


def _readable(file: MediaFile) -> AbstractContextManager[Any]:
    # FFmpeg reads a file faster by its name than through Python, where the name can be encoded.
    if file.member is None and str(file.path).isprintable():
        return nullcontext(f"file:{file.path}")
    return file.open()


def _packets(source: VideoSource, container: Any, stream: Any) -> Iterator[Any]:
    entries = getattr(stream, "index_entries", ())
    end = max((entry.pos + entry.size for entry in entries), default=0)
    if 0 < container.size < end:
        raise _damaged(source, f"truncated: {container.size:,} of at least {end:,} bytes")
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise _damaged(source, "truncated or corrupt data")
        yield packet


def _is_shown(packet: Any, stream: Any) -> bool:
    """Whether a packet shows a frame; VP8 has some that others refer to alone, marked in their first byte."""
    return stream.codec_context.name != "vp8" or bool(memoryview(packet)[0] & 0x10)


def _damaged(source: VideoSource, reason: str) -> DataError:
    return DataError(
        "A video could not be decoded.",
        where=str(source),
        expected="an undamaged video with at least one frame",
        found=reason,
        remedy="Download the file again; if the source is damaged, leave the file out.",
    )
