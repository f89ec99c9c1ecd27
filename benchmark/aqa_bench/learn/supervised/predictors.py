"""What trained networks do with samples that they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.learn.supervised.head_training import forward
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.learn.training.prefetch import prefetch

__all__ = ["HeadPredictor", "NetworkPredictor"]


@dataclass(frozen=True)
class HeadPredictor:
    """A head on features.

    Attributes:
        inputs: Features of samples as the head takes them, ``(n, ...)`` float32.
        head: The network, in evaluation mode.
        coding: Turns outputs into scores.
        device: Where the head computes.
        batch_size: Samples a forward pass of the head.
    """

    inputs: Callable[[Sequence[Sample]], Tensor]
    head: nn.Module
    coding: TargetCoding
    device: torch.device
    batch_size: int

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Softmax probability of error, or the score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        return self.coding.decode(forward(self.head, self.inputs(samples).to(self.device), self.batch_size))


@dataclass(frozen=True)
class NetworkPredictor:
    """A network that judges pictures as they are.

    Attributes:
        network: The network, in evaluation mode.
        read: Decoded pictures of a sample, uint8.
        coding: Turns outputs into scores.
        device: Where it computes.
        batch_size: Samples a forward pass.
    """

    network: nn.Module
    read: Callable[[Sample], UInt8Array]
    coding: TargetCoding
    device: torch.device
    batch_size: int

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Softmax probability of error, or the score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        size = self.batch_size
        parts = (samples[i : i + size] for i in range(0, len(samples), size))
        reading = prefetch(np.stack([self.read(sample) for sample in part]) for part in parts)
        with torch.inference_mode(), autocast(self.device, Precision.default(self.device)):
            outputs = [self.network(torch.from_numpy(x).to(self.device)) for x in reading]
        return self.coding.decode(torch.cat(outputs))
