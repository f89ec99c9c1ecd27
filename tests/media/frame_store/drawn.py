"""Clips for the tests of frame stores: smooth pictures, as videos are, another one for every clip."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import UInt8Array

SIDE = 24


def pictures(seed: int, length: int, side: int = SIDE) -> UInt8Array:
    y, x, t = np.meshgrid(np.arange(side), np.arange(side), np.arange(length), indexing="ij")
    waves = [np.sin((seed + 1) * (x + c * y) / side + t / 5) for c in range(3)]
    return np.ascontiguousarray((127 + 120 * np.stack(waves, -1)).astype(np.uint8).transpose(2, 0, 1, 3))


@dataclass
class Drawn:
    """A clip that counts how often it is decoded.

    Attributes:
        claimed: Number of frames that it says it has.
        broken: Whether it cannot be decoded.
        seconds: How long it takes.
    """

    seed: int = 0
    length: int = 5
    side: int = SIDE
    claimed: int | None = None
    broken: bool = False
    seconds: float = 0.0
    decoded: int = 0

    def __len__(self) -> int:
        return self.length if self.claimed is None else self.claimed

    def __call__(self) -> UInt8Array:
        self.decoded += 1
        time.sleep(self.seconds)
        if self.broken:
            raise DataError("The video is damaged.", found="truncated")
        return pictures(self.seed, self.length, self.side)


class Counter:
    """A progress display that remembers what it was told."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int | None]] = []
        self.steps = 0

    def start(self, task: str, total: int | None = None) -> None:
        self.tasks.append((task, total))
        self.steps = 0

    def advance(self, steps: int = 1, **fields: object) -> None:
        self.steps += steps

    def close(self) -> None:
        assert self.steps == self.tasks[-1][1]
