from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics as sk

from aqa_bench.core.cards import Decision
from aqa_bench.core.errors import DataError
from aqa_bench.core.task import TaskKind
from aqa_bench.stats.scoring import (
    TaskScores,
    collect,
    evaluate,
    metric_ids,
    primary_floor,
    skill_over,
    tuned_for,
)
from aqa_bench.stats.thresholds import tune_threshold

IDS = [f"s{i:02d}" for i in range(30)]
TARGETS = {name: float(i % 3 == 0) for i, name in enumerate(IDS)}
GROUPS = {name: f"g{i // 2}" for i, name in enumerate(IDS)}
COLUMNS = ["sample_id", "task", "fold", "split", "score"]


def predictions(seed: int = 0, repeats: int = 2, folds: int = 3) -> pd.DataFrame:
    """Random scores of ``repeats`` times ``folds`` folds; the next fold is val."""
    rng = np.random.default_rng(seed)
    rows = []
    for repeat in range(repeats):
        parts = np.array_split(rng.permutation(IDS), folds)
        for fold in range(folds):
            for part, ids in (("test", parts[fold]), ("val", parts[(fold + 1) % folds])):
                rows += [(i, "t", f"r{repeat}f{fold}", part, round(float(rng.random()), 2)) for i in ids]
    return pd.DataFrame(rows, columns=COLUMNS).sample(frac=1, random_state=seed)


def collected(
    table: pd.DataFrame,
    *,
    decision: Decision = Decision.TUNED,
    kind: TaskKind = TaskKind.BINARY,
    primary: str = "f1",
    targets: dict[str, float] = TARGETS,
) -> TaskScores:
    return collect(table, targets, GROUPS, kind=kind, decision=decision, primary=primary, where="here")


def value(scores: TaskScores, metric: str, kind: TaskKind = TaskKind.BINARY, **options: object) -> float:
    found = evaluate(scores, dataset="d", kind=kind, n_resamples=20, **options)[metric].value
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("f1", sk.f1_score),
        ("accuracy", sk.accuracy_score),
        ("balanced_accuracy", sk.balanced_accuracy_score),
        ("mcc", sk.matthews_corrcoef),
        ("precision", sk.precision_score),
        ("recall", sk.recall_score),
    ],
)
def test_decision_metrics_pool_the_folds_of_a_repeat_and_average_repeats(metric: str, reference) -> None:
    table = predictions(1, repeats=3)
    expected = []
    for repeat in range(3):
        y, decided = [], []
        for fold in range(3):
            rows = table[table["fold"] == f"r{repeat}f{fold}"]
            val, test = rows[rows["split"] == "val"], rows[rows["split"] == "test"]
            cut = tune_threshold(
                val["sample_id"].map(TARGETS).to_numpy(), val["score"].to_numpy(), "f1"
            ).value
            y += test["sample_id"].map(TARGETS).tolist()
            decided += (test["score"] >= cut).tolist()
        expected.append(reference(y, np.array(decided, dtype=float)))
    assert value(collected(table), metric) == pytest.approx(np.mean(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "reference"), [("ap", sk.average_precision_score), ("auroc", sk.roc_auc_score)]
)
def test_ranking_metrics_pool_the_folds_of_a_repeat_and_average_repeats(metric: str, reference) -> None:
    table = predictions(2)
    test = table[table["split"] == "test"]
    expected = [
        reference(part["sample_id"].map(TARGETS), part["score"])
        for _, part in test.groupby(test["fold"].str[:2])
    ]
    assert value(collected(table), metric) == pytest.approx(np.mean(expected), abs=1e-12)


def test_metrics_at_the_methods_own_decision_use_half() -> None:
    table = predictions(3)
    test = table[table["split"] == "test"]
    expected = [
        sk.f1_score(part["sample_id"].map(TARGETS), part["score"] >= 0.5)
        for _, part in test.groupby(test["fold"].str[:2])
    ]
    assert value(collected(table), "f1@0.5") == pytest.approx(np.mean(expected), abs=1e-12)
    assert value(collected(table, decision=Decision.OWN), "f1") == pytest.approx(np.mean(expected), abs=1e-12)


