"""Retrieval of poses by their embeddings: nearest frames of other videos, and how far off they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.media.torso import torso_length

__all__ = [
    "elevation_errors",
    "keypoint_errors",
    "nearest_of_each_group",
    "nearest_of_other_groups",
    "normalised_poses",
    "random_of_other_groups",
    "spread_queries",
]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

# Similarities held at once: 128 MiB of float32.
_CHUNK = 1 << 25
_TINY = 1e-12


def nearest_of_other_groups(
    embeddings: Array, groups: npt.ArrayLike, count: int
) -> tuple[Indices, npt.NDArray[np.float32]]:
    """For every frame, the frames of other groups whose embeddings are nearest by cosine.

    Parmar et al. (ECCV 2022, Fig. 6) show such neighbours; frames of the query's own video, which would
    always win, are left out. Equal similarities are ordered by index.

    Args:
        embeddings: ``(N, D)``, of any length but 0; an all-zero one is as far from all others.
        groups: ``(N,)`` source video or session of every frame.
        count: Neighbours wanted, ``k``.

    Returns:
        ``(N, k)`` int64 indices, nearest first, and their ``(N, k)`` cosine similarities.

    Raises:
        DataError: Embeddings are not finite, or a frame has fewer than ``count`` frames of other groups.

    Example:
        >>> embeddings = np.array([[1.0, 0.0], [0.9, 0.1], [0.8, 0.3], [0.0, 1.0]])
        >>> nearest_of_other_groups(embeddings, ["a", "a", "b", "b"], 1)[0].ravel().tolist()
        [2, 2, 1, 1]
    """
    index = _checked_groups(groups, len(embeddings), count)
    x = np.asarray(embeddings, np.float32)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise DataError(
            "These embeddings cannot be compared.", expected="finite numbers (N, D)", found=f"shape {x.shape}"
        )
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), _TINY)
    indices = np.empty((len(x), count), np.int64)
    similarities = np.empty((len(x), count), np.float32)
    step = max(1, _CHUNK // len(x))
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        cosine = x[rows] @ x.T
        cosine[index[rows, None] == index[None, :]] = -np.inf
        # Whoever ties with the last neighbour must be seen, for the lower index to win.
        threshold = np.partition(cosine, len(x) - count, axis=1)[:, len(x) - count]
        for row, (values, least) in enumerate(zip(cosine, threshold, strict=True), start):
            near = np.flatnonzero(values >= least)
            chosen = near[np.argsort(-values[near], kind="stable")][:count]
            indices[row], similarities[row] = chosen, values[chosen]
    return indices, similarities


def nearest_of_each_group(
    embeddings: Array, groups: npt.ArrayLike, queries: Indices, count: int
) -> tuple[Indices, npt.NDArray[np.float32]]:
    """For some frames, the nearest frame of each of the nearest other groups by cosine.

    Args:
        embeddings: ``(N, D)``, as in :func:`nearest_of_other_groups`.
        groups: ``(N,)`` source video or session of every frame.
        queries: ``(q,)`` indices of frames.
        count: Neighbours wanted; fewer where there are fewer other groups for every query.

    Returns:
        ``(q, k)`` int64 indices, nearest first, no two of one group, and their cosine similarities.

    Raises:
        DataError: Frames and groups do not match, or all frames are of one group.

    Example:
        >>> embeddings = np.array([[1.0, 0.0], [0.9, 0.1], [0.8, 0.3], [0.0, 1.0]])
        >>> nearest_of_each_group(embeddings, ["a", "b", "b", "c"], np.array([0]), 2)[0].tolist()
        [[1, 3]]
    """
    index = _checked_groups(groups, len(embeddings), 1)
    x = np.asarray(embeddings, np.float32)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), _TINY)
    k = min(count, int(index.max()))
    indices = np.empty((len(queries), k), np.int64)
    similarities = np.empty((len(queries), k), np.float32)
    for row, query in enumerate(queries.tolist()):
        cosine = x @ x[query]
        order = np.argsort(-cosine, kind="stable")
        order = order[index[order] != index[query]]
        first = np.sort(np.unique(index[order], return_index=True)[1])[:k]
        indices[row], similarities[row] = order[first], cosine[order[first]]
    return indices, similarities


def random_of_other_groups(groups: npt.ArrayLike, count: int, rng: np.random.Generator) -> Indices:
    """For every frame, frames of other groups drawn evenly with replacement: the chance level.

    Args:
        groups: ``(N,)`` source video or session of every frame.
        count: Draws per frame.
        rng: Source of the draws.

    Returns:
        ``(N, count)`` int64.

    Raises:
        DataError: All frames are of one group.
    """
    index = _checked_groups(groups, len(np.asarray(groups)), 1)
    order = np.argsort(index, kind="stable")
    sizes = np.bincount(index)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    own = sizes[index][:, None]
    drawn = rng.integers(0, len(index) - own, (len(index), count))
    # Drawn from as many as are allowed, then stepped over the own group's block:
    # even, and without drawing again.
    drawn += np.where(drawn >= starts[index][:, None], own, 0)
    found: Indices = order[drawn]
    return found


def elevation_errors(elevation: Array, retrieved: Indices) -> npt.NDArray[np.float64]:
    """Mean difference of the bar's elevation between every frame and those retrieved for it.

    Args:
        elevation: ``(N,)`` normalised elevation in [0, 1]; NaN where unknown.
        retrieved: ``(N, k)``.

    Returns:
        ``(N,)`` in [0, 1]; retrieved frames of unknown elevation are left out, NaN where none is left.
    """
    known = np.asarray(elevation, np.float64)
    return _mean_of_known(np.abs(known[retrieved] - known[:, None]))


def normalised_poses(keypoints: Array, layout: str) -> npt.NDArray[np.float32]:
    """Poses relative to the middle of the hips, in units of the clip's torso length.

    Args:
        keypoints: ``(T, V, 3)`` of one clip; x, y and confidence, 0 where missing.
        layout: Name of their joint order, which has hips.

    Returns:
        ``(T, V, 2)``; NaN for missing joints, for frames without both hips, and where the clip has no
        size.

    Raises:
        DataError: The keypoints do not fit the layout.
        UsageError: There is no such layout.
    """
    order = find_layout(layout)
    length = torso_length(keypoints, layout)
    poses = np.full((*keypoints.shape[:2], 2), np.nan)
    if length is None:
        return poses.astype(np.float32)
    poses[...] = keypoints[..., :2]
    poses[missing(keypoints)] = np.nan
    hips = poses[:, [order.index("left_hip"), order.index("right_hip")]].mean(axis=1)
    return np.asarray((poses - hips[:, None]) / length, np.float32)


def keypoint_errors(poses: Array, retrieved: Indices) -> npt.NDArray[np.float64]:
    """Mean distance between the joints of every frame and those of the frames retrieved for it.

    Args:
        poses: ``(N, V, 2)`` of :func:`normalised_poses`; NaN where missing.
        retrieved: ``(N, k)``.

    Returns:
        ``(N,)`` in torso lengths: the mean over the joints that both frames have, then over the frames
        retrieved; NaN where there is none.
    """
    columns = [
        _mean_of_known(np.linalg.norm(poses[retrieved[:, k]] - poses, axis=-1).astype(np.float64))
        for k in range(retrieved.shape[1])
    ]
    return _mean_of_known(np.stack(columns, axis=1))


def spread_queries(elevation: Array, groups: npt.ArrayLike, count: int, rng: np.random.Generator) -> Indices:
    """Choose frames to show: spread over elevation, each of another group where there are enough.

    Args:
        elevation: ``(N,)``; NaN where unknown. Where it is unknown for all, frames are drawn evenly.
        groups: ``(N,)`` source video or session of every frame.
        count: Frames wanted.
        rng: Source of the draws.

    Returns:
        At most ``count`` indices, from the lowest elevation to the highest.
    """
    labels = np.asarray(groups)
    known = np.flatnonzero(np.isfinite(elevation))
    pool = known if len(known) else np.arange(len(labels))
    shuffled = rng.permutation(pool)
    if len(known):
        # Shuffled before a stable sort, so that frames of equal elevation come in random order.
        shuffled = shuffled[np.argsort(np.asarray(elevation)[shuffled], kind="stable")]
    chosen: list[int] = []
    used: set[Any] = set()
    for part in np.array_split(shuffled, min(count, len(shuffled))):
        drawn = rng.permutation(part)
        fresh = [int(i) for i in drawn if labels[i] not in used]
        chosen.append(fresh[0] if fresh else int(drawn[0]))
        used.add(labels[chosen[-1]])
    return np.array(chosen, np.int64)


def _mean_of_known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean over the last axis without NaN; NaN where all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _checked_groups(groups: npt.ArrayLike, n: int, count: int) -> Indices:
    labels = np.asarray(groups)
    if labels.shape != (n,) or n == 0:
        raise DataError(
            "The numbers of frames and groups differ.", expected=f"({n},), not empty", found=labels.shape
        )
    index = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    sizes = np.bincount(index)
    if len(sizes) < 2:
        raise DataError(
            "All frames are from one video, so there is no other video to retrieve from.",
            expected="at least 2 groups",
            found=f"{len(sizes)}",
            remedy="Use more clips, or a dataset with more videos.",
        )
    if n - sizes.max() < count:
        raise DataError(
            "Other videos have too few frames to retrieve.",
            expected=f"at least {count}",
            found=f"{n - sizes.max()} for the largest group",
            remedy="Ask for fewer neighbours, or take more frames per clip.",
        )
    return index
