"""The frames of a clip, out of order."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.methods.fixed_image_method import FixedImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe

__all__ = ["Shuffled"]


class Shuffled(FixedImageMethod[ImageRecipe]):
    """The control without order: the head gets the features of ``imagenet`` in an order of the clip's own."""

    id: ClassVar[str] = "shuffled"

    @classmethod
    def recipe_type(cls) -> type[ImageRecipe]:
        """The pydantic model of its hyper-parameters."""
        return ImageRecipe

    def arranged(
        self, sample: Sample, features: npt.NDArray[np.float32], extractor: FrameFeatureExtractor
    ) -> npt.NDArray[np.float32]:
        """Features ``(T, D)`` in an order drawn from the clip's content: the same whenever it is seen."""
        if features.ndim == 1:
            return features
        rng = np.random.default_rng(derive_seed("order of frames", sample.media.content_key))
        return features[rng.permutation(len(features))]
