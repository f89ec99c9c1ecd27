"""aqa-bench: the open benchmark suite and leaderboard for action quality assessment."""

from __future__ import annotations

__all__ = ["BENCHMARK_VERSION", "__version__"]

__version__ = "0.1.0"

BENCHMARK_VERSION = "v2"
"""Version of the protocol: splits, metrics, thresholds and statistics. Part of every run-id."""
