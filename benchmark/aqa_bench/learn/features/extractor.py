"""The interface that all learned methods share: pre-train, extract features, save and load."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import write_atomic

__all__ = ["FeatureExtractor", "state_sha256"]

SampleT = TypeVar("SampleT", contravariant=True)
ContextT = TypeVar("ContextT", contravariant=True)


class FeatureExtractor(ABC, Generic[SampleT, ContextT]):
    """Turns samples into features, on which a head is trained.

    ``SampleT`` is what :meth:`pretrain` and :meth:`extract` read; ``ContextT`` carries device, seed,
    folders and progress.
    """

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """The network, for end-to-end training; its state is what is saved."""

    @abstractmethod
    def pretrain(self, pool: Sequence[SampleT], ctx: ContextT) -> None:
        """Learn from samples without labels; an extractor with fixed weights does nothing.

        Args:
            pool: Unlabelled samples, free of validation and test samples and their groups.
            ctx: Where and how to work.
        """

    @abstractmethod
    def extract(self, samples: Sequence[SampleT]) -> Sequence[NDArray[np.float32]]:
        """Features of samples, in their order.

        Args:
            samples: What to look at.

        Returns:
            An array for each sample: ``(T, D)`` for sequences, or ``(D,)``.
        """

    @property
    def weights_sha256(self) -> str:
        """Hex digest of the weights, the same wherever and however they are stored."""
        return state_sha256(self.module)

    def save(self, path: Path) -> Path:
        """Write the weights as one safetensors file, whole or not at all.

        Args:
            path: The file to write.

        Returns:
            ``path``.

        Raises:
            AqaBenchError: The file cannot be written.
        """
        # Clones, since safetensors refuses tensors that share memory (tied weights).
        state = {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in self.module.state_dict().items()
        }
        return write_atomic(path, save(state))

    def load(self, path: Path) -> None:
        """Read weights written by :meth:`save` into the network.

        Args:
            path: A safetensors file.

        Raises:
            DataError: The file is missing, damaged or of another network; the weights are then unchanged.
        """
        try:
            state = load_file(path)
        except (OSError, SafetensorError) as error:
            raise DataError(
                "The weights cannot be read.",
                where=path,
                expected="a safetensors file",
                found=str(error),
                remedy="Pre-train again, or give the right file.",
            ) from error
        wanted: dict[str, Any] = self.module.state_dict()
        differing = sorted(
            name
            for name in wanted.keys() | state.keys()
            if name not in wanted or name not in state or wanted[name].shape != state[name].shape
        )
        if differing:
            raise DataError(
                "The weights belong to another network.",
                where=path,
                expected=f"the {len(wanted)} tensors of {type(self.module).__name__}",
                found=f"{len(differing)} tensors differ: {', '.join(differing[:5])}",
                remedy="Use the recipe that the weights were made with.",
            )
        self.module.load_state_dict(state)


def state_sha256(module: nn.Module) -> str:
    """Hex SHA-256 of a network's state: names, types, shapes and values, in the order of names."""
    digest = hashlib.sha256()
    state: dict[str, Tensor] = module.state_dict()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name}\x1f{tensor.dtype}\x1f{tuple(tensor.shape)}\x1e".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
