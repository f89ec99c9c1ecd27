"""Fitness-AQA: form errors of the back squat, the overhead press and the barbell row."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARDS

__all__ = ["DATASET"]

DATASET = DatasetPlugin("fitness-aqa", CARDS, "aqa_bench.datasets.fitness_aqa.family:FAMILY")
