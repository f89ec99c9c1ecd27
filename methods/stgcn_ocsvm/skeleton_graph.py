"""The skeleton as ST-GCN's graph: joints, bones and the three neighbour subsets of each joint."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.errors import MethodError

__all__ = ["OPENPOSE_CENTRE", "OPENPOSE_EDGES", "OPENPOSE_JOINTS", "skeleton_adjacency"]

OPENPOSE_JOINTS: tuple[str, ...] = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
"""The 18 joints of OpenPose's COCO model, in its order."""

OPENPOSE_EDGES: tuple[tuple[int, int], ...] = (
    (0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7),
    (2, 8), (8, 9), (9, 10), (5, 11), (11, 12), (12, 13),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""The 17 bones of the Kinetics configuration; the hips hang from the shoulders."""

OPENPOSE_CENTRE = 1
"""The neck."""


def skeleton_adjacency(
    edges: Iterable[tuple[int, int]], centre: int, n_joints: int, *, horizon: int | None = None
) -> NDArray[np.float32]:
    """Normalised adjacency of a skeleton, split by spatial configuration (section 3.3, K = 3, one hop).

    Entry ``[k, v, w]`` weighs what joint ``w`` receives from joint ``v``. Subset 0 is the joint itself,
    subset 1 its neighbours that are as far from the centre or farther, subset 2 its nearer neighbours.
    The sum over the subsets is ``(A + I) D^-1``: every column adds up to 1.

    Args:
        edges: Bones as pairs of joint indices; their direction does not matter.
        centre: Joint that stands for the skeleton's centre of gravity.
        n_joints: Number of joints ``V``.
        horizon: Distances to the centre above this many bones count as equal. The paper has no such
            limit (``None``); the authors' released graphs, on which their weights were trained,
            are built with ``horizon=1``.

    Returns:
        Array ``(3, V, V)``.

    Raises:
        MethodError: A joint index lies outside ``[0, n_joints)``.

    Example:
        >>> skeleton_adjacency([(0, 1)], centre=0, n_joints=2).tolist()
        [[[0.5, 0.0], [0.0, 0.5]], [[0.0, 0.0], [0.5, 0.0]], [[0.0, 0.5], [0.0, 0.0]]]
    """
    bones = [(int(a), int(b)) for a, b in edges]
    joints = {centre, *(joint for bone in bones for joint in bone)}
    if outside := sorted(joint for joint in joints if not 0 <= joint < n_joints):
        raise MethodError(
            "The skeleton names joints missing from its layout.",
            expected=f"joint indices from 0 to {n_joints - 1}",
            found=outside,
            remedy="Number edges and centre as in the keypoint layout.",
        )
    linked = np.eye(n_joints, dtype=bool)
    for a, b in bones:
        linked[a, b] = linked[b, a] = True
    distance = _hops_to(centre, linked)
    if horizon is not None:
        distance[distance > horizon] = np.inf
    itself = np.eye(n_joints, dtype=bool)
    nearer = distance[:, None] < distance[None, :]
    weights = linked / linked.sum(axis=0)
    return np.stack([weights * itself, weights * (~itself & ~nearer), weights * nearer]).astype(np.float32)


def _hops_to(centre: int, linked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Number of bones from each joint to the centre, ``inf`` where no path leads."""
    distance = np.full(len(linked), np.inf)
    reached = np.zeros(len(linked), dtype=bool)
    front, hops = np.arange(len(linked)) == centre, 0
    while front.any():
        distance[front] = hops
        reached |= front
        front = linked[front].any(axis=0) & ~reached
        hops += 1
    return distance
