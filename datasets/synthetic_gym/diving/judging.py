"""Seven judges and the sum that makes the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Judgement", "judge"]

_JUDGES, _DROPPED = 7, 2
_STRICTNESS, _SEEN, _DISAGREEMENT = 0.25, 0.25, 0.35


@dataclass(frozen=True)
class Judgement:
    """Attributes: awards: Of seven judges, 0 to 10 in halves. score: What the dive is worth."""

    awards: tuple[float, ...]
    score: float


def judge(
    execution: float, difficulty: float, panel: np.random.Generator, dive: np.random.Generator
) -> Judgement:
    """Award a dive in the manner of the sport.

    The two highest and the two lowest of seven awards are dropped; the sum of the other three times the
    difficulty is the score, at most 30 times the difficulty.

    Args:
        execution: Marks that the dive deserves, 0 to 10.
        difficulty: Degree of difficulty.
        panel: Random stream of the event: its judges are strict or mild together.
        dive: Random stream of the dive: what all of them saw in it, and where they disagree.

    Example:
        >>> import numpy as np
        >>> judge(8.0, 3.0, np.random.default_rng(0), np.random.default_rng(1)).score % 1.5
        0.0
    """
    agreed = execution + panel.normal(0, _STRICTNESS) + dive.normal(0, _SEEN)
    marks = agreed + dive.normal(0, _DISAGREEMENT, _JUDGES)
    awards = np.clip(np.round(marks * 2) / 2, 0, 10)
    kept = np.sort(awards)[_DROPPED:-_DROPPED]
    return Judgement(tuple(awards.tolist()), round(float(kept.sum()) * difficulty, 2))
