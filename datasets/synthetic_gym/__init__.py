"""The synthetic gym: rendered lifters in the layout of Fitness-AQA, for machines without the gated data."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARDS
from .diving.cards import DIVING

__all__ = ["DATASET"]

DATASET = DatasetPlugin("synthetic-gym", (*CARDS, DIVING), "aqa_bench.datasets.synthetic_gym.adapter:FAMILY")
