"""Forward and backward passes that are recorded once and then replayed, as CUDA graphs.

A network of many small kernels waits for the CPU to launch them; a graph launches all of them at once.
What is recorded ends with the gradients. Whatever chance or the host decides stays outside: samplers and
augmentation make the inputs, and the optimiser reads the gradients as it always does, so that learning
rates, schedules, accumulation and checkpoints are the same with and without graphs.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import UsageError
from aqa_bench.learn.training.device import Precision

__all__ = ["CHECKS", "WARMUPS", "CudaRecorder", "Passes", "Recorder", "ReplayedPasses", "recorder_for"]

_log = logging.getLogger(__name__)
_VARIABLE: Final = "AQA_BENCH_GRAPHS"

#: Passes that come before a recording: libraries make their handles and workspaces in them.
WARMUPS: Final = 3
#: Replayed passes that are computed the usual way too, and compared.
CHECKS: Final = 3
_TOLERANCE: Final = {Precision.FP32: 1e-4, Precision.BF16: 1e-2}

Passes: TypeAlias = Callable[[Any], Tensor]
"""Forward and backward pass of a batch: adds to the gradients, returns the loss without its graph."""


class Recorder(Protocol):
    """Runs passes where they can be recorded, and records them."""

    def run(self, work: Callable[[], Tensor]) -> Tensor:
        """Do the work, and record nothing."""
        ...

    def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], object]]:
        """Record the work; nothing is computed.

        Args:
            work: Leaves gradients behind where there were none.

        Returns:
            The tensor that the work returned, and what does the work again: on the memory that it was
            recorded with, into that tensor and those gradients.

        Raises:
            RuntimeError: Something in the work cannot be recorded.
        """
        ...


class CudaRecorder:
    """Records CUDA graphs.

    Args:
        device: A CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # One stream for passes before the recording and in it: some libraries keep a handle for each.
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def run(self, work: Callable[[], Tensor]) -> Tensor:
        """Do the work on the stream of the recording; see :class:`Recorder`."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = work()
        current.wait_stream(self._stream)
        return result

    def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], object]]:
        """Record a graph; see :class:`Recorder`."""
        graph = torch.cuda.CUDAGraph()
        number = torch.cuda.current_device() if self._device.index is None else self._device.index
        generator = torch.cuda.default_generators[number]
        spare = generator.clone_state()
        try:
            with (
                torch.cuda.device(self._device),
                # A thread that decodes ahead may use the device meanwhile.
                torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"),
            ):
                result = work()
        except RuntimeError:
            # After a recording that failed PyTorch's generator still counts for it, and refuses draws.
            generator.graphsafe_set_state(spare)
            raise
        return result, graph.replay


def recorder_for(device: torch.device, *, processes: int = 1) -> Recorder | None:
    """What records the passes of a training.

    Args:
        device: Where it computes.
        processes: How many train together; their exchange of gradients is not recorded.

    Returns:
        None unless ``AQA_BENCH_GRAPHS=1`` asks for graphs, and one process trains on a CUDA device.

    Raises:
        UsageError: The variable is neither 0 nor 1.
    """
    chosen = os.environ.get(_VARIABLE, "")
    if chosen not in {"", "0", "1"}:
        raise UsageError("The choice of graphs is unknown.", where=_VARIABLE, expected="0 or 1", found=chosen)
    return CudaRecorder(device) if chosen == "1" and device.type == "cuda" and processes == 1 else None


class ReplayedPasses:
    """Passes of a training, replayed where they can be.

    The first :data:`WARMUPS` batches pass as usual, and the next is recorded. Then :data:`CHECKS` batches
    are replayed and passed as usual from the same state; the usual result counts. Where losses, gradients or
    buffers of the two differ by more than 1e-4 in float32 or 1e-2 in bfloat16, of their norm, or where
    nothing could be recorded, a warning says so and all further passes are the usual ones. So are those of
    batches that are no tuple of tensors, or of other shapes than the first one.

    Args:
        model: The network, whose parameters get the gradients.
        passes: The usual passes, which may draw from PyTorch's default generators.
        recorder: Records them.
        precision: Arithmetic of the passes.
        device: Where they compute.

    Attributes:
        replayed: Batches that were replayed and counted.
    """

    def __init__(
        self,
        model: nn.Module,
        passes: Passes,
        recorder: Recorder,
        precision: Precision,
        device: torch.device,
    ) -> None:
        self.replayed = 0
        self._passes = passes
        self._recorder = recorder
        self._tolerance = _TOLERANCE[precision]
        self._devices = [device] if device.type == "cuda" else []
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._buffers = list(model.buffers())
        self._usual = False
        self._warm = self._checked = 0
        self._gap = 0.0
        self._kind: Any = None
        self._inputs: tuple[Tensor, ...] = ()
        self._loss = torch.zeros(())
        self._gradients: list[Tensor | None] = []
        self._replay: Callable[[], object] | None = None

    def __call__(self, batch: Any) -> Tensor:
        """Add the gradients of a batch, and return its loss."""
        kind = _kind(batch)
        if self._usual or kind is None or kind != (self._kind or kind):
            return self._passes(batch)
        self._kind = kind
        if self._warm < WARMUPS:
            self._warm += 1
            return self._recorder.run(lambda: self._passes(batch))
        if self._replay is None:
            self._record(batch)
        if self._replay is None:
            return self._passes(batch)
        torch._foreach_copy_(self._inputs, batch)
        if self._checked < CHECKS:
            return self._compared(self._replay, batch)
        self.replayed += 1
        before = self._taken()
        self._replay()
        self._give(self._gradients, before)
        # A copy, since the next replay writes into the same memory.
        return self._loss.clone()

    def _record(self, batch: tuple[Tensor, ...]) -> None:
        inputs = tuple(tensor.clone() for tensor in batch)
        before = self._taken()
        try:
            self._loss, self._replay = self._recorder.record(lambda: self._passes(inputs))
            self._inputs, self._gradients = inputs, [p.grad for p in self._parameters]
        except RuntimeError as error:
            self._stop(f"could not be recorded ({str(error).splitlines()[0]})")
        self._give(before)

    def _compared(self, replay: Callable[[], object], batch: tuple[Tensor, ...]) -> Tensor:
        before, buffers = self._taken(), [b.clone() for b in self._buffers]
        with torch.random.fork_rng(self._devices):
            replay()
        replayed = [self._loss.clone(), _flat(self._gradients), _flat(self._buffers)]
        for buffer, kept in zip(self._buffers, buffers, strict=True):
            buffer.copy_(kept)
        loss = self._recorder.run(lambda: self._passes(batch))
        usual = self._taken()
        gaps = [
            _gap(*pair) for pair in zip(replayed, [loss, _flat(usual), _flat(self._buffers)], strict=True)
        ]
        self._give(usual, before)
        self._checked += 1
        self._gap = max(self._gap, *gaps)
        # Not `>`: NaN is no agreement either.
        if not all(gap <= self._tolerance for gap in gaps):
            differing = ", ".join(f"{gap:.2g}" for gap in gaps)
            self._stop(f"differ when replayed (loss, gradients, buffers by {differing} of their norm)")
        elif self._checked == CHECKS:
            _log.info(
                "Forward and backward passes are replayed from now on; %d were compared, and differ by "
                "%.2g of their norm at most.",
                CHECKS,
                self._gap,
            )
        return loss

    def _stop(self, why: str) -> None:
        _log.warning("Passes %s, so training continues without graphs.", why)
        self._usual = True
        # Their memory is given back.
        self._replay, self._inputs, self._gradients = None, (), []

    def _taken(self) -> list[Tensor | None]:
        """Gradients so far, which are then gone; none of them in memory that a replay writes into."""
        written = {id(gradient) for gradient in self._gradients}
        found = [p.grad for p in self._parameters]
        for parameter in self._parameters:
            parameter.grad = None
        return [g.clone() if g is not None and id(g) in written else g for g in found]

    def _give(self, gradients: Sequence[Tensor | None], before: Sequence[Tensor | None] = ()) -> None:
        """Set the gradients, added to those from before."""
        earlier = before or [None] * len(gradients)
        for parameter, gradient, old in zip(self._parameters, gradients, earlier, strict=True):
            parameter.grad = gradient if old is None else old if gradient is None else old.add_(gradient)


def _kind(batch: Any) -> tuple[tuple[torch.Size, torch.dtype], ...] | None:
    """Shapes and types of a batch; None where it is no tuple of tensors."""
    if not isinstance(batch, tuple) or not all(isinstance(item, Tensor) for item in batch):
        return None
    return tuple((tensor.shape, tensor.dtype) for tensor in batch)


def _flat(tensors: Sequence[Tensor | None]) -> Tensor:
    known = [tensor.detach().flatten().double() for tensor in tensors if tensor is not None]
    return torch.cat(known) if known else torch.zeros(1)


def _gap(replayed: Tensor, usual: Tensor) -> float:
    """Norm of the difference, in parts of the norm; infinite where there are not as many numbers."""
    a, b = replayed.double().flatten(), usual.double().flatten()
    if len(a) != len(b):
        return float("inf")
    norm = b.norm().clamp_min(torch.finfo(torch.float32).tiny)
    return float((a - b).norm() / norm)
