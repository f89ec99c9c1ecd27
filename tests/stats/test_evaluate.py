from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from aqa_bench.core.errors import DataError
from aqa_bench.stats.confusion import DECISION_METRICS
from aqa_bench.stats.evaluate import evaluate_binary, evaluate_scores


def test_binary_record_matches_sklearn() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(200) < 0.3) * 1
    scores = np.round(np.clip(0.3 * y + 0.7 * rng.random(200), 0, 1), 2)
    record = evaluate_binary(y, scores, 0.35)
    assert list(record) == [*DECISION_METRICS, *(f"{m}@0.5" for m in DECISION_METRICS), "ap", "auroc"]
    for cut, suffix in ((0.35, ""), (0.5, "@0.5")):
        decisions = (scores >= cut) * 1
        assert record["f1" + suffix] == pytest.approx(sk.f1_score(y, decisions))
        assert record["f1_good" + suffix] == pytest.approx(sk.f1_score(y, decisions, pos_label=0))
        assert record["mcc" + suffix] == pytest.approx(sk.matthews_corrcoef(y, decisions))
        assert record["recall" + suffix] == pytest.approx(sk.recall_score(y, decisions))
    assert record["ap"] == pytest.approx(sk.average_precision_score(y, scores))
    assert record["auroc"] == pytest.approx(sk.roc_auc_score(y, scores))
    assert all(type(value) is float for value in record.values())


def test_a_score_at_the_threshold_is_an_error() -> None:
    record = evaluate_binary([1, 0], [0.7, 0.5], 0.7)
    assert record["recall"] == 1.0
    assert record["accuracy"] == 1.0
    assert record["precision@0.5"] == 0.5


def test_one_class_gives_nan_where_undefined() -> None:
    record = evaluate_binary([0, 0, 0], [0.1, 0.2, 0.3], 0.5)
    assert {key for key, value in record.items() if math.isnan(value)} == {
        *(f"{m}{s}" for m in ("f1", "balanced_accuracy", "precision", "recall") for s in ("", "@0.5")),
        *("ap", "auroc"),
    }
    assert record["f1_good"] == 1.0


def test_score_record_matches_scipy() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(20, 100, 50) / 1.0
    scores = y + rng.normal(size=50) * 10
    record = evaluate_scores(y, scores, (0.0, 104.5))
    assert record == {
        "spearman": pytest.approx(stats.spearmanr(y, scores).statistic),
        "r_l2": pytest.approx(100 * np.mean((y - scores) ** 2) / 104.5**2),
        "mae": pytest.approx(np.abs(y - scores).mean()),
    }


def test_bad_input() -> None:
    with pytest.raises(DataError, match="threshold"):
        evaluate_binary([0, 1], [0.1, 0.2], math.nan)
    with pytest.raises(DataError, match="1 of 2, the first at index 0"):
        evaluate_binary([0, 1], [math.nan, 0.2], 0.5)
    with pytest.raises(DataError, match="train_range"):
        evaluate_scores([0, 1], [0.1, 0.2], (1.0, 0.0))
