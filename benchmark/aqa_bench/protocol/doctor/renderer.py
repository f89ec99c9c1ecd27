"""Renderers of generated datasets on a device beside the CPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from aqa_bench.core.dataset import Renders
from aqa_bench.core.registry import dataset_cards, find_family

__all__ = ["LARGEST_DIFFERENCE", "compared_renderers"]

#: Mean difference of two devices, of 255, that rounding explains.
LARGEST_DIFFERENCE = 0.05


def compared_renderers(device: str, size: int = 96) -> Iterator[dict[str, Any]]:
    """Render one clip on the CPU and on a device, for each family that renders.

    Args:
        device: ``cpu``, ``cuda`` or ``cuda:N``; on the CPU the clip is rendered twice.
        size: Side of the frames in pixels.

    Yields:
        Family, mean and largest difference of 255, frames per second on either, and ``ok``: whether the
        mean difference is at most :data:`LARGEST_DIFFERENCE`.
    """
    for name in dict.fromkeys(find_family(card).name for card in dataset_cards()):
        family = find_family(name).load()
        if not isinstance(family, Renders):
            continue
        # The first clip on a device pays for its start.
        family.render_specimen(size, device)
        pictures, rates = [], []
        for where in ("cpu", device):
            start = time.perf_counter()
            pictures.append(family.render_specimen(size, where).astype(np.int16))
            rates.append(len(pictures[-1]) / (time.perf_counter() - start))
        apart = np.abs(pictures[0] - pictures[1])
        yield {
            "family": name,
            "size": size,
            "frames": len(apart),
            "mean_difference": round(float(apart.mean()), 6),
            "largest_difference": int(apart.max()),
            "cpu_frames_per_second": round(rates[0], 1),
            "frames_per_second": round(rates[1], 1),
            "ok": bool(apart.mean() <= LARGEST_DIFFERENCE),
        }
