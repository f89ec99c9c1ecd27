"""Repeats that share one test part, from the split to the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.metrics import f1_score, roc_auc_score

from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.registry import open_dataset
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run
from aqa_bench.protocol.score import rescore

DATASET = "synthetic-gym/barbell-row@tiny"


@pytest.mark.usefixtures("plugins")
def test_a_metric_is_the_mean_over_the_draws_each_with_its_own_threshold(tmp_path: Path) -> None:
    outcome = run(resolve(Request(DATASET, "noise", scheme="low-10")), tmp_path / "runs")
    record, predictions = outcome.record, read_predictions(outcome.path / "predictions.csv")
    dataset = open_dataset(DATASET)
    for task in ("lumbar", "torso"):
        rows = predictions[(predictions["task"] == task) & (predictions["split"] == "test")]
        targets = dataset.targets(task)
        repeats = dict(list(rows.groupby("fold")))
        assert list(repeats) == list(record.thresholds[task]) == [f"r{r}f0" for r in range(5)]
        assert len(set(map(frozenset, (part["sample_id"] for part in repeats.values())))) == 1
        f1, auroc = [], []
        for fold, part in repeats.items():
            y = [targets[i] for i in part["sample_id"]]
            f1.append(f1_score(y, part["score"] >= record.thresholds[task][fold]))
            auroc.append(roc_auc_score(y, part["score"]))
        assert record.metrics[task]["f1"].value == pytest.approx(sum(f1) / 5)
        assert record.metrics[task]["auroc"].value == pytest.approx(sum(auroc) / 5)
        assert record.coverage[task].scored == record.coverage[task].expected == len(y)
    assert rescore(outcome.path)[1].metrics == record.metrics


@pytest.mark.usefixtures("plugins")
def test_tracks_have_run_ids_of_their_own_and_the_official_split_stays_the_default() -> None:
    ids = {s: resolve(Request(DATASET, "noise", scheme=s)).run_id for s in (None, "low-1", "low-5", "low-10")}
    assert len(set(ids.values())) == 4
    assert resolve(Request(DATASET, "noise")).scheme.id == "official"
