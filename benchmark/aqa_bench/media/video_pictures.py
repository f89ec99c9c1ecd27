"""Decoded frames as pictures: square pixels, upright, one shape per video."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation

from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.geometry import Fit, Size, place, target_shape
from aqa_bench.media.images import MAX_PIXELS

__all__ = ["Pictures", "aspect_of", "displayed", "hdr_of", "rotation_of"]

logger = logging.getLogger(__name__)

# Bit-exact scaling gives the same pixels on every processor for a tenth of the speed; without scaling
# it would cost half.
_SCALER = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

_HDR = {16: "PQ", 18: "HLG"}
_SQUARE, _WIDEST = Fraction(1), 8
_warned: set[tuple[str, str]] = set()


class Pictures:
    """Brings the frames of one video to one shape.

    Args:
        source: The video, for warnings.
        size: Size wanted; that of the first frame where None.
        fit: How frames are brought to the size wanted.
    """

    def __init__(self, source: object, size: Size, fit: Fit) -> None:
        self._source = str(source)
        self._size = size
        self._fit: Fit = fit
        self._first: tuple[int, int] | None = None

    def see(self, frame: Any, aspect: Fraction) -> None:
        """Note the shape of the first frame, and warn of what a viewer would not expect."""
        shape = displayed((frame.height, frame.width), frame, aspect)
        if self._first is None:
            self._first = shape
            if frame.color_trc in _HDR:
                _warn(
                    self._source,
                    f"is HDR ({_HDR[frame.color_trc]}): colours are decoded without tone mapping",
                )
        elif shape != self._first and self._size is None:
            was, now = (f"{width} x {height}" for height, width in (self._first, shape))
            _warn(
                self._source, f"changes its size from {was} to {now}: later frames are fitted into the first"
            )

    def show(self, frame: Any, aspect: Fraction) -> UInt8Array:
        """The frame as ``(H, W, 3)``."""
        self.see(frame, aspect)
        if self._size is None:
            return _to_array(frame, aspect, self._first, "letterbox")
        return _to_array(frame, aspect, self._size, self._fit)


def _warn(source: str, what: str) -> None:
    """Say something of a video once per process."""
    if (source, what) not in _warned:
        _warned.add((source, what))
        logger.warning("%s %s.", source, what)


def _to_array(frame: Any, aspect: Fraction, size: Size, fit: Fit) -> UInt8Array:
    outer, inner = target_shape(displayed((frame.height, frame.width), frame, aspect), size, fit)
    height, width = displayed(inner, frame)
    scaler = None if (height, width) == (frame.height, frame.width) else _SCALER
    picture = frame.reformat(width, height, "rgb24", interpolation=scaler, threads=1).to_ndarray()
    picture = _turned(picture, frame)
    return picture if inner == outer else place(picture, np.zeros((*outer, 3), np.uint8))


def rotation_of(frame: Any) -> int:
    """Counter-clockwise quarters that a frame asks to be turned by, in degrees: 0, 90, 180 or 270."""
    return round(getattr(frame, "rotation", 0) / 90) * 90 % 360


def aspect_of(stream: Any) -> Fraction:
    """Width of a stored pixel over its height; files that say something absurd mean nothing by it."""
    aspect = stream.sample_aspect_ratio or _SQUARE
    stored = stream.codec_context.width * stream.codec_context.height
    fits = Fraction(1, _WIDEST) <= aspect <= _WIDEST and stored * aspect <= MAX_PIXELS
    return aspect if fits else _SQUARE


def hdr_of(frame: Any) -> str | None:
    """``HLG`` or ``PQ`` where a frame's brightness is coded so; None for ordinary video."""
    return _HDR.get(frame.color_trc)


def displayed(shape: tuple[int, int], frame: Any, aspect: Fraction = _SQUARE) -> tuple[int, int]:
    """Height and width in square pixels, turned as a frame asks, of stored height and width."""
    shape = shape[0], max(1, round(shape[1] * aspect))
    return shape[::-1] if rotation_of(frame) % 180 else shape


def _turned(picture: UInt8Array, frame: Any) -> UInt8Array:
    """The picture as it is to be shown: turned by quarters, and mirrored where a selfie camera says so."""
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return picture
    a, b, _, c, d = np.frombuffer(matrix, np.int32, 5).tolist()
    if rotation_of(frame) % 180:
        picture, a, d = picture.transpose(1, 0, 2), c, b
    return picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
