"""UNLV-Dive: 370 dives of three competitions with the scores that were awarded."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARD

__all__ = ["DATASET"]

DATASET = DatasetPlugin("unlv-dive", (CARD,), "aqa_bench.datasets.unlv_dive.adapter:FAMILY")
"""The family behind ``unlv-dive``."""