def test_score_tasks_have_rank_correlation_and_errors() -> None:
    targets = {name: float(i**1.5) for i, name in enumerate(IDS)}
    table = predictions(4)
    scores = collected(table, kind=TaskKind.SCORE, primary="spearman", targets=targets)
    test = table[table["split"] == "test"]
    parts = [part for _, part in test.groupby(test["fold"].str[:2])]
    rho = [spearmanr(p["sample_id"].map(targets), p["score"]).statistic for p in parts]
    mae = [np.abs(p["sample_id"].map(targets) - p["score"]).mean() for p in parts]
    options = {"kind": TaskKind.SCORE, "train_range": (0.0, 150.0)}
    assert value(scores, "spearman", **options) == pytest.approx(np.mean(rho), abs=1e-12)
    assert value(scores, "mae", **options) == pytest.approx(np.mean(mae), abs=1e-12)
    assert scores.thresholds == {}
    assert metric_ids(TaskKind.SCORE) == ("spearman", "r_l2", "mae")


def test_strata_add_a_metric_and_change_no_other() -> None:
    targets = {name: float(i**1.5) for i, name in enumerate(IDS)}
    strata = {name: "first half" if i < len(IDS) // 2 else "second half" for i, name in enumerate(IDS)}
    table = predictions(4)
    options = {"kind": TaskKind.SCORE, "decision": Decision.OWN, "primary": "spearman", "where": "here"}
    found = [
        evaluate(
            collect(table, targets, GROUPS, **options, strata=given),  # type: ignore[arg-type]
            dataset="d",
            kind=TaskKind.SCORE,
            train_range=(0.0, 150.0),
            n_resamples=50,
        )
        for given in (strata, None, {})
    ]
    test = table[table["split"] == "test"]
    means = []
    for _, part in test.groupby(test["fold"].str[:2]):
        halves = [h for _, h in part.groupby(part["sample_id"].map(strata))]
        rho = [spearmanr(h["sample_id"].map(targets), h["score"]).statistic for h in halves]
        means.append(np.average(rho, weights=[len(h) for h in halves]))
    assert tuple(found[0]) == metric_ids(TaskKind.SCORE, stratified=True)
    within = found[0].pop("spearman_within")
    assert within.value == pytest.approx(np.mean(means), abs=1e-12)
    assert (within.low or 9) <= within.value <= (within.high or -9)
    assert found[0] == found[1] == found[2]


def test_thresholds_are_tuned_on_val_alone() -> None:
    table = predictions(5)
    before = collected(table).thresholds
    test = table["split"] == "test"
    moved = table.assign(score=np.where(test, 1 - table["score"], table["score"]))
    assert collected(moved).thresholds == before
    flipped = {name: 1 - target for name, target in TARGETS.items()}
    assert collected(table, targets=flipped).thresholds != before


@pytest.mark.parametrize("primary", ["accuracy", "balanced_accuracy", "f1", "ap"])
def test_thresholds_maximise_the_primary_decision_metric_or_f1(primary: str) -> None:
    table = predictions(6)
    val = table[(table["split"] == "val") & (table["fold"] == "r1f2")]
    y = val["sample_id"].map(TARGETS).to_numpy()
    metric = primary if primary != "ap" else "f1"
    assert tuned_for(primary) == metric
    expected = tune_threshold(y, val["score"].to_numpy(), metric).value
    assert collected(table, primary=primary).thresholds["r1f2"] == expected


def test_without_val_of_both_classes_the_threshold_is_the_methods_own() -> None:
    table = predictions(7)
    good = table["sample_id"].map(TARGETS) == 0
    without = table[(table["split"] == "test") | (good & (table["fold"] == "r0f0"))]
    assert set(collected(without).thresholds.values()) == {0.5}
    assert len(collected(without).thresholds) == 6


def test_rows_are_aligned_whatever_their_order() -> None:
    table = predictions(8)
    a, b = collected(table), collected(table.sort_values("score"))
    np.testing.assert_array_equal(a.scores, b.scores)
    np.testing.assert_array_equal(a.decisions, b.decisions)
    assert a.ids == b.ids == tuple(IDS)
    assert a.groups.tolist() == [GROUPS[i] for i in IDS]
    row = table[(table["split"] == "test") & (table["fold"] == "r1f0")].iloc[0]
    assert a.scores[IDS.index(row["sample_id"]), 1] == row["score"]


def test_repeats_are_in_the_order_of_their_numbers() -> None:
    rows = [(i, "t", f"r{r}f0", "test", r / 20) for r in (10, 9, 2) for i in IDS]
    scores = collected(pd.DataFrame(rows, columns=COLUMNS))
    np.testing.assert_array_equal(scores.scores[0], [0.1, 0.45, 0.5])


def test_samples_that_a_repeat_does_not_test_are_left_out_of_it() -> None:
    rows = [("s00", "t", "r0f0", "test", 0.9), ("s01", "t", "r0f0", "test", 0.1)]
    rows += [("s03", "t", "r1f0", "test", 0.1), ("s01", "t", "r1f0", "test", 0.2)]
    scores = collected(pd.DataFrame(rows, columns=COLUMNS))
    np.testing.assert_array_equal(scores.scores, [[0.9, np.nan], [0.1, 0.2], [np.nan, 0.1]])
    np.testing.assert_array_equal(scores.decisions, [[1, np.nan], [0, 0], [np.nan, 0]])
    assert value(scores, "accuracy") == 0.75


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_id": "stranger"}, "does not have"),
        ({"fold": "r0"}, "fold that does not exist"),
        ({"fold": "fold1"}, "fold that does not exist"),
        ({"fold": "r-1f0"}, "fold that does not exist"),
        ({"split": "val"}, "no test predictions"),
    ],
)
def test_tables_that_cannot_be_scored_are_errors(change: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        collected(predictions().assign(**change))
    assert caught.value.where == "here"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=20))
