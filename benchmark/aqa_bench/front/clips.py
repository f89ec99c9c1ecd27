"""Samples as a dataset of PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.front.arrays import Form, array_of

__all__ = ["Clips"]


class Clips(Dataset[dict[str, Any]]):
    """Samples as dictionaries of tensors.

    ``id`` is the sample's id; ``x`` is float32: ``(3, frames, size, size)`` in [0, 1] of a clip,
    ``(3, size, size)`` of an image, ``(frames, ...)`` of what else has time. ``y`` is the target, float32
    without axes, and there for train and val alone. The loader of PyTorch batches them as they are.

    Args:
        samples: The samples.
        form: What to read of each.
        targets: Their targets, ``(n,)``; None for samples that are tested.
    """

    def __init__(
        self, samples: Sequence[Sample], form: Form, targets: npt.NDArray[np.float64] | None = None
    ) -> None:
        self._samples = samples
        self._form = form
        self._targets = targets

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, place: int) -> dict[str, Any]:
        sample = self._samples[place]
        x = torch.from_numpy(array_of(sample, self._form).copy())
        if self._form.modality in (Modality.FRAMES, Modality.IMAGE):
            # Channels first, as the networks of torchvision take clips and pictures.
            x = x.movedim(-1, 0).float().div_(255)
        item: dict[str, Any] = {"id": sample.id, "x": x}
        if self._targets is not None:
            item["y"] = torch.tensor(self._targets[place], dtype=torch.float32)
        return item
