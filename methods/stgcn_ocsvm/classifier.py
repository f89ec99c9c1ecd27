"""ST-GCN in two parts, so that what is not trained is computed once a clip."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqa_bench.learn.training.evaluating import evaluating

from .stgcn import STGCN

__all__ = ["BLOCKS", "TailClassifier", "run_head_blocks", "run_tail_blocks", "tail_parameters"]

BLOCKS = 10


def run_head_blocks(network: STGCN, x: Tensor, stop: int) -> Tensor:
    """The first ``stop`` blocks, without gradients and in evaluation mode.

    Args:
        network: The network; its mode is left as it was.
        x: ``(N, 3, T, 18, 1)``.
        stop: Number of blocks; with 0 the input is returned as it is.

    Returns:
        ``(N, C, T', 18)`` activations, or ``x``.
    """
    if not stop:
        return x
    with evaluating(network), torch.no_grad():
        return _blocks(network, _normalised(network, x), 0, stop)


def run_tail_blocks(network: STGCN, x: Tensor, start: int) -> Tensor:
    """The blocks from ``start`` on, and the mean over joints and time.

    Args:
        network: The network.
        x: What :func:`run_head_blocks` with ``stop=start`` returned.
        start: Index of the first block to run.

    Returns:
        ``(N, 256)``: for one person, what the whole network would give.
    """
    x = _blocks(network, x if start else _normalised(network, x), start, BLOCKS)
    return x.mean(dim=(2, 3))


def tail_parameters(network: STGCN, start: int) -> list[nn.Parameter]:
    """Parameters of the blocks from ``start`` on; with 0, of the whole network."""
    if not start:
        return list(network.parameters())
    return [
        *(p for block in network.blocks[start:] for p in block.parameters()),
        *list(network.edge_importance)[start:],
    ]


class TailClassifier(nn.Module):
    """The blocks from ``start`` on with a linear layer over classes.

    Args:
        network: The network; its blocks are shared, not copied.
        classes: Number of classes.
        start: Index of the first block to run.
        freeze_bn: Whether batch normalisation uses and keeps its running statistics while training.
    """

    def __init__(self, network: STGCN, classes: int, start: int, *, freeze_bn: bool) -> None:
        super().__init__()
        self.network = network
        self.start = start
        self.freeze_bn = freeze_bn
        self.linear = nn.Linear(network.num_features, classes)

    def train(self, mode: bool = True) -> TailClassifier:
        """Set the mode; blocks that are not trained, and frozen normalisation, stay in evaluation mode."""
        super().train(mode)
        for index, block in enumerate(self.network.blocks):
            if index < self.start:
                block.eval()
        if self.start or self.freeze_bn:
            self.network.data_bn.eval()
        if self.freeze_bn:
            for module in self.network.blocks.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Activations at ``start`` to logits ``(N, classes)``."""
        out: Tensor = self.linear(run_tail_blocks(self.network, x, self.start))
        return out


def _normalised(network: STGCN, x: Tensor) -> Tensor:
    n, c, t, v, m = x.shape
    x = network.data_bn(x.permute(0, 4, 3, 1, 2).reshape(n * m, v * c, t))
    return x.view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()


def _blocks(network: STGCN, x: Tensor, start: int, stop: int) -> Tensor:
    for block, importance in zip(
        network.blocks[start:stop], list(network.edge_importance)[start:stop], strict=True
    ):
        x = block(x, network.A * importance)
    return x
