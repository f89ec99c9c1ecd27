"""From samples to what a head takes: features, scaled, arranged, and of one length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.features.scaling import FeatureScaler
from aqa_bench.learn.features.temporal import resample_time

__all__ = ["Arrange", "HeadInputs"]

Arrange = Callable[[Sample, npt.NDArray[np.float32], FrameFeatureExtractor], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class HeadInputs:
    """Makes a head's inputs.

    Attributes:
        extractor: Gives the features of frames.
        scaler: Fitted to the training features.
        arrange: Changes scaled features of one sample, e.g. sets differences beside them.
        length: Frames that sequences are resampled to.
        ctx: Its cache keeps features.
    """

    extractor: FrameFeatureExtractor
    scaler: FeatureScaler
    arrange: Arrange
    length: int
    ctx: FitContext

    def __call__(self, samples: Sequence[Sample]) -> Tensor:
        """Inputs ``(n, length, D)`` of clips or ``(n, D)`` of still images, float32."""
        features = self.extractor.extract_cached(samples, self.ctx)
        pairs = zip(samples, features, strict=True)
        arranged = [self.arrange(sample, self.scaler(f), self.extractor) for sample, f in pairs]
        return torch.from_numpy(
            np.stack([resample_time(a, self.length) if a.ndim > 1 else a for a in arranged])
        ).float()