def test_floors_are_what_is_reached_without_looking(labels: list[bool]) -> None:
    targets = {f"s{i:02d}": float(label) for i, label in enumerate(labels)}
    rows = [(name, "t", "r0f0", "test", 0.5) for name in targets]
    table = pd.DataFrame(rows, columns=COLUMNS)
    groups = dict.fromkeys(targets, "g")
    scores = collect(
        table, targets, groups, kind=TaskKind.BINARY, decision=Decision.OWN, primary="f1", where="x"
    )
    y, n = sum(labels), len(labels)
    assert primary_floor(scores, "accuracy") == pytest.approx(max(y, n - y) / n)
    if y:
        assert primary_floor(scores, "f1") == pytest.approx(2 * y / (n + y))


def test_floors_are_averaged_over_repeats() -> None:
    rows = [(name, "t", "r0f0", "test", 0.5) for name in IDS[:6]]
    rows += [(name, "t", "r1f0", "test", 0.5) for name in IDS[:4]]
    scores = collected(pd.DataFrame(rows, columns=COLUMNS))
    assert primary_floor(scores, "accuracy") == pytest.approx((4 / 6 + 2 / 4) / 2)


def test_skill_is_the_share_of_what_the_floor_leaves() -> None:
    assert skill_over(0.8, 0.6) == pytest.approx(0.5)
    assert skill_over(None, 0.6) is None
    assert skill_over(0.8, None) is None


def test_undefined_metrics_are_none_with_their_interval() -> None:
    rows = [(name, "t", "r0f0", "test", 0.2) for name in IDS if TARGETS[name] == 0]
    found = evaluate(
        collected(pd.DataFrame(rows, columns=COLUMNS)), dataset="d", kind=TaskKind.BINARY, n_resamples=20
    )
    assert (found["auroc"].value, found["auroc"].low, found["auroc"].high) == (None, None, None)
    assert found["accuracy"].value == 1.0
    assert set(found) == set(metric_ids(TaskKind.BINARY))


def test_intervals_hold_the_value_and_repeat() -> None:
    scores = collected(predictions(9))
    a, b = (evaluate(scores, dataset="d", kind=TaskKind.BINARY, n_resamples=200) for _ in range(2))
    assert a == b
    assert all(v.low <= v.value <= v.high for v in a.values() if v.value is not None)
    assert a != evaluate(scores, dataset="e", kind=TaskKind.BINARY, n_resamples=200)
