"""The barbell detector: a small YOLO network of one class, its weights, and what it finds in frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import nms

from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import atomic_directory, pretty_json, write_atomic
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.learn.barbell.training_set import resize_longest
from aqa_bench.media.pose.ultralytics_backend import import_ultralytics

__all__ = ["Architecture", "BarbellDetector", "build_network", "network_config", "require_ultralytics"]

_WEIGHTS, _DESCRIPTION = "weights.safetensors", "detector.json"
_FORMAT = 1
_STRIDE = 32
_GREY = 114 / 255
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Architecture:
    """Which network, so that it can be built again without unpickling anything.

    Attributes:
        base: Name of a network description that comes with ultralytics.
        depth: Multiplier of the number of repeated blocks.
        width: Multiplier of the number of channels.
        image_size: Longer side in pixels of what the network sees; a multiple of 32.
    """

    base: str = "yolov8n.yaml"
    depth: float = 0.1
    width: float = 0.125
    image_size: int = 96

    def __post_init__(self) -> None:
        if self.image_size < _STRIDE or self.image_size % _STRIDE:
            raise UsageError(
                "The detector's image size does not fit its strides.",
                expected=f"a positive multiple of {_STRIDE}",
                found=self.image_size,
            )


def require_ultralytics() -> Any:
    """Import ultralytics, offline and without telemetry.

    Raises:
        UsageError: It is not installed; the error says how to install it.
    """
    try:
        return import_ultralytics()
    except UsageError as error:
        raise UsageError(
            "The barbell detector needs ultralytics, which is not installed.",
            expected="the extra 'detect'",
            found=error.found,
            remedy='pip install "aqa-bench[detect]"',
        ) from error


def network_config(architecture: Architecture) -> dict[str, Any]:
    """The network's description as ultralytics reads it, for one class.

    Raises:
        UsageError: ultralytics is not installed.
        DataError: The installed version has no such network.
    """
    require_ultralytics()
    tasks: Any = import_module("ultralytics.nn.tasks")
    try:
        config: dict[str, Any] = dict(tasks.yaml_model_load(architecture.base))
    except (OSError, ValueError) as error:
        raise DataError(
            "The installed ultralytics has no such network.",
            where=architecture.base,
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy='pip install --upgrade "aqa-bench[detect]"',
        ) from error
    # A named scale would override the multipliers given here.
    for key in ("scales", "scale", "yaml_file"):
        config.pop(key, None)
    return config | {"nc": 1, "depth_multiple": architecture.depth, "width_multiple": architecture.width}


def build_network(architecture: Architecture) -> nn.Module:
    """The network with random weights from PyTorch's default generator.

    Raises:
        UsageError: ultralytics is not installed.
        DataError: The installed version has no such network.
    """
    config = network_config(architecture)
    tasks: Any = import_module("ultralytics.nn.tasks")
    network: nn.Module = tasks.DetectionModel(config, ch=3, nc=1, verbose=False)
    return network


class BarbellDetector:
    """Finds barbells in frames.

    Args:
        network: A network of :func:`build_network`, or any that maps ``(B, 3, h, w)`` in [0, 1] to
            ``(B, 5, A)``: centre x, centre y, width and height in pixels, and confidence.
        architecture: What it was built from.
        device: Where it runs.
    """

    def __init__(
        self, network: nn.Module, architecture: Architecture, device: torch.device | None = None
    ) -> None:
        self.device = device or torch.device("cpu")
        self.architecture = architecture
        self.network = network.to(self.device).eval()

    @torch.inference_mode()
    def detect(
        self, frames: UInt8Array, *, min_confidence: float = 0.05, most: int = 8, batch: int = 64
    ) -> list[FloatArray]:
        """Find the barbells of every frame by itself.

        Args:
            frames: ``(T, H, W, 3)`` uint8 RGB.
            min_confidence: Least confidence of a detection, in [0, 1].
            most: Most detections per frame.
            batch: Frames at a time.

        Returns:
            Per frame ``(n, 5)`` float32: left, top, right and bottom in pixels of ``frames``, and
            confidence in [0, 1], most confident first.

        Raises:
            DataError: ``frames`` are not frames.
        """
        small = resize_longest(frames, self.architecture.image_size)
        height, width = small.shape[1:3]
        # On the right and below only, so that no coordinate moves.
        padding = (0, -width % _STRIDE, 0, -height % _STRIDE)
        scale = torch.tensor([frames.shape[2] / width, frames.shape[1] / height] * 2)
        limits = torch.tensor([frames.shape[2], frames.shape[1]] * 2, dtype=torch.float32)
        found: list[FloatArray] = []
        for start in range(0, len(small), batch):
            pixels = torch.from_numpy(np.ascontiguousarray(small[start : start + batch])).to(self.device)
            images = F.pad(pixels.permute(0, 3, 1, 2).float() / 255, padding, value=_GREY)
            output = self.network(images)
            predictions: Tensor = output[0] if isinstance(output, (tuple, list)) else output
            for prediction in predictions.float().cpu().transpose(1, 2):
                boxes = _suppressed(prediction, min_confidence, most)
                boxes[:, :4] = torch.minimum((boxes[:, :4] * scale).clamp_min(0), limits)
                found.append(boxes.numpy())
        return found

    def save(self, folder: Path, **about: Any) -> Path:
        """Write weights and description, whole or not at all.

        Args:
            folder: The folder to make; an older detector there gives way.
            **about: What to keep beside the architecture, e.g. the dataset it was trained on.

        Returns:
            ``folder``.

        Raises:
            AqaBenchError: The folder cannot be written.
        """
        state = {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in self.network.state_dict().items()
        }
        description = {"format": _FORMAT, "architecture": asdict(self.architecture), "about": about}
        with atomic_directory(folder, replace=True) as staging:
            write_atomic(staging / _WEIGHTS, save(state))
            write_atomic(staging / _DESCRIPTION, pretty_json(description))
        return folder

    @classmethod
    def load(cls, folder: Path, device: torch.device | None = None) -> BarbellDetector:
        """Read a detector written by :meth:`save`. Nothing is unpickled.

        Args:
            folder: Its folder.
            device: Where it shall run.

        Raises:
            UsageError: ultralytics is not installed.
            DataError: The folder is missing, damaged, or of another network than it says.
        """
        try:
            description = parse_json(read_bounded(folder / _DESCRIPTION))
            if description["format"] != _FORMAT:
                raise ValueError(f"format {description['format']}")
            architecture = Architecture(**description["architecture"])
            state = load_file(folder / _WEIGHTS)
        except (OSError, ValueError, KeyError, TypeError, UsageError, SafetensorError) as error:
            raise _damaged(folder, error) from error
        network = build_network(architecture)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise _damaged(folder, error) from error
        return cls(network, architecture, device)


def _suppressed(prediction: Tensor, min_confidence: float, most: int) -> Tensor:
    """``(n, 5)`` corner boxes after non-maximum suppression, from ``(A, 5)`` predictions."""
    # Before the suppression, which compares all pairs.
    prediction = prediction[prediction[:, 4] >= min_confidence]
    half = prediction[:, 2:4] / 2
    corners = torch.cat([prediction[:, :2] - half, prediction[:, :2] + half], dim=1)
    keep = nms(corners, prediction[:, 4], _OVERLAP)[:most]
    return torch.cat([corners[keep], prediction[keep, 4:5]], dim=1)


def _damaged(folder: Path, error: Exception) -> DataError:
    return DataError(
        "The barbell detector cannot be read.",
        where=folder,
        expected=f"{_DESCRIPTION} and {_WEIGHTS} of the same detector",
        found=" ".join(str(error).split())[:300] or type(error).__name__,
        remedy="Train one: aqa-bench detector train --dataset synthetic-gym/backsquat --out FOLDER",
    )
