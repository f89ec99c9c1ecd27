"""Temporal distance matrices of samples, from whatever source a recipe names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import resample_time
from aqa_bench.media.layouts import convert, find_layout, missing
from aqa_bench.media.pose import cached_estimate, find_estimator, simulate_estimator
from aqa_bench.media.torso import torso_length

from .recipe import Source, TDMRecipe
from .tdm import temporal_distance_matrix

__all__ = ["distance_sequences", "estimates", "fill_missing", "keypoint_distances", "mirror_order"]

_ESTIMATORS = {Source.MEDIAPIPE: "mediapipe", Source.YOLO_POSE: "ultralytics"}
_NEEDS = {
    Source.DATASET: Modality.KEYPOINTS,
    Source.NOISY: Modality.KEYPOINTS,
    Source.OPENPOSE: Modality.KEYPOINTS,
    Source.SPIN: Modality.JOINTS_3D,
    Source.HMR: Modality.DISTANCES,
    Source.MEDIAPIPE: Modality.FRAMES,
    Source.YOLO_POSE: Modality.FRAMES,
}
_FILES = frozenset({Source.DATASET, Source.OPENPOSE, Source.SPIN, Source.HMR})
_FROM_FILES = "Pass your own poses with --keypoints DIR (docs/keypoints.md)."


def distance_sequences(
    samples: Sequence[Sample],
    recipe: TDMRecipe,
    poses: Sequence[Path] = (),
    progress: Progress | None = None,
) -> npt.NDArray[np.float32]:
    """Distance matrices of samples at one length.

    The distances, not the positions, are interpolated over time.

    Args:
        samples: The samples.
        recipe: Names the source, layout, normalisation and length.
        poses: Folders where estimated poses are kept: the first is written to, and all are read.
        progress: Where to report, sample by sample.

    Returns:
        ``(n, length, D)`` float32; D is V (V - 1) / 2 for V joints.

    Raises:
        DataError: A sample cannot give what the source needs, or distances have different widths.
        UsageError: The layout does not exist or the estimator is not installed.
    """
    # A joint halfway between two frames cuts corners and shortens limbs; a distance halfway does not.
    display = progress or NullProgress()
    display.start(f"poses of source {recipe.source}", len(samples))
    sequences = []
    for sample in samples:
        sequences.append(resample_time(_distances(sample.media, recipe, poses), recipe.length))
        display.advance()
    display.close()
    widths = {sequence.shape[1] for sequence in sequences}
    if len(widths) > 1:
        raise DataError(
            "The samples' distance matrices differ in width.",
            expected="the same number of joints in all samples",
            found=", ".join(map(str, sorted(widths))),
        )
    return np.stack(sequences).astype(np.float32, copy=False)


def keypoint_distances(
    keypoints: npt.NDArray[np.floating[Any]], layout: str, *, normalise: bool = True
) -> npt.NDArray[np.float32]:
    """Distance matrix of one clip of keypoints.

    Args:
        keypoints: ``(T, V, 3)``; x, y and confidence, 0 where missing; or ``(T, V, 4)`` with z before it.
        layout: Name of their joint order.
        normalise: Whether lengths are in torsos (the clip's median) rather than in the coordinates' unit.

    Returns:
        ``(T, V (V - 1) / 2)`` float32, finite; all zero where no joint was ever seen.
    """
    points = fill_missing(keypoints, layout)
    if normalise:
        # The clip's median, not each frame's: a torso that bends towards the camera
        # would stretch everything else.
        points /= torso_length(keypoints, layout) or 1.0
    return temporal_distance_matrix(points)


def mirror_order(layout: str) -> npt.NDArray[np.intp]:
    """Order of the distances that a mirror image has: left and right joints change places.

    Args:
        layout: Name of the joint order.

    Returns:
        ``(V (V - 1) / 2,)``: ``distances[..., mirror_order(layout)]`` are those of the mirror image.

    Example:
        >>> order = mirror_order("body-12")
        >>> bool((order[order] == np.arange(66)).all())
        True
    """
    joints = find_layout(layout).joints
    swapped = {"left": "right", "right": "left"}
    partner = []
    for joint in joints:
        side, _, part = joint.partition("_")
        partner.append(joints.index(f"{swapped[side]}_{part}" if side in swapped else joint))
    first, second = np.triu_indices(len(joints), k=1)
    # A square table finds the place of a pair in either order, so that swapped sides need no sorting.
    place = np.zeros((len(joints), len(joints)), dtype=np.intp)
    place[first, second] = place[second, first] = np.arange(len(first))
    mirrored: npt.NDArray[np.intp] = place[np.asarray(partner)[first], np.asarray(partner)[second]]
    return mirrored


def estimates(recipe: TDMRecipe) -> bool:
    """Whether a recipe's poses are estimated from frames, which takes long and needs no label."""
    return recipe.source in _ESTIMATORS


def fill_missing(keypoints: npt.NDArray[np.floating[Any]], layout: str) -> npt.NDArray[np.float32]:
    """Positions with the gaps closed.

    A joint is interpolated linearly over time between the frames that show it and held beyond the first
    and last of them. A joint that the clip never shows is put at the neck (at the mean of the other
    joints where the neck is never seen or not part of the layout), so that its distances tell where the
    others are relative to that point. Nothing seen at all gives zeros.

    Args:
        keypoints: ``(T, V, 3)``; x, y and confidence, 0 where missing; or ``(T, V, 4)`` with z before it.
        layout: Name of their joint order.

    Returns:
        ``(T, V, 2)`` or ``(T, V, 3)`` float32, finite.
    """
    points = keypoints[..., :-1].astype(np.float32)
    seen = ~missing(keypoints)
    frames = np.arange(len(points))
    known: npt.NDArray[np.bool_] = np.asarray(seen.any(axis=0))
    for joint in np.flatnonzero(known):
        times = frames[seen[:, joint]]
        for axis in range(points.shape[2]):
            points[:, joint, axis] = np.interp(frames, times, points[times, joint, axis])
    if known.all():
        return points
    joints = find_layout(layout).joints
    neck = joints.index("neck") if "neck" in joints else None
    if neck is not None and known[neck]:
        # One constant place for all that is missing: zeros would put them in the
        # corner of the picture, far away.
        points[:, ~known] = points[:, [neck]]
    elif known.any():
        points[:, ~known] = points[:, known].mean(axis=1, keepdims=True)
    else:
        points[:] = 0
    return points


def _distances(media: Media, recipe: TDMRecipe, poses: Sequence[Path]) -> npt.NDArray[np.floating[Any]]:
    _check_offered(media, recipe.source)
    if recipe.source is Source.HMR:
        return media.distances()
    if recipe.source in _ESTIMATORS:
        estimator = find_estimator(_ESTIMATORS[recipe.source])
        reader = media.frames if Modality.FRAMES in media.provides else lambda: media.image()[None]
        folder, others = (poses[0], poses[1:]) if poses else (None, ())
        pose = cached_estimate(media.content_key, reader, estimator, folder=folder, others=others)
        keypoints: npt.NDArray[np.floating[Any]] = convert(pose.keypoints, pose.layout, recipe.layout)
    elif recipe.source is Source.SPIN:
        keypoints = media.joints_3d(recipe.layout)
    else:
        keypoints = media.keypoints(recipe.layout)
    if recipe.source is Source.NOISY:
        seed = media.draw_seed("pose-tdm noisy")
        keypoints = simulate_estimator(keypoints, recipe.layout, seed).keypoints
    return keypoint_distances(keypoints, recipe.layout, normalise=recipe.normalise == "torso")


def _check_offered(media: Media, source: Source) -> None:
    needed = _NEEDS[source]
    still = needed is Modality.FRAMES and Modality.IMAGE in media.provides
    if needed not in media.provides and not still:
        others = ", ".join(s.value for s, modality in _NEEDS.items() if modality in media.provides)
        files = f"{_FROM_FILES} " if source in _FILES else ""
        raise DataError(
            f"This dataset cannot provide poses from source {source.value!r}.",
            expected=f"media that provide {needed}",
            found=", ".join(sorted(media.provides)) or "nothing",
            remedy=files
            + (
                f"Choose an available source: --set source={others}"
                if others
                else "Choose a dataset with keypoints, distances or frames."
            ),
        )
