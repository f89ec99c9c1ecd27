"""Pose estimation: estimators behind one function, a cache, importers, and a calibrated stand-in."""

from aqa_bench.media.pose.arrays import read_npz
from aqa_bench.media.pose.box import crop, person_box
from aqa_bench.media.pose.cache import cached_estimate
from aqa_bench.media.pose.estimator import BACKENDS, Pose, PoseEstimator, estimate, find_estimator
from aqa_bench.media.pose.noise import CALIBRATED, NoiseModel, simulate_estimator
from aqa_bench.media.pose.openpose import read_openpose_json
from aqa_bench.media.pose.people import People

__all__ = [
    "BACKENDS",
    "CALIBRATED",
    "NoiseModel",
    "People",
    "Pose",
    "PoseEstimator",
    "cached_estimate",
    "crop",
    "estimate",
    "find_estimator",
    "person_box",
    "read_npz",
    "read_openpose_json",
    "simulate_estimator",
]
