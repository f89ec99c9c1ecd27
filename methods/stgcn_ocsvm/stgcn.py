"""ST-GCN: spatial temporal graph convolution over skeletons (Yan, Xiong and Lin, AAAI 2018).

The configuration is the one trained on Kinetics-Skeleton: 18 OpenPose joints, spatial-configuration
partitioning, ten blocks, learnable edge importance. The classifier is left off, so that the network
maps skeleton sequences to 256 features.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqa_bench.core.errors import DataError, MethodError

__all__ = ["OPENPOSE_CENTRE", "OPENPOSE_EDGES", "OPENPOSE_JOINTS", "STGCN", "skeleton_adjacency"]

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

_MIN_FRAMES = 16
_TEMPORAL_KERNEL = 9
_BLOCKS: tuple[tuple[int, int], ...] = (
    (64, 1), (64, 1), (64, 1), (64, 1),
    (128, 2), (128, 1), (128, 1),
    (256, 2), (256, 1), (256, 1),
)  # fmt: skip


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
            "The skeleton names joints that it does not have.",
            expected=f"joint indices from 0 to {n_joints - 1}",
            found=outside,
            remedy="Give edges and centre in the numbering of the keypoint layout.",
        )
    linked = np.eye(n_joints, dtype=bool)
    for a, b in bones:
        linked[a, b] = linked[b, a] = True
    distance = _hops_to(centre, linked)
    if horizon is not None:
        # Two joints beyond the horizon are equally far, so that a bone between them falls into subset
        # 1, not into that of nearer ones.
        distance[distance > horizon] = np.inf
    itself = np.eye(n_joints, dtype=bool)
    nearer = distance[:, None] < distance[None, :]
    # Normalised before the split: the subsets share the weight of a joint between them.
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


class STGCN(nn.Module):
    """ST-GCN feature extractor with ten blocks (section 3.6): 64 x 4, 128 x 3, 256 x 3 channels.

    Strides of 2 over time at the fifth and eighth block, temporal kernel 9, a residual in all blocks
    but the first, and a learnable mask on the edges of each block.

    Args:
        in_channels: Channels of a joint; 3 for x, y (image fractions, centred at 0) and confidence.
        dropout: Dropout inside all blocks but the first; 0 on Kinetics, 0.5 on NTU RGB+D.
        adjacency: ``(K, V, V)`` weights from :func:`skeleton_adjacency`; by default the graph of the
            released Kinetics model (OpenPose joints, ``horizon=1``).

    Attributes:
        num_features: Size of the output, 256.
    """

    num_features = 256
    A: Tensor

    def __init__(
        self, in_channels: int = 3, dropout: float = 0.0, adjacency: NDArray[np.float32] | None = None
    ) -> None:
        super().__init__()
        if adjacency is None:
            adjacency = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, len(OPENPOSE_JOINTS), horizon=1)
        graph = torch.from_numpy(np.array(adjacency, dtype=np.float32))
        self.in_channels = in_channels
        self.n_joints = graph.shape[1]
        self.register_buffer("A", graph)
        self.data_bn = nn.BatchNorm1d(in_channels * self.n_joints)
        self.blocks = nn.ModuleList()
        width = in_channels
        for index, (channels, stride) in enumerate(_BLOCKS):
            first = index == 0
            self.blocks.append(
                _Block(width, channels, len(graph), stride, 0.0 if first else dropout, residual=not first)
            )
            width = channels
        self.edge_importance = nn.ParameterList(nn.Parameter(torch.ones_like(graph)) for _ in _BLOCKS)

    def forward(self, x: Tensor) -> Tensor:
        """Map skeleton sequences to features.

        Args:
            x: ``(N, C, T, V, M)`` with channels, frames (at least 16), joints and persons; an absent
                person is all zeros and counts in the mean over persons, as published.

        Returns:
            ``(N, 256)``.

        Raises:
            DataError: The shape does not fit the graph, or the sequence is too short.
        """
        self._check(x)
        n, c, t, v, m = x.shape
        x = self.data_bn(x.permute(0, 4, 3, 1, 2).reshape(n * m, v * c, t))
        x = x.view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()
        for block, importance in zip(self.blocks, self.edge_importance, strict=True):
            x = block(x, self.A * importance)
        return x.mean(dim=(2, 3)).view(n, m, -1).mean(dim=1)

    def _check(self, x: Tensor) -> None:
        shape = tuple(x.shape)
        if len(shape) != 5 or shape[1] != self.in_channels or shape[3] != self.n_joints or shape[4] < 1:
            raise DataError(
                "The skeleton sequences do not have the shape that ST-GCN takes.",
                expected=f"(N, {self.in_channels}, T, {self.n_joints}, M)",
                found=shape,
                remedy="Convert the keypoints to this layout, with confidence as the last channel.",
            )
        if shape[2] < _MIN_FRAMES:
            raise DataError(
                "The skeleton sequences are too short for ST-GCN.",
                expected=f"at least {_MIN_FRAMES} frames",
                found=f"{shape[2]} frames",
                remedy="Pad or resample the sequences over time first.",
            )


class _Block(nn.Module):
    """Graph convolution over joints, then convolution over time, with a residual connection."""

    def __init__(
        self, in_channels: int, channels: int, subsets: int, stride: int, dropout: float, *, residual: bool
    ) -> None:
        super().__init__()
        self.gcn = _GraphConv(in_channels, channels, subsets)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(
                channels, channels, (_TEMPORAL_KERNEL, 1), (stride, 1), padding=(_TEMPORAL_KERNEL // 2, 0)
            ),
            nn.BatchNorm2d(channels),
            nn.Dropout(dropout),
        )
        self.residual: nn.Module | None
        if not residual:
            self.residual = None
        elif in_channels == channels and stride == 1:
            self.residual = nn.Identity()
        else:
            self.residual = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, (stride, 1)), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """``(N, C, T, V)`` to ``(N, C', T / stride, V)``."""
        out: Tensor = self.tcn(self.gcn(x, adjacency))
        if self.residual is not None:
            out = out + self.residual(x)
        return torch.relu(out)


class _GraphConv(nn.Module):
    """A 1 x 1 convolution for each neighbour subset, gathered along the graph (equation 10)."""

    def __init__(self, in_channels: int, channels: int, subsets: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels * subsets, 1)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """``(N, C, T, V)`` and ``(K, V, V)`` to ``(N, C', T, V)``."""
        # One convolution makes the channels of all subsets; the graph then
        # gathers each with its own matrix.
        y: Tensor = self.conv(x).unflatten(1, (len(adjacency), -1))
        return torch.einsum("nkctv,kvw->nctw", y, adjacency)
