"""Where data and caches live on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

__all__ = ["SCRATCH", "cache_home", "data_home", "downloads_home", "frames_home", "is_offline"]

SCRATCH = "AQA_BENCH_SCRATCH"


def data_home() -> Path:
    """Folder of prepared datasets: ``AQA_BENCH_DATA``, by default the platform's user data folder."""
    return _from_environment("AQA_BENCH_DATA") or user_data_path("aqa-bench", appauthor=False)


def cache_home() -> Path:
    """Folder of features and weights: ``AQA_BENCH_CACHE``, by default the platform's user cache folder."""
    return _from_environment("AQA_BENCH_CACHE") or user_cache_path("aqa-bench", appauthor=False)


def downloads_home() -> Path:
    """Folder of published weights: ``AQA_BENCH_DOWNLOADS``, by default in the cache.

    The worker of a method has a cache of its own, and finds here what was downloaded before.
    """
    return _from_environment("AQA_BENCH_DOWNLOADS") or cache_home() / "weights"


def frames_home() -> Path:
    """Folder of decoded frames: in ``AQA_BENCH_SCRATCH``, a disk of this machine's own, or in the cache."""
    return (_from_environment(SCRATCH) or cache_home()) / "frames"


def is_offline() -> bool:
    """Whether ``AQA_BENCH_OFFLINE`` forbids opening a socket."""
    return os.environ.get("AQA_BENCH_OFFLINE", "") not in ("", "0")


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value).expanduser() if value else None
