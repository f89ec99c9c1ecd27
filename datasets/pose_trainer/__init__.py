"""Pose Trainer: real keypoint clips of four gym exercises in good and bad form."""

from __future__ import annotations

from aqa_bench.core.dataset import DatasetPlugin

from .cards import CARDS

__all__ = ["DATASET"]

DATASET = DatasetPlugin("pose-trainer", CARDS, "aqa_bench.datasets.pose_trainer.adapter:FAMILY")
