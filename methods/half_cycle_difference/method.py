"""Frozen spatial features, each frame minus the other half-cycle."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frames import frame_indices
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.methods.sources import Fixed

from .difference import half_cycle_difference

__all__ = ["HalfCycleDifference", "HalfCycleRecipe"]

_log = logging.getLogger(__name__)


class HalfCycleRecipe(ImageRecipe):
    """How frames of the other half-cycle are weighted.

    Attributes:
        difference: Whether differences stand beside the features; the control without says what they add.
        bandwidth: Width in elevation of the weights of the other half-cycle's frames.
    """

    difference: bool = True
    bandwidth: float = Field(default=0.05, gt=0)


class HalfCycleDifference(ImageMethod[HalfCycleRecipe]):
    """Motion disentangling on features of frames: what both half-cycles share cancels.

    Still images have no other half-cycle: they are judged by their features alone.
    """

    def source(self) -> Fixed[ImageBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()

    def check(self, samples: Sequence[Sample]) -> None:
        """Refuse samples without pictures, and clips none of which has a trajectory.

        Raises:
            DataError: The samples cannot be judged.
        """
        super().check(samples)
        clips = [sample for sample in samples if Modality.FRAMES in sample.media.provides]
        if clips and not any(Modality.TRAJECTORY in sample.media.provides for sample in clips):
            raise DataError(
                "Half-cycles need the bar's trajectory, and no clip has one.",
                expected=f"clips that provide {Modality.TRAJECTORY}",
                found=", ".join(sorted(clips[0].media.provides)),
                remedy="Detect the barbell first (aqa-bench detector), or use the method imagenet.",
            )

    def arranged(
        self, sample: Sample, features: npt.NDArray[np.float32], extractor: FrameFeatureExtractor
    ) -> npt.NDArray[np.float32]:
        """Features, with their differences beside them: ``(T, 2 D)``.

        Differences are zero where a clip has no trajectory.
        """
        if features.ndim == 1 or not self.recipe.difference:
            return features
        indices = frame_indices(sample, extractor.frames)
        try:
            track = sample.media.trajectory()
            # The turning point is a frame of the video; the position among the kept frames is wanted.
            turn = int(np.searchsorted(indices, track.turning_point, side="right")) - 1
            difference = half_cycle_difference(
                features, track.elevation[indices], turn, bandwidth=self.recipe.bandwidth
            )
        except (DataError, IndexError) as error:
            _log.warning("A clip without a usable trajectory has no differences: %s", error)
            difference = np.zeros_like(features)
        return np.concatenate([features, difference], axis=1)
