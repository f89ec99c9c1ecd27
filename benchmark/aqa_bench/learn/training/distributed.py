"""Data parallelism for pre-training under ``torchrun``; nothing at all without it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from aqa_bench.core.errors import UsageError

__all__ = ["World", "bare", "data_parallel", "distributed"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class World:
    """The processes that train one model together.

    Attributes:
        rank: Number of this process.
        size: Number of processes.
        local_rank: Number of this process on its machine, and of its GPU.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this process reports and writes results."""
        return self.rank == 0

    def share(self, items: Iterable[Item]) -> Iterator[Item]:
        """Every ``size``-th item from ``rank`` on; as many for every process.

        Args:
            items: The same in every process. Left-over items go to nobody, unless there are fewer
                items than processes: then every process takes the first.
        """
        taken: list[Item] = []
        complete = False
        for item in items:
            taken.append(item)
            if len(taken) == self.size:
                yield taken[self.rank]
                taken, complete = [], True
        # Fewer items than processes: all take the same one, since a process without
        # a batch would hang the others.
        if taken and not complete:
            yield taken[0]


@contextmanager
def distributed(device: torch.device) -> Iterator[World]:
    """Join the processes that ``torchrun`` started, for the length of a block.

    Args:
        device: Where this process computes; it chooses NCCL or Gloo.

    Yields:
        The world; a world of one where ``WORLD_SIZE`` is not set.

    Raises:
        UsageError: The environment is not what ``torchrun`` sets.
    """
    size = os.environ.get("WORLD_SIZE", "1")
    if size == "1":
        yield World()
        return
    try:
        world = World(int(os.environ["RANK"]), int(size), int(os.environ.get("LOCAL_RANK", "0")))
    except (KeyError, ValueError) as error:
        raise UsageError(
            "The environment of distributed training is incomplete.",
            where="RANK, WORLD_SIZE, LOCAL_RANK",
            expected="the variables that torchrun sets",
            found=str(error),
            remedy="Start with torchrun, or unset WORLD_SIZE.",
        ) from error
    if device.type == "cuda":
        # NCCL talks through the current device; without this all processes would meet on the first GPU.
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield world
    finally:
        dist.destroy_process_group()


def data_parallel(model: nn.Module, world: World, device: torch.device, *, idle: bool = False) -> nn.Module:
    """Wrap a model so that processes average their gradients; batch norms share statistics on GPUs.

    Args:
        model: The whole network that the loss calls, on ``device``.
        world: From :func:`distributed`.
        device: Where this process computes.
        idle: Whether some parameters that could train get no gradient.

    Returns:
        The wrapped model; the model itself in a world of one.
    """
    if world.size == 1:
        return model
    if device.type == "cuda":
        # Shared statistics, so that several GPUs train as one would on their batches together.
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return DistributedDataParallel(model, device_ids=[device], find_unused_parameters=idle)
    # PyTorch has no synchronised batch norm for CPUs; the first process' statistics are
    # broadcast after the training instead.
    return DistributedDataParallel(model, find_unused_parameters=idle)


def bare(model: nn.Module) -> nn.Module:
    """The model that :func:`data_parallel` wrapped."""
    if isinstance(model, DistributedDataParallel):
        inner: nn.Module = model.module
        return inner
    return model
