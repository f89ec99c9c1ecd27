"""The frames of a clip, out of order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import Sample
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.methods.sources import Fixed

__all__ = ["Shuffled"]


class Shuffled(ImageMethod[ImageRecipe]):
    """The control without order: the head gets the features of ``imagenet`` in an order of the clip's own."""

    def source(self) -> Fixed[ImageBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()

    def arranged(
        self, sample: Sample, features: npt.NDArray[np.float32], extractor: FrameFeatureExtractor
    ) -> npt.NDArray[np.float32]:
        """Features ``(T, D)`` in an order drawn from the clip's content: the same whenever it is seen."""
        if features.ndim == 1:
            return features
        rng = np.random.default_rng(sample.media.draw_seed("order of frames"))
        return features[rng.permutation(len(features))]
