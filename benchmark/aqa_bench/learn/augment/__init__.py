"""Augmentation of batches on the device, with draws of its own for every image or clip."""

from aqa_bench.learn.augment.affine import Affine, HorizontalFlip, RandomResizedCrop
from aqa_bench.learn.augment.base import Augmentation, Compose, to_float
from aqa_bench.learn.augment.blur import GaussianBlur
from aqa_bench.learn.augment.colour import ChannelPermutation, ColourJitter, Grayscale
from aqa_bench.learn.augment.masks import SquareMasks, TopMask
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.temporal import temporal_shift

__all__ = [
    "Affine",
    "Augmentation",
    "ChannelPermutation",
    "ColourJitter",
    "Compose",
    "GaussianBlur",
    "Grayscale",
    "HorizontalFlip",
    "RandomResizedCrop",
    "SquareMasks",
    "TopMask",
    "augmentation",
    "temporal_shift",
    "to_float",
]
