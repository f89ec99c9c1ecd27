"""Features made fit for a head, by what the training samples alone say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError

__all__ = ["FeatureScaler"]

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
                "There are no features of one length to learn a scale from.",
                expected="at least one sample, and one length",
                found=", ".join(map(str, sorted(widths))) or "none",
            )
        x = np.concatenate(rows)
        # Evenly thinned out: the figures of so many frames are settled, and memory is bounded.
        x = x[:: -(-len(x) // _MAX_ROWS)]
        mean, scale = np.zeros(x.shape[1], np.float32), np.ones(x.shape[1], np.float32)
        if standardise:
            mean = x.mean(axis=0, dtype=np.float64).astype(np.float32)
            deviation = x.std(axis=0, dtype=np.float64).astype(np.float32)
            scale = np.where(deviation > _TINY, deviation, 1).astype(np.float32)
        if components is None or components >= x.shape[1]:
            return cls(mean, scale)
        from sklearn.decomposition import PCA

        z = (x - mean) / scale
        pca = PCA(min(components, len(z)), random_state=0).fit(z)
        mean = (mean + pca.mean_ * scale).astype(np.float32)
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
