"""What the score may be told from, and what not. All of it without rendering."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aqa_bench.datasets.synthetic_gym.diving.dive import DiveClip, make_dive
from aqa_bench.datasets.synthetic_gym.diving.faults import FAULTS
from aqa_bench.datasets.synthetic_gym.diving.plan import plan_dives
from aqa_bench.stats.metrics import spearman
from aqa_bench.stats.within import spearman_within

#: Standard deviation of Spearman within difficulty over 300 dives whose scores say nothing: 1 / sqrt(299).
NULL_SPREAD = 0.058
#: Parts that every body has; tied-up hair comes last.
_COMMON = 28


@pytest.fixture(scope="module")
def clips() -> list[DiveClip]:
    return [make_dive(plan) for plan in plan_dives("demo")]


def within(clips: list[DiveClip], x: np.ndarray, model: object) -> float:
    scores = np.array([c.annotation.judgement.score for c in clips])
    difficulty = np.array([c.annotation.plan.dive.difficulty for c in clips])
    found = cross_val_predict(
        model, x.reshape(len(x), -1), scores, cv=KFold(10, shuffle=True, random_state=0)
    )
    return float(spearman_within(scores, found[:, None], difficulty).item())


def test_difficulty_alone_correlates_moderately(clips: list[DiveClip]) -> None:
    scores = [c.annotation.judgement.score for c in clips]
    assert 0.4 < spearman(scores, [c.annotation.plan.dive.difficulty for c in clips]) < 0.62


def test_the_faults_explain_the_score_within_difficulty_and_none_does_alone(clips: list[DiveClip]) -> None:
    sizes = np.array([[abs(c.annotation.faults[name]) for name in FAULTS] for c in clips])
    difficulty = np.array([[c.annotation.plan.dive.difficulty] for c in clips])
    ridge = make_pipeline(StandardScaler(), RidgeCV())
    assert within(clips, np.hstack([sizes, difficulty]), ridge) > 0.85
    for column in range(len(FAULTS)):
        assert within(clips, np.hstack([sizes[:, column : column + 1], difficulty]), ridge) < 0.8


def nuisances(clips: list[DiveClip]) -> dict[str, np.ndarray]:
    def first(c: DiveClip) -> np.ndarray:
        return c.annotation.keypoints_2d[:3, :, :2]

    def flight(c: DiveClip) -> np.ndarray:
        return np.array([c.annotation.entry, float(np.argmax(c.annotation.keypoints_3d[:, 11, 1]))])

    return {
        "camera": np.array([[c.camera.focal, *c.camera.axes[0].ravel(), *c.pool.eye] for c in clips]),
        "colours": np.array([c.body.colour[:_COMMON].ravel() for c in clips]),
        "body": np.array([c.body.radius[:_COMMON].ravel() for c in clips]),
        "before take-off": np.array([first(c) for c in clips]),
        "timing": np.array([flight(c) for c in clips]),
    }


def test_nuisances_do_not_tell_the_score_within_difficulty(clips: list[DiveClip]) -> None:
    forest = RandomForestRegressor(40, min_samples_leaf=4, max_features="sqrt", random_state=0)
    for name, x in nuisances(clips).items():
        # What differs between events may follow the panel's strictness; so much less than a fault.
        assert abs(within(clips, x, forest)) < 3.5 * NULL_SPREAD, name


def test_shuffled_scores_cannot_be_learnt(clips: list[DiveClip]) -> None:
    x = np.array([[abs(c.annotation.faults[name]) for name in FAULTS] for c in clips])
    scores = np.array([c.annotation.judgement.score for c in clips])
    difficulty = np.array([c.annotation.plan.dive.difficulty for c in clips])
    shuffled = np.random.default_rng(0).permutation(scores)
    found = cross_val_predict(RidgeCV(), x, shuffled, cv=KFold(10, shuffle=True, random_state=0))
    assert abs(spearman_within(shuffled, found[:, None], difficulty).item()) < 3 * NULL_SPREAD
