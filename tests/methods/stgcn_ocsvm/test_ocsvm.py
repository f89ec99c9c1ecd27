from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.methods.stgcn_ocsvm.ocsvm import OneClassHead


def _normal(n: int, d: int = 6, shift: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(shift, np.arange(1, d + 1), (n, d))


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("nu", [0.05, 0.2])
def test_same_ranking_and_boundary_as_sklearn(kernel: str, nu: float) -> None:
    train, test = _normal(60), np.vstack([_normal(40, seed=1), _normal(40, shift=5.0, seed=2)])
    head = OneClassHead(nu=nu, kernel=kernel).fit(train)  # type: ignore[arg-type]
    pipeline = make_pipeline(StandardScaler(), OneClassSVM(nu=nu, kernel=kernel)).fit(train)
    decision = pipeline.decision_function(test)
    scores = head.score(test)
    np.testing.assert_array_equal(scores > 0.5, decision < 0)
    np.testing.assert_array_equal(np.argsort(scores, kind="stable"), np.argsort(-decision, kind="stable"))
    scale = max(pipeline.decision_function(train).std(), abs(pipeline[-1].offset_[0]))
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(decision / scale)), rtol=1e-9)


def test_scores_stay_apart_where_the_svm_fits_its_samples_exactly() -> None:
    train = np.random.default_rng(0).normal(size=(10, 200))
    test = np.random.default_rng(1).normal(size=(20, 200))
    scores = OneClassHead().fit(train).score(test)
    assert len(np.unique(scores)) == len(test)
    assert 0.5 < scores.min() < scores.max() < 1 / (1 + np.exp(-1)) + 1e-12


def test_departures_score_higher() -> None:
    head = OneClassHead().fit(_normal(80))
    truth = np.repeat([0, 1], 40)
    scores = head.score(np.vstack([_normal(40, seed=1), _normal(40, shift=12.0, seed=2)]))
    assert roc_auc_score(truth, scores) > 0.95


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 20), st.integers(1, 5), st.floats(1e-3, 1e6))
def test_scores_lie_in_the_unit_interval(n: int, d: int, size: float) -> None:
    rng = np.random.default_rng(n * 10 + d)
    scores = OneClassHead().fit(rng.normal(size=(n, d)) * size).score(rng.normal(size=(7, d)) * size * 100)
    assert scores.shape == (7,)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_equal_samples_do_not_divide_by_zero() -> None:
    head = OneClassHead().fit(np.ones((5, 3)))
    assert np.isfinite(head.score(np.array([[1.0, 1, 1], [9, 9, 9]]))).all()


def test_errors() -> None:
    with pytest.raises(MethodError, match="not fitted"):
        OneClassHead().score(np.ones((1, 2)))
    for bad in (np.ones(3), np.ones((1, 3)), np.array([[1.0], [np.nan]]), np.ones((3, 0))):
        with pytest.raises(DataError):
            OneClassHead().fit(bad)
    with pytest.raises(DataError, match=r"\(n, 6\)"):
        OneClassHead().fit(_normal(5)).score(np.ones((2, 5)))
