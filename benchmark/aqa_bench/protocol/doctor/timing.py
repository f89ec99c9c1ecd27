"""Seconds of work on a device."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch

__all__ = ["fastest", "seconds"]


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Elapsed seconds of a call, until the device has done all of it."""
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def fastest(works: Mapping[str, Callable[[], object]], device: torch.device, rounds: int) -> dict[str, float]:
    """Least seconds of each, taken in turn, so that a busy machine disturbs all alike.

    Args:
        works: What is timed, by name. A first call of each is not counted.
        device: Where they compute.
        rounds: How often each is timed.
    """
    for work in works.values():
        work()
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best[name], seconds(work, device))
    return best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
