"""A trained finder of the lifter: its file, and the boxes that it finds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.sample import UInt8Array
from aqa_bench.core.sealed import Damaged, sealed_read, sealed_write
from aqa_bench.learn.lifter.network import SIDE, LifterNetwork
from aqa_bench.learn.lifter.parts import PARTS, Part, box_of_clip

__all__ = ["LifterFinder", "overlap", "small"]

_FILE = "lifter-finder", 1
_LIMIT = 1 << 24


class LifterFinder:
    """Finds the lifter and the lifter's legs in frames.

    Args:
        network: Trained, on the CPU.
    """

    def __init__(self, network: LifterNetwork) -> None:
        self.network = network.eval()

    @property
    def sha256(self) -> str:
        """Digest of its weights."""
        return sha256_bytes(save_tensors(self.network.state_dict()))

    def find(self, frames: UInt8Array) -> Mapping[Part, npt.NDArray[np.float64]]:
        """One box per part for all frames of a clip.

        Args:
            frames: ``(T, H, W, 3)`` uint8 RGB.

        Returns:
            ``(4,)`` by part: left, top, right and bottom of a square in pixels of ``frames``; it may reach
            outside the picture.

        Raises:
            DataError: These are not frames, or there are none.
        """
        with torch.inference_mode():
            boxes = self.network(small(frames)).double().numpy()
        boxes = boxes * np.array([frames.shape[2], frames.shape[1]] * 2)
        return {part: box_of_clip(boxes[:, i]) for i, part in enumerate(PARTS)}

    def save(self, path: Path) -> Path:
        """Write the weights.

        Raises:
            AqaBenchError: The file cannot be written.
        """
        return sealed_write(path, *_FILE, save_tensors(self.network.state_dict()))

    @classmethod
    def load(cls, path: Path) -> LifterFinder:
        """Read a finder that :meth:`save` has written.

        Raises:
            Damaged: There is no such file, or it was changed or holds something else.
        """
        network = LifterNetwork()
        remedy = "Delete the file; the lifter detector will be trained again."
        try:
            network.load_state_dict(load_tensors(sealed_read(path, *_FILE, limit=_LIMIT, remedy=remedy)))
        except (SafetensorError, RuntimeError) as error:
            found = str(error).partition("\n")[0]
            raise Damaged(
                "The lifter detector cannot be read.", where=path, found=found, remedy=remedy
            ) from error
        return cls(network)


def small(frames: UInt8Array) -> Tensor:
    """Frames as the network sees them: ``(T, 3, SIDE, SIDE)`` float32, squashed.

    Raises:
        DataError: These are not frames.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape[1:]:
        raise DataError(
            "These are not frames.", expected="(T, H, W, 3) uint8", found=f"{frames.shape} {frames.dtype}"
        )
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    return F.interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True)


def overlap(one: npt.ArrayLike, other: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Intersection over union of boxes ``(..., 4)``: left, top, right and bottom.

    Example:
        >>> float(overlap([0, 0, 2, 2], [1, 0, 3, 2]))
        0.3333333333333333
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clip(0).prod(-1)
    areas = sum((box[..., 2:] - box[..., :2]).clip(0).prod(-1) for box in (a, b))
    return np.asarray(shared / np.maximum(areas - shared, 1e-12))
