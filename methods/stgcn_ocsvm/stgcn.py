"""ST-GCN: spatial temporal graph convolution over skeletons (Yan, Xiong and Lin, AAAI 2018).

The configuration is the one trained on Kinetics-Skeleton: 18 OpenPose joints, spatial-configuration
partitioning, ten blocks, learnable edge importance. The classifier is left off, so that the network
maps skeleton sequences to 256 features.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.learn.training.device import evaluating

from .skeleton_graph import OPENPOSE_CENTRE, OPENPOSE_EDGES, OPENPOSE_JOINTS, skeleton_adjacency

__all__ = ["STGCN"]

_MIN_FRAMES = 16
_TEMPORAL_KERNEL = 9
_BLOCKS: tuple[tuple[int, int], ...] = (
    (64, 1), (64, 1), (64, 1), (64, 1),
    (128, 2), (128, 1), (128, 1),
    (256, 2), (256, 1), (256, 1),
)  # fmt: skip


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
        depth: Number of blocks, 10.
    """

    num_features = 256
    depth = len(_BLOCKS)
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
        return self.pooled(x, 0).view(len(x), x.shape[-1], -1).mean(dim=1)

    def before(self, x: Tensor, block: int) -> Tensor:
        """What a block is given, computed without gradients and in evaluation mode.

        The blocks before it stay as they are while it and those after it are trained, so that this is
        computed once for each clip.

        Args:
            x: ``(N, C, T, V, M)``.
            block: Index of the block; with 0 ``x`` is returned, since the input normalisation is
                trained with the first block.

        Returns:
            ``(N * M, C', T', V)`` activations, or ``x``.
        """
        if not block:
            return x
        with evaluating(self), torch.no_grad():
            return self._run(self._normalised(x), 0, block)

    def pooled(self, x: Tensor, start: int) -> Tensor:
        """The blocks from ``start`` on, and the mean over time and joints.

        Args:
            x: What :meth:`before` gives for ``start``.
            start: Index of the first block to run.

        Returns:
            ``(N * M, 256)``: for one person, what the whole network gives.
        """
        x = self._run(x if start else self._normalised(x), start, self.depth)
        return x.mean(dim=(2, 3))

    def parameters_from(self, start: int) -> list[nn.Parameter]:
        """Parameters of the blocks from ``start`` on; with 0, of the whole network."""
        if not start:
            return list(self.parameters())
        return [
            *(p for block in self.blocks[start:] for p in block.parameters()),
            *list(self.edge_importance)[start:],
        ]

    def _normalised(self, x: Tensor) -> Tensor:
        """``(N, C, T, V, M)`` to ``(N * M, C, T, V)``, each joint's channels normalised for themselves."""
        n, c, t, v, m = x.shape
        x = self.data_bn(x.permute(0, 4, 3, 1, 2).reshape(n * m, v * c, t))
        return x.view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()

    def _run(self, x: Tensor, start: int, stop: int) -> Tensor:
        masks = list(self.edge_importance)[start:stop]
        for block, importance in zip(self.blocks[start:stop], masks, strict=True):
            x = block(x, self.A * importance)
        return x

    def _check(self, x: Tensor) -> None:
        shape = tuple(x.shape)
        if len(shape) != 5 or shape[1] != self.in_channels or shape[3] != self.n_joints or shape[4] < 1:
            raise DataError(
                "The skeleton sequences do not have the shape that ST-GCN needs.",
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
        y: Tensor = self.conv(x).unflatten(1, (len(adjacency), -1))
        return torch.einsum("nkctv,kvw->nctw", y, adjacency)
