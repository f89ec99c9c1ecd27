"""What the bar alone says of a sample."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Media
from aqa_bench.core.task import Modality, Unit
from aqa_bench.media.clips import resample_time

__all__ = ["bar_box_features", "bar_track", "unit_of"]

_log = logging.getLogger(__name__)


def unit_of(media: Media) -> Unit:
    """Whether the media are a clip or a still image."""
    return Unit.CLIP if media.length > 1 else Unit.IMAGE


def bar_track(media: Media, length: int, *, boxes: bool) -> npt.NDArray[np.float32]:
    """The bar's way through a clip.

    Args:
        media: A clip.
        length: Times that the track is resampled to.
        boxes: Whether the range of motion, which needs boxes, is given as well.

    Returns:
        ``(length, 2)``, or ``(length, 3)`` with boxes: elevation in [0, 1]; speed, the change of
        elevation per frame, times 100; and, the same at all times, the range of motion in heights of the
        bar's box. A clip without a usable trajectory stays where it is.
    """
    elevation = _elevation(media)
    # Before the resampling, per frame of the clip: afterwards slow and fast lifts look alike.
    speed = np.gradient(elevation) * 100 if len(elevation) > 1 else np.zeros_like(elevation)
    track = resample_time(np.stack([elevation, speed], axis=1), length)
    if boxes:
        track = np.concatenate([track, np.full((length, 1), _range_of_motion(media))], axis=1)
    return np.asarray(track, dtype=np.float32)


def bar_box_features(media: Media) -> npt.NDArray[np.float32]:
    """Centre and size of the bar's box in a still image: ``(4,)``, in pixels.

    Raises:
        DataError: The image has no box, or it is not finite.
    """
    left, top, right, bottom = (float(value) for value in media.bar_boxes()[0])
    box = np.array([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top], np.float32)
    if not np.isfinite(box).all():
        raise DataError(
            "A barbell box has values that are not finite.",
            expected="four finite numbers",
            found=box.tolist(),
        )
    return box


def _elevation(media: Media) -> npt.NDArray[np.float64]:
    try:
        return media.trajectory().elevation.astype(np.float64)
    except DataError as error:
        _log.warning("No usable bar trajectory; the bar is taken to be at rest: %s", error)
        return np.zeros(max(media.length, 1))


def _range_of_motion(media: Media) -> float:
    if Modality.BAR_BOXES not in media.provides:
        return 0.0
    boxes = media.bar_boxes().astype(np.float64)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return 0.0
    centres = (boxes[:, 1] + boxes[:, 3]) / 2
    # Elevation is normalised to the lift's own range, so depth is lost; the bar's size stands
    # in for the scale of the picture.
    return float(np.ptp(centres) / max(float(np.median(boxes[:, 3] - boxes[:, 1])), 1.0))
