"""Video decoding by torchcodec, where it is installed and asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.geometry import Fit, Size, place, target_shape
from aqa_bench.media.source import MediaFile

if TYPE_CHECKING:
    import torch

__all__ = ["decode"]


def decode(
    source: Path | str | MediaFile, indices: Sequence[int] | None, size: Size, fit: Fit, threads: int
) -> UInt8Array:
    """Decode frames by their exact numbers; see :func:`aqa_bench.media.video.decode`.

    Frames are resized with torch's antialiased bilinear filter, so that pixels differ by a few levels
    from those of the default backend.

    Raises:
        UsageError: torchcodec is not installed, or does not find its FFmpeg libraries.
        DataError: The video is damaged or has fewer frames than asked for.
    """
    decoder_type = _decoder_type()
    file = source if isinstance(source, MediaFile) else MediaFile(Path(source))
    try:
        decoder = decoder_type(file.read_bytes(), seek_mode="exact", num_ffmpeg_threads=threads)
        wanted = range(len(decoder)) if indices is None else list(indices)
        frames = decoder.get_frames_at(wanted).data
    except (RuntimeError, ValueError, IndexError) as error:
        raise DataError(
            "A video could not be decoded.", where=str(source), found=str(error).splitlines()[0]
        ) from error
    return _resized(frames, size, fit)


def _resized(frames: torch.Tensor, size: Size, fit: Fit) -> UInt8Array:
    from torch.nn import functional

    outer, inner = target_shape((frames.shape[2], frames.shape[3]), size, fit)
    if inner != tuple(frames.shape[2:]):
        frames = functional.interpolate(frames, inner, mode="bilinear", antialias=True)
    pictures: UInt8Array = frames.permute(0, 2, 3, 1).contiguous().numpy()
    if inner == outer:
        return pictures
    return np.stack([place(picture, np.zeros((*outer, 3), np.uint8)) for picture in pictures])


def _decoder_type() -> Any:
    try:
        return import_module("torchcodec.decoders").VideoDecoder
    except (ImportError, RuntimeError, OSError) as error:
        raise UsageError(
            "The video backend torchcodec cannot be used.",
            expected="an installed torchcodec that finds its FFmpeg libraries",
            found=str(error).splitlines()[0],
            remedy="pip install torchcodec (with FFmpeg), or use the default backend pyav.",
        ) from error
