"""MTL-AQA: 1,412 dives of 15 competitions with the scores that were awarded."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARD

__all__ = ["DATASET"]

DATASET = DatasetPlugin("mtl-aqa", (CARD,), "aqa_bench.datasets.mtl_aqa.adapter:FAMILY")
"""The family behind ``mtl-aqa/diving``."""
