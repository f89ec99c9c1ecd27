"""Seeds derived by hash from names, so that any unit of work can be repeated alone."""

from __future__ import annotations

import hashlib

__all__ = ["data_seed", "derive_seed", "fit_seed"]


def derive_seed(*names: object) -> int:
    """Hash a path of names to a seed.

    Args:
        *names: Strings or integers that name the unit of work, from general to particular.

    Returns:
        An integer in ``[0, 2**63)``, the same on every machine and Python version.

    Example:
        >>> derive_seed("split", "pose-trainer/bicep-curl", 0)
        6986309896614517626
    """
    path = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") >> 1


def data_seed(dataset: str, *names: object) -> int:
    """Seed of everything drawn about the data: splits, label subsets, resamples.

    It names no method, so that every method sees the same draws and comparisons are paired.
    """
    return derive_seed("data", dataset, *names)


def fit_seed(dataset: str, method: str, seed: int, *names: object) -> int:
    """Seed of everything a method draws while it fits: initial weights, batches, augmentation."""
    return derive_seed("fit", dataset, method, seed, *names)
