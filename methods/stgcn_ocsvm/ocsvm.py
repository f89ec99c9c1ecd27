"""One-class support vector machine (Schölkopf et al., Neural Computation 2001) as an error detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.plain_state import plain_state, rebuilt
from aqa_bench.core.state import State

__all__ = ["OneClassHead"]


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What a fit leaves."""

    scaler: StandardScaler
    svm: OneClassSVM
    scale: float


class OneClassHead:
    """Learns what correct executions look like and scores how far a new one departs from them.

    Features are standardised on the fit set. The SVM's decision value ``d`` (positive inside the
    learnt region) becomes the score ``1 / (1 + exp(d / s))``. The unit ``s`` is the SVM's offset, which
    is how far below the boundary a sample lies that resembles none of the fit set under the RBF kernel,
    or the standard deviation of the fit set's decision values where that is larger; so the score does
    not saturate even where the SVM fits its samples exactly. The mapping is monotone, so rankings are
    those of the SVM, and 0.5 is the SVM's own boundary ``d = 0``; scores are not probabilities.

    Args:
        nu: Upper bound on the fraction of fit samples outside the boundary, in ``(0, 1]``.
        kernel: Kernel of the SVM.
        gamma: Kernel width; ``"scale"`` is ``1 / (D * variance)``.
    """

    def __init__(
        self,
        nu: float = 0.1,
        kernel: Literal["linear", "poly", "rbf", "sigmoid"] = "rbf",
        gamma: float | Literal["scale", "auto"] = "scale",
    ) -> None:
        self.nu = nu
        self.kernel = kernel
        self.gamma = gamma

    def fit(self, features: ArrayLike) -> Self:
        """Fit on the features of correct executions only.

        Args:
            features: ``(n, D)``, finite.

        Returns:
            The head itself.

        Raises:
            DataError: The features are not a finite matrix with at least two rows.
        """
        x = _matrix(features)
        if len(x) < 2:
            raise DataError(
                "There are too few samples to fit a one-class head.",
                expected="at least 2 rows",
                found=len(x),
                remedy="Use a larger training split.",
            )
        self.scaler_ = StandardScaler().fit(x)
        self.svm_ = OneClassSVM(nu=self.nu, kernel=self.kernel, gamma=self.gamma).fit(
            self.scaler_.transform(x)
        )
        # Where the SVM fits exactly all decisions are near 0, and their spread alone would
        # push every new score to 0 or 1.
        spread = max(float(np.std(self._decision(x))), abs(float(self.svm_.offset_[0])))
        self.scale_ = spread if spread > np.finfo(np.float64).tiny else 1.0
        return self

    def score(self, features: ArrayLike) -> NDArray[np.float64]:
        """Score executions: above 0.5 the SVM calls them erroneous.

        Args:
            features: ``(n, D)``, finite.

        Returns:
            ``(n,)`` in ``[0, 1]``; higher is more erroneous.

        Raises:
            DataError: The features are not a finite matrix of the fitted width.
            MethodError: The head is not fitted.
        """
        if not hasattr(self, "svm_"):
            raise MethodError(
                "The one-class head is not fitted.", remedy="Call fit on correct executions first."
            )
        x = _matrix(features)
        if x.shape[1] != self.scaler_.n_features_in_:
            raise DataError(
                "The features differ in size from those that the one-class head was fitted on.",
                expected=f"(n, {self.scaler_.n_features_in_})",
                found=x.shape,
            )
        scores: NDArray[np.float64] = expit(-self._decision(x) / self.scale_)
        return scores

    def state(self) -> State:
        """Scaler, SVM and unit."""
        return plain_state(_Learnt(self.scaler_, self.svm_, self.scale_))

    @classmethod
    def restored(cls, state: State) -> Self:
        """The head of :meth:`state`.

        Raises:
            DataError: The state is of something else.
        """
        learnt = rebuilt(state, _Learnt)
        head = cls(learnt.svm.nu, learnt.svm.kernel, learnt.svm.gamma)
        head.scaler_, head.svm_, head.scale_ = learnt.scaler, learnt.svm, learnt.scale
        return head

    def _decision(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        values: NDArray[np.float64] = self.svm_.decision_function(self.scaler_.transform(x))
        return values


def _matrix(features: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(features, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0 or not np.isfinite(x).all():
        raise DataError(
            "The one-class head needs a matrix of finite features.",
            expected="(n, D), no NaN or infinity",
            found=f"shape {x.shape}, {np.count_nonzero(~np.isfinite(x))} values not finite",
            remedy="Pool sequences over time and check the extractor's output.",
        )
    return x
