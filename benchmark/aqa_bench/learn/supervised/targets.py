"""Labels as networks are trained on them, and trained networks' outputs as scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet, Sample, UInt8Array
from aqa_bench.core.state import HasState, State
from aqa_bench.core.task import TaskKind
from aqa_bench.learn.training.batches import prefetch
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.learn.training.network_state import head_state

__all__ = ["FitData", "HeadPredictor", "NetworkPredictor", "TargetCoding", "forward"]


@dataclass(frozen=True, slots=True)
class TargetCoding:
    """Two classes, or standardised scores.

    Attributes:
        scale: Mean and standard deviation of the training scores; None for binary tasks.
    """

    scale: tuple[float, float] | None = None

    @classmethod
    def of(cls, train: LabeledSet, ctx: FitContext, method: str) -> TargetCoding:
        """The coding of a task.

        Args:
            train: Labelled samples.
            ctx: Names the task and split.
            method: Name of the method, for the message.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
        """
        is_score = ctx.task.kind is TaskKind.SCORE
        classes = np.unique(train.targets)
        if len(train) < 2 or (not is_score and len(classes) < 2):
            raise MethodError(
                f"{method} cannot learn, because the training split has only one class.",
                where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
                expected="at least two training samples" + ("" if is_score else ", with and without error"),
                found=f"{len(train)} of class {', '.join(f'{value:g}' for value in classes) or 'none'}",
                remedy="Choose a scheme that trains on both classes (aqa-bench dataset info).",
            )
        # From train alone. Raw scores lie far from where the outputs of a new network begin.
        return cls((float(train.targets.mean()), float(train.targets.std()) or 1.0) if is_score else None)

    @classmethod
    def restored(cls, state: State) -> TargetCoding:
        """The coding of :meth:`state`."""
        scale = state.fact("scale")
        return cls(None if scale is None else (float(scale[0]), float(scale[1])))

    def state(self) -> State:
        """The scale."""
        return State({"scale": self.scale})

    @property
    def is_score(self) -> bool:
        """Whether targets are scores."""
        return self.scale is not None

    @property
    def num_outputs(self) -> int:
        """Outputs of a network."""
        return 1 if self.is_score else 2

    def encode(self, targets: npt.NDArray[np.float64]) -> Tensor:
        """``(n,)`` targets as int64 classes, or float32 standardised scores."""
        if self.scale is None:
            return torch.from_numpy(targets).long()
        mean, deviation = self.scale
        return torch.from_numpy((targets - mean) / deviation).float()

    def decode(self, outputs: Tensor) -> npt.NDArray[np.float64]:
        """``(n, C)`` outputs as softmax probabilities of error, or scores: ``(n,)`` float64."""
        # In float64: in float32 a softmax rounds confident outputs to 1, and their ranks are lost.
        wide = outputs.double().cpu()
        if self.scale is None:
            return np.asarray(wide.softmax(dim=1)[:, 1].numpy())
        mean, deviation = self.scale
        return np.asarray(wide[:, 0].numpy() * deviation + mean)


@dataclass(frozen=True, slots=True)
class FitData:
    """What a fit knows of labels.

    Attributes:
        train: Labelled samples to learn from.
        val: Labelled samples to select on; may be empty.
        coding: Of the targets.
    """

    train: LabeledSet
    val: LabeledSet
    coding: TargetCoding


@dataclass(frozen=True)
class HeadPredictor:
    """A head on features.

    Attributes:
        inputs: Features of samples as the head takes them, ``(n, ...)`` float32.
        head: The network, in evaluation mode.
        coding: Turns outputs into scores.
        device: Where the head computes.
        batch_size: Samples per forward pass of the head.
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

    def state(self) -> State:
        """The head, its coding, and what its inputs are made with.

        Raises:
            MethodError: The inputs have no state.
        """
        if not isinstance(self.inputs, HasState):
            raise MethodError(
                "The inputs of this head cannot be saved.",
                expected="inputs with a method state()",
                found=type(self.inputs).__name__,
            )
        return State.joined(
            head=head_state(self.head), coding=self.coding.state(), inputs=self.inputs.state()
        )


@dataclass(frozen=True)
class NetworkPredictor:
    """A network that judges pictures as they are.

    Attributes:
        network: The network, in evaluation mode.
        read: Decoded pictures of a sample, uint8.
        coding: Turns outputs into scores.
        device: Where it computes.
        batch_size: Samples per forward pass.
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
        # The next part is decoded while the network judges this one.
        reading = prefetch(np.stack([self.read(sample) for sample in part]) for part in parts)
        with torch.inference_mode(), autocast(self.device, Precision.default(self.device)):
            outputs = [self.network(torch.from_numpy(x).to(self.device)) for x in reading]
        return self.coding.decode(torch.cat(outputs))


def forward(head: nn.Module, x: Tensor, batch_size: int) -> Tensor:
    """Outputs ``(n, C)`` of inputs ``(n, ...)``, without gradients."""
    with torch.no_grad():
        return torch.cat([head(part) for part in torch.split(x, batch_size)])
