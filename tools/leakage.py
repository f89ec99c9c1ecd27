"""Whether features that must not tell a target do: cross-validated probes against permuted targets.

Every probe is a ridge in a kernel, so that its predictions are linear in the targets: hundreds of permuted
targets cost little more than one, and the null distribution is that of the whole procedure, folds and all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve
from scipy.stats import rankdata

__all__ = ["Found", "audit", "auroc", "smoothers"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FOLDS = 5
#: Kernel and ridge of each probe, chosen before any target was looked at.
PROBES = (("linear", 10.0), ("rbf", 1.0))


@dataclass(frozen=True)
class Found:
    """How well a set of features tells a target.

    Attributes:
        value: The statistic of the probe that is farthest above its null.
        probe: That probe.
        null: Mean of its statistic over permuted targets.
        sd: Standard deviation of the same.
        z: Distance of value and null in these.
    """

    value: float
    probe: str
    null: float
    sd: float
    z: float


def auroc(targets: Floats, scores: Floats) -> Floats:
    """Area under the ROC curve by columns, ties counted half.

    Args:
        targets: 0 or 1, shape ``(n, K)``.
        scores: Shape ``(n, K)``.

    Returns:
        Shape ``(K,)``.
    """
    positive = targets.sum(0)
    ranks = (rankdata(scores, axis=0) * targets).sum(0)
    area: Floats = (ranks - positive * (positive + 1) / 2) / (positive * (len(targets) - positive))
    return area


def smoothers(features: Floats, groups: npt.NDArray[np.str_]) -> dict[str, Floats]:
    """Matrices that turn targets into cross-validated predictions of them, by probe.

    Args:
        features: Shape ``(n, p)``.
        groups: Group of every sample; a group stays in one of five folds.

    Returns:
        By name of the probe, shape ``(n, n)``; no row has weight on samples of its own fold.
    """
    spread = features.std(0)
    scaled = (features - features.mean(0))[:, spread > 1e-9] / spread[spread > 1e-9]
    inner = scaled @ scaled.T / max(scaled.shape[1], 1)
    square = np.diag(inner)
    apart = np.maximum(square[:, None] + square[None] - 2 * inner, 0)
    middle = np.median(apart[np.triu_indices(len(apart), 1)])
    kernels = {"linear": inner, "rbf": np.exp(-apart / max(middle, 1e-12))}
    names = np.unique(groups)
    fold_of = dict(zip(names, np.random.default_rng(0).permutation(len(names)) % FOLDS, strict=True))
    folds = np.array([fold_of[group] for group in groups])
    made = {}
    for name, ridge in PROBES:
        matrix = np.zeros_like(inner)
        for fold in range(FOLDS):
            test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            within = kernels[name][np.ix_(train, train)] + ridge * np.eye(len(train))
            weights = solve(within, kernels[name][np.ix_(train, test)], assume_a="pos").T
            # The mean of the training targets is taken off: it would tell the fold, and so the target.
            matrix[np.ix_(test, train)] = weights - weights.mean(1, keepdims=True)
        made[f"{name} {ridge:g}"] = matrix
    return made


def audit(
    features: Mapping[str, Floats],
    groups: npt.NDArray[np.str_],
    targets: Mapping[str, Floats],
    statistic: Callable[[Floats, Floats], Floats],
) -> dict[str, tuple[dict[str, Found], float]]:
    """Probe each set of features for each target.

    Args:
        features: Sets by name, each ``(n, p)``.
        groups: Group of every sample.
        targets: By task, the targets in the first column and permutations of them in the others,
            ``(n, 1 + K)``.
        statistic: Of targets and scores by columns, larger where scores tell more.

    Returns:
        By task, what was found by set, and the probability under permutation that any set lies as far
        above its null as the farthest one does.
    """
    found: dict[str, dict[str, Found]] = {task: {} for task in targets}
    farthest = {task: np.full(columns.shape[1], -np.inf) for task, columns in targets.items()}
    for name, values in features.items():
        for probe, matrix in smoothers(values, groups).items():
            for task, columns in targets.items():
                told = statistic(columns, matrix @ columns)
                null, sd = float(told[1:].mean()), float(told[1:].std(ddof=1))
                z = (told - null) / sd
                farthest[task] = np.maximum(farthest[task], z)
                if name not in found[task] or z[0] > found[task][name].z:
                    found[task][name] = Found(float(told[0]), probe, null, sd, float(z[0]))
    # The observed one counts among its permutations, as in any permutation test.
    return {task: (sets, float((farthest[task] >= farthest[task][0]).mean())) for task, sets in found.items()}
