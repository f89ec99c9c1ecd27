"""Waseda squats: one person's squats in good form and with six errors, as poses and videos."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARD

__all__ = ["DATASET"]

DATASET = DatasetPlugin("waseda-squat", (CARD,), "aqa_bench.datasets.waseda_squat.adapter:FAMILY")
