"""A folder of images and box labels in the layout that YOLO trainers read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.sample import FloatArray, UInt8Array

__all__ = ["CLASS_NAME", "resize_longest", "write_training_set"]

CLASS_NAME = "bar"
_MIN_SIDE = 1.0


def resize_longest(frames: UInt8Array, size: int) -> UInt8Array:
    """Resize frames so that their longer side is ``size``, with antialiasing.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        size: Longer side wanted, in pixels.

    Returns:
        ``(T, h, w, 3)`` uint8 RGB with ``max(h, w) == size``.

    Raises:
        DataError: ``frames`` are not frames.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape[1:]:
        raise DataError(
            "These are not frames.", expected="(T, H, W, 3) uint8", found=f"{frames.shape} {frames.dtype}"
        )
    height, width = frames.shape[1:3]
    if max(height, width) == size or len(frames) == 0:
        return frames
    scale = size / max(height, width)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    resized = F.interpolate(pixels, shape, mode="bilinear", antialias=True)
    return np.ascontiguousarray(resized.permute(0, 2, 3, 1).numpy())


def write_training_set(
    folder: Path, clips: Iterable[tuple[UInt8Array, FloatArray]], *, image_size: int
) -> Path:
    """Write frames and their boxes as ``images/``, ``labels/`` and ``data.yaml``.

    A frame whose box is not finite, or less than a pixel wide or high inside the frame, is written
    without a label: an example of nothing to be found. Clips are read one at a time.

    Args:
        folder: An empty folder, made when missing.
        clips: Per clip ``(T, H, W, 3)`` uint8 RGB frames and ``(T, 4)`` boxes: left, top, right and
            bottom in pixels of those frames.
        image_size: Longer side of the images written, in pixels.

    Returns:
        The ``data.yaml``; it names the same images for training and validation.

    Raises:
        DataError: Frames and boxes of a clip do not fit, or not one frame has a box.
        AqaBenchError: The folder cannot be written to.
    """
    boxed = 0
    for number, (frames, boxes) in enumerate(clips):
        if boxes.shape != (len(frames), 4):
            raise DataError(
                "The numbers of frames and boxes of a clip differ.",
                where=f"clip {number}",
                expected=f"({len(frames)}, 4) boxes",
                found=str(boxes.shape),
            )
        lines = _labels(boxes, frames.shape[1:3])
        boxed += sum(bool(line) for line in lines)
        for time, (image, line) in enumerate(zip(resize_longest(frames, image_size), lines, strict=True)):
            name = f"{number:05d}-{time:05d}"
            target = folder / "images" / f"{name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(target, compress_level=1)
            write_atomic(folder / "labels" / f"{name}.txt", line)
    if not boxed:
        raise DataError(
            "There are no boxes to train a detector on.",
            where=folder,
            expected="at least one frame with a box",
            remedy="Choose a dataset whose samples provide bar-boxes, e.g. synthetic-gym/backsquat.",
        )
    # JSON is YAML, and quotes what needs quoting.
    content = {"path": str(folder.resolve()), "train": "images", "val": "images", "names": {"0": CLASS_NAME}}
    return write_atomic(folder / "data.yaml", pretty_json(content).replace('"0":', "0:"))


def _labels(boxes: FloatArray, shape: tuple[int, ...]) -> list[str]:
    """One line per frame: class, centre, width and height as shares of the frame; empty without a box."""
    limits = np.array([shape[1], shape[0]] * 2, np.float64)
    corners = np.clip(boxes.astype(np.float64), 0, limits)
    low, high = corners[:, :2], corners[:, 2:]
    usable = np.isfinite(corners) & (np.tile(high - low, 2) >= _MIN_SIDE)
    values = np.concatenate([(low + high) / 2, high - low], axis=1) / limits
    return [
        "0 " + " ".join(f"{value:.6f}" for value in row) + "\n" if found.all() else ""
        for row, found in zip(values, usable, strict=True)
    ]
