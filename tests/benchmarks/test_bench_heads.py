"""Heads that share features, trained one after the other and all in one batched call: is it worth it?

``members`` are label seeds and tasks: each has initial weights, labels and an order of batches of its own, on
the same features. Batched, ``M`` networks are one: grouped convolutions and batch norms over ``M`` times the
channels, batched products in place of linear layers. A step is forward, backward and AdamW.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from aqa_bench.learn.heads.linear import LinearHead
from aqa_bench.learn.heads.mlp import MLPHead
from aqa_bench.learn.heads.resnet1d import ResNet1D

CLIPS, BATCH, MEMBERS = 224, 16, 6
Build = Callable[[], nn.Module]

HEADS: dict[str, tuple[Build, int, int]] = {
    "linear, 512": (lambda: LinearHead(512, 2), 512, 0),
    "mlp 256, 512": (lambda: MLPHead(512, 2, (256,), 0.0), 512, 0),
    "resnet1d 64 x 2, 128, T 16 (quick)": (lambda: ResNet1D(128, 2, 64, 2, 0.0), 128, 16),
    "resnet1d 64 x 2, 512, T 16": (lambda: ResNet1D(512, 2, 64, 2, 0.0), 512, 16),
    "resnet1d 256 x 4, 512, T 200 (paper)": (lambda: ResNet1D(512, 2, 256, 4, 0.0), 512, 200),
}


class Batched(nn.Module):
    """``M`` heads as one: ``(M, N, ...)`` to logits ``(M, N, C)``."""

    def __init__(self, heads: list[nn.Module]) -> None:
        super().__init__()
        self.members = len(heads)
        self.sequences = isinstance(heads[0], ResNet1D)
        self.layers = _merged([list(head.children()) for head in heads], self.sequences)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of every member."""
        if not self.sequences:
            out: Tensor = self.layers(x)
            return out
        m, n, t, d = x.shape
        y = self.layers[:-1](x.permute(1, 0, 3, 2).reshape(n, m * d, t)).mean(dim=2)
        last: Tensor = self.layers[-1](y.view(n, m, -1).transpose(0, 1))
        return last


class _Product(nn.Module):
    def __init__(self, layers: list[nn.Linear]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach().T for layer in layers]).contiguous())
        self.bias = nn.Parameter(torch.stack([layer.bias.detach()[None] for layer in layers]))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class _Sum(nn.Module):
    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.shortcut(x)


def _merged(columns: list[list[nn.Module]], sequences: bool) -> nn.Sequential:
    merged: list[nn.Module] = []
    for layers in zip(*columns, strict=True):
        first: Any = layers[0]
        if isinstance(first, nn.Linear):
            merged.append(_Product(list(layers)))  # type: ignore[arg-type]
        elif isinstance(first, nn.Conv1d):
            m = len(layers)
            conv = nn.Conv1d(
                m * first.in_channels,
                m * first.out_channels,
                first.kernel_size[0],
                stride=first.stride[0],
                padding=first.padding[0],
                bias=False,
                groups=m,
            )
            conv.weight = nn.Parameter(torch.cat([layer.weight.detach() for layer in layers]))  # type: ignore[arg-type]
            merged.append(conv)
        elif isinstance(first, nn.BatchNorm1d):
            merged.append(nn.BatchNorm1d(len(layers) * first.num_features))
        elif isinstance(first, nn.ReLU):
            merged.append(nn.ReLU(inplace=True))
        elif hasattr(first, "shortcut"):
            parts = [
                _merged([list(getattr(layer, side).children()) for layer in layers], sequences)
                for side in ("body", "shortcut")
            ]
            merged.append(_Sum(*parts))
        elif isinstance(first, nn.Sequential):
            merged.extend(_merged([list(layer.children()) for layer in layers], sequences))
    return nn.Sequential(*merged)


def _pool(members: int, width: int, frames: int) -> tuple[Tensor, Tensor, list[Tensor]]:
    generator = torch.Generator().manual_seed(0)
    shape = (CLIPS, frames, width) if frames else (CLIPS, width)
    x = torch.randn(shape, generator=generator)
    y = torch.randint(2, (members, CLIPS), generator=generator)
    return x, y, [torch.randperm(CLIPS, generator=generator) for _ in range(members)]


def _optimiser(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), 1e-3)


def _epoch_of_one(head: nn.Module, adam: torch.optim.Optimizer, x: Tensor, y: Tensor, order: Tensor) -> None:
    for rows in order.split(BATCH):
        adam.zero_grad()
        F.cross_entropy(head(x[rows]), y[rows]).backward()
        adam.step()


def _epoch_of_all(
    heads: nn.Module, adam: torch.optim.Optimizer, x: Tensor, y: Tensor, orders: list[Tensor]
) -> None:
    for rows in torch.stack(orders).split(BATCH, dim=1):
        adam.zero_grad()
        logits = heads(x[rows])
        losses = F.cross_entropy(logits.flatten(0, 1), y.gather(1, rows).flatten(), reduction="none")
        # The sum of the members' means, so that each gets the gradient that it gets alone.
        losses.view(len(y), -1).mean(dim=1).sum().backward()
        adam.step()


@pytest.mark.parametrize("name", HEADS)
def test_all_in_one_call_beside_one_after_the_other(benchmark: BenchmarkFixture, name: str) -> None:
    build, width, frames = HEADS[name]
    torch.set_num_threads(1)
    x, y, orders = _pool(MEMBERS, width, frames)
    torch.manual_seed(0)
    heads = [build().train() for _ in range(MEMBERS)]
    together = Batched(heads).train()
    each, both = [_optimiser(head) for head in heads], _optimiser(together)

    def sequential() -> None:
        for head, adam, labels, order in zip(heads, each, y, orders, strict=True):
            _epoch_of_one(head, adam, x, labels, order)

    times: dict[str, list[tuple[float, float]]] = {"sequential": [], "batched": []}
    ways = {"sequential": sequential, "batched": lambda: _epoch_of_all(together, both, x, y, orders)}

    def measure() -> None:
        for way, epoch in ways.items():
            wall, busy = time.perf_counter(), time.process_time()
            epoch()
            times[way].append((time.perf_counter() - wall, time.process_time() - busy))

    def difference() -> float:
        """Between the logits of one head and of all together, on the same clips."""
        for module in (*heads, together):
            module.eval()
        with torch.no_grad():
            alone = torch.stack([head(x[:BATCH]) for head in heads])
            found = (together(x[:BATCH].expand(MEMBERS, *x[:BATCH].shape)) - alone).abs().max()
        for module in (*heads, together):
            module.train()
        return float(found)

    before = difference()
    measure()
    after = difference()
    times = {way: [] for way in times}
    rounds = 1 if frames == 200 else 6
    benchmark.pedantic(measure, rounds=rounds)
    wall, busy = (
        [statistics.median(t[i] for t in times[way]) for way in ("sequential", "batched")] for i in (0, 1)
    )
    benchmark.extra_info |= {
        "name": name,
        "members": MEMBERS,
        "processor seconds": busy,
        "times as fast, processor": busy[0] / busy[1],
        "times as fast, wall": wall[0] / wall[1],
        "largest difference of logits, before and after an epoch": [before, after],
    }
    assert before < 1e-5
