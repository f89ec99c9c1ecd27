"""How large a difference between two methods has to be for a test part to show it.

The minimal detectable difference is 2.8 standard deviations of the difference between two equally good
methods: what a two-sided test at 5% finds in 80% of cases. The standard deviation is simulated on the labels
and filmed days of the test part. Scores of the two are normal with equal variance in either class and
correlate by ``BETWEEN`` within a class; ``BY_GROUP`` of their variance is shared by a day and, where samples
are stills, ``BY_CLIP`` by the stills of a clip. These three are assumptions; numbers of clips matter more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from leakage import auroc
from scipy.stats import norm, rankdata

__all__ = ["Detectable", "binary", "ranked"]

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

AUROC, SPEARMAN = 0.75, 0.5
BETWEEN, BY_GROUP, BY_CLIP = 0.5, 0.1, 0.4
TRIALS = 2000
#: Standard normal quantiles at 97.5% and 80%.
_DEVIATIONS = float(norm.ppf(0.975) + norm.ppf(0.8))


@dataclass(frozen=True)
class Detectable:
    """Minimal detectable differences of a task's test part, by metric, and what they follow from."""

    samples: int
    positive: int | None
    clips: int
    groups: int
    differences: dict[str, float]


def binary(labels: Floats, groups: Names, clips: Names, seed: int = 0) -> Detectable:
    """Of AUROC and F1, between two methods of AUROC ``AUROC``.

    F1 is taken at the threshold that is best for such scores in a large sample, for both methods.

    Args:
        labels: 0 or 1, shape ``(n,)``.
        groups: Filmed day of every sample.
        clips: Clip of every sample; where each stands alone, samples are clips.
        seed: Of the simulation.
    """
    apart = float(np.sqrt(2) * norm.ppf(AUROC))
    first, second = (labels[:, None] * apart + noise for noise in _noises(groups, clips, seed))
    columns = np.repeat(labels[:, None], TRIALS, 1)
    cut = _best_cut(float(labels.mean()), apart)
    differences = {
        "auroc": auroc(columns, first) - auroc(columns, second),
        "f1": _f1(labels, first > cut) - _f1(labels, second > cut),
    }
    return Detectable(
        samples=len(labels),
        positive=int(labels.sum()),
        clips=len(np.unique(clips)),
        groups=len(np.unique(groups)),
        differences={name: _DEVIATIONS * float(d.std(ddof=1)) for name, d in differences.items()},
    )


def ranked(targets: Floats, groups: Names, clips: Names, seed: int = 0) -> Detectable:
    """Of Spearman's correlation, between two methods whose scores correlate by ``SPEARMAN`` with the target.

    Args:
        targets: Shape ``(n,)``.
        groups: Event of every sample.
        clips: Id of every sample.
        seed: Of the simulation.
    """
    ideal = norm.ppf((rankdata(targets) - 0.5) / len(targets))[:, None]
    # Pearson's correlation that a normal pair of this rank correlation has.
    linear = 2 * np.sin(np.pi * SPEARMAN / 6)
    first, second = (linear * ideal + np.sqrt(1 - linear**2) * n for n in _noises(groups, clips, seed))
    found = _spearman(ideal, first) - _spearman(ideal, second)
    differences = {"spearman": _DEVIATIONS * float(found.std(ddof=1))}
    return Detectable(len(targets), None, len(np.unique(clips)), len(np.unique(groups)), differences)


def _noises(groups: Names, clips: Names, seed: int) -> tuple[Floats, Floats]:
    """What the scores of two methods have beside the signal, variance 1, shape ``(n, TRIALS)`` each."""
    rng = np.random.default_rng(seed)
    shares = {"group": BY_GROUP, "clip": BY_CLIP if len(np.unique(clips)) < len(clips) else 0.0}
    alone = 1 - sum(shares.values())

    def draw() -> Floats:
        total = np.sqrt(alone) * rng.standard_normal((len(groups), TRIALS))
        for names, share in ((groups, shares["group"]), (clips, shares["clip"])):
            if share:
                _, at = np.unique(names, return_inverse=True)
                total += np.sqrt(share) * rng.standard_normal((at.max() + 1, TRIALS))[at]
        return total

    common = draw()
    first, second = (np.sqrt(BETWEEN) * common + np.sqrt(1 - BETWEEN) * draw() for _ in range(2))
    return first, second


def _best_cut(rate: float, apart: float) -> float:
    cuts = np.linspace(-4, 4 + apart, 2001)
    hit, false = norm.sf(cuts - apart) * rate, norm.sf(cuts) * (1 - rate)
    return float(cuts[np.argmax(2 * hit / (hit + false + rate))])


def _f1(labels: Floats, said: npt.NDArray[np.bool_]) -> Floats:
    hit = (labels[:, None] * said).sum(0)
    f1: Floats = 2 * hit / (said.sum(0) + labels.sum())
    return f1


def _spearman(targets: Floats, scores: Floats) -> Floats:
    ranks = [rankdata(values, axis=0) for values in (targets, scores)]
    first, second = ((r - r.mean(0)) / r.std(0) for r in ranks)
    found: Floats = (first * second).mean(0)
    return found
