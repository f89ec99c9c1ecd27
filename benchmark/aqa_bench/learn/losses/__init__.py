"""Losses of classification, score regression and self-supervised learning."""

from aqa_bench.learn.losses.classification import class_weights, weighted_cross_entropy
from aqa_bench.learn.losses.distance_ratio import batch_all_distance_ratio, distance_ratio_loss
from aqa_bench.learn.losses.score import (
    expected_score,
    gaussian_soft_labels,
    mse_l1_loss,
    score_bins,
    score_distribution_loss,
)
from aqa_bench.learn.losses.simsiam import negative_cosine, simsiam_loss

__all__ = [
    "batch_all_distance_ratio",
    "class_weights",
    "distance_ratio_loss",
    "expected_score",
    "gaussian_soft_labels",
    "mse_l1_loss",
    "negative_cosine",
    "score_bins",
    "score_distribution_loss",
    "simsiam_loss",
    "weighted_cross_entropy",
]
