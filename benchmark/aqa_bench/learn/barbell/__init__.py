"""The barbell: a detector trained on boxes, and the track of the lifter's bar."""

from __future__ import annotations

from aqa_bench.learn.barbell.clips import boxed_samples, read_clips
from aqa_bench.learn.barbell.detector import Architecture, BarbellDetector
from aqa_bench.learn.barbell.track import BarTrack, track_bar, track_video
from aqa_bench.learn.barbell.train import DetectorRecipe, train_detector
from aqa_bench.learn.barbell.training_set import write_training_set

__all__ = [
    "Architecture",
    "BarTrack",
    "BarbellDetector",
    "DetectorRecipe",
    "boxed_samples",
    "read_clips",
    "track_bar",
    "track_video",
    "train_detector",
    "write_training_set",
]
