"""From samples to what a head takes: features, scaled, arranged, and of one length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext
from aqa_bench.core.plain_state import plain_state
from aqa_bench.core.sample import Sample
from aqa_bench.core.state import State
from aqa_bench.media.clips import resample_time

if TYPE_CHECKING:
    from aqa_bench.learn.features.image_features import FrameFeatureExtractor

__all__ = ["Arrange", "FeatureScaler", "HeadInputs"]

_MAX_ROWS = 20_000
_TINY = 1e-6


@dataclass(frozen=True)
class FeatureScaler:
    """Standardises features, and projects them to principal components where asked to.

    Attributes:
        mean: ``(D,)``.
        scale: ``(D,)``; what features are divided by after the mean is taken off.
        components: ``(K, D)`` principal directions of the standardised features, divided by the root
            mean square of their coordinates; None keeps all features.
    """

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    components: npt.NDArray[np.float32] | None = None

    @classmethod
    def fit(
        cls,
        features: Sequence[npt.NDArray[np.float32]],
        *,
        standardise: bool = True,
        components: int | None = None,
    ) -> FeatureScaler:
        """Learn mean, spread and principal directions.

        Args:
            features: ``(T, D)`` or ``(D,)`` of every training sample.
            standardise: Whether every feature is brought to mean 0 and standard deviation 1.
            components: Number of principal components, at most; None keeps the features.

        Raises:
            DataError: There are no features, or they differ in length.
        """
        rows = [np.atleast_2d(f) for f in features]
        widths = {row.shape[1] for row in rows}
        if len(widths) != 1:
            raise DataError(
                "The scaler needs features, all of the same length.",
                expected="at least one sample, and one length",
                found=", ".join(map(str, sorted(widths))) or "none",
            )
        x = np.concatenate(rows)
        # Evenly thinned out: the figures of so many frames are settled, and memory is bounded.
        x = x[:: -(-len(x) // _MAX_ROWS)]
        mean, scale = np.zeros(x.shape[1], np.float32), np.ones(x.shape[1], np.float32)
        if standardise:
            # Sums of thousands of float32 values lose digits that the deviation of a
            # nearly constant feature needs.
            mean = x.mean(axis=0, dtype=np.float64).astype(np.float32)
            deviation = x.std(axis=0, dtype=np.float64).astype(np.float32)
            # A feature that never changes in training says nothing; divided by its deviation, a small
            # change in a test would outweigh all else.
            scale = np.where(deviation > _TINY, deviation, 1).astype(np.float32)
        if components is None or components >= x.shape[1]:
            return cls(mean, scale)
        from sklearn.decomposition import PCA

        z = (x - mean) / scale
        pca = PCA(min(components, len(z)), random_state=0).fit(z)
        # PCA centres once more, on the rows that it saw; both means become one subtraction.
        mean = (mean + pca.mean_ * scale).astype(np.float32)
        # One factor for all components: whitening each by itself would blow up the ones that are noise.
        root_mean_square = float(np.sqrt(np.mean(pca.explained_variance_))) or 1.0
        return cls(mean, scale, (pca.components_ / root_mean_square).astype(np.float32))

    @property
    def num_features(self) -> int:
        """Length of what comes out."""
        return len(self.mean if self.components is None else self.components)

    def __call__(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """``(..., D)`` to ``(..., K)``, float32."""
        z = (features - self.mean) / self.scale
        out = z if self.components is None else z @ self.components.T
        return np.asarray(out, dtype=np.float32)


Arrange: TypeAlias = (
    "Callable[[Sample, npt.NDArray[np.float32], FrameFeatureExtractor], npt.NDArray[np.float32]]"
)


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
        # Arranged before the resampling, while frame numbers and trajectory still belong to each other.
        arranged = [self.arrange(sample, self.scaler(f), self.extractor) for sample, f in pairs]
        return torch.from_numpy(
            np.stack([resample_time(a, self.length) if a.ndim > 1 else a for a in arranged])
        ).float()

    def state(self) -> State:
        """Backbone and scale."""
        return State.joined(backbone=self.extractor.backbone.state(), scaler=plain_state(self.scaler))
