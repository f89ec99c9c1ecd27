"""Losses of classification and of self-supervised learning."""

from aqa_bench.learn.losses.classification import class_weights, weighted_cross_entropy
from aqa_bench.learn.losses.distance_ratio import batch_all_distance_ratio, distance_ratio_loss
from aqa_bench.learn.losses.simsiam import negative_cosine, simsiam_loss

__all__ = [
    "batch_all_distance_ratio",
    "class_weights",
    "distance_ratio_loss",
    "negative_cosine",
    "simsiam_loss",
    "weighted_cross_entropy",
]
