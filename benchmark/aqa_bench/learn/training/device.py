"""Where and how to compute: device, precision, determinism, memory, mode of networks."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError, UsageError

__all__ = [
    "Precision",
    "autocast",
    "deterministic",
    "device_name",
    "evaluating",
    "fitting_batch_size",
    "out_of_memory_explained",
    "resolve_device",
    "uploaded",
]


_VARIABLE: Final = "AQA_BENCH_PRECISION"


class Precision(StrEnum):
    """Arithmetic of a forward pass; weights and optimiser states stay in float32."""

    FP32 = "fp32"
    BF16 = "bf16"

    @property
    def dtype(self) -> str:
        """Name of the number type, as records give it."""
        return {Precision.FP32: "float32", Precision.BF16: "bfloat16"}[self]

    @classmethod
    def default(cls, device: torch.device) -> Precision:
        """What ``AQA_BENCH_PRECISION`` names, else what suits the device.

        Raises:
            UsageError: The variable names no precision.
        """
        return cls.chosen() or cls.native(device)

    @classmethod
    def native(cls, device: torch.device) -> Precision:
        """bfloat16 on CUDA devices that compute in it, float32 elsewhere."""
        return cls.BF16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else cls.FP32

    @classmethod
    def chosen(cls) -> Precision | None:
        """What ``AQA_BENCH_PRECISION`` names, ``float32`` or ``bfloat16``; None where it is not set.

        Raises:
            UsageError: It names no precision.
        """
        name = os.environ.get(_VARIABLE, "")
        known = {precision.dtype: precision for precision in cls}
        if name and name not in known:
            raise UsageError(
                "The precision is unknown.", where=_VARIABLE, expected=" or ".join(known), found=name
            )
        return known.get(name)


def resolve_device(name: str = "auto") -> torch.device:
    """Turn a device's name into a device that exists.

    Args:
        name: ``"auto"`` (the first CUDA device, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:<index>"``.

    Returns:
        The device, with an index where it is a CUDA device.

    Raises:
        UsageError: The name is unknown, or asks for a CUDA device that this machine does not have.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        name = "cuda" if count else "cpu"
    if name == "cpu":
        return torch.device("cpu")
    kind, _, number = name.partition(":")
    if kind != "cuda" or (name != "cuda" and not (number.isascii() and number.isdecimal())):
        raise UsageError("The device is unknown.", expected="auto, cpu, cuda or cuda:<index>", found=name)
    index = int(number or 0)
    if index >= count:
        usable = ", ".join(f"cuda:{i}" for i in range(count))
        raise UsageError(
            "The requested CUDA device is not available.",
            expected=f"one of {usable}" if usable else "a usable CUDA device, but this machine has none",
            found=name,
            remedy="Use --device auto or --device cpu, or check the driver and CUDA_VISIBLE_DEVICES.",
        )
    return torch.device("cuda", index)


def device_name(device: torch.device) -> str:
    """The device in words for a run record: the GPU's product name, or the CPU's architecture."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{device.type} ({platform.machine() or 'unknown'})"


def uploaded(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device; nothing waits for the copy, and what needs it there waits by itself."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        # Copies from pageable memory may wait for all that the GPU still has to do.
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Context in which a forward pass runs at the given precision."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision is Precision.BF16)


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Seed PyTorch's default generators for a block, and give back their states afterwards.

    Inside, cuDNN uses deterministic algorithms only and does not pick them by timing.

    Args:
        seed: A seed in ``[0, 2**63)``.

    Example:
        >>> with deterministic(7):
        ...     a = torch.rand(3)
        >>> with deterministic(7):
        ...     b = torch.rand(3)
        >>> torch.equal(a, b)
        True
    """
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    # Every GPU, since seeding PyTorch seeds them all: what others draw afterwards stays as it was.
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        # Timing picks another algorithm under another load, and algorithms differ in the last bits.
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


@contextmanager
def out_of_memory_explained(
    batch_size: int, *, try_step: Callable[[int], object] | None = None, accumulate: int = 1
) -> Iterator[None]:
    """Turn running out of GPU memory into an error that names a batch size.

    Args:
        batch_size: Batch size of the block.
        try_step: Trains one step with a batch size, to find one that fits; without it the error
            proposes half of ``batch_size``.
        accumulate: Batches that already make one step.

    Raises:
        MethodError: The GPU ran out of memory in the block.
    """
    try:
        yield
        return
    except torch.cuda.OutOfMemoryError as error:
        # The exception's traceback keeps the tensors of the failed step alive.
        message = str(error).split(". ")[0]
    fitting = max(batch_size // 2, 1) if try_step is None else fitting_batch_size(try_step, batch_size // 2)
    if fitting is None or batch_size == 1:
        raise MethodError(
            "The GPU does not have enough memory, even for a batch of one.",
            found=message,
            remedy="Use smaller images, a smaller backbone, freeze its first stages, or use --device cpu.",
        )
    steps = -(-batch_size * accumulate // fitting)
    certainty = "fits" if try_step is not None else "may fit"
    raise MethodError(
        "The GPU does not have enough memory for this batch size.",
        where=f"batch size {batch_size}",
        expected=f"a batch size of {fitting}, which {certainty}",
        found=message,
        remedy=f"Use --set batch_size={fitting} --set accumulate={steps} for steps over the same number of "
        f"samples. Batch norm and batch-wise losses see the smaller batch, so training starts again.",
    )


def fitting_batch_size(try_step: Callable[[int], object], largest: int) -> int | None:
    """The first of ``largest``, its half, its quarter and so on that a GPU has memory for.

    Args:
        try_step: Trains one step with a batch size.
        largest: Batch size to begin with.

    Returns:
        A batch size, or None where not even 1 fits.
    """
    size = largest
    while size >= 1:
        if torch.cuda.is_available():
            # Blocks that the failed step left in the allocator would make a smaller batch fail as well.
            torch.cuda.empty_cache()
        try:
            try_step(size)
        except torch.cuda.OutOfMemoryError:
            size //= 2
        else:
            return size
    return None


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and back into the mode that it was in.

    Args:
        module: The network.

    Example:
        >>> layer = nn.Dropout()
        >>> with evaluating(layer):
        ...     layer.training
        False
        >>> layer.training
        True
    """
    mode = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(mode)
