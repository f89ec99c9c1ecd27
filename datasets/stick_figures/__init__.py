"""Stick figures: an embedded dataset of drawn shoulder presses in good and bad form."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARD

__all__ = ["DATASET"]

DATASET = DatasetPlugin("stick-figures", (CARD,), "aqa_bench.datasets.stick_figures.adapter:FAMILY")
