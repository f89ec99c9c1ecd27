"""Submissions made by hand: records and predictions without a method that was fitted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.cards import Decision, Regime
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.predictions import predictions_csv
from aqa_bench.core.record import Environment, RunRecord
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.split import splits_fingerprint
from aqa_bench.stats.run_scores import score_predictions

DATASET = "stick-figures/shoulder-press"
TASK = "form"
ENVIRONMENT = Environment(python="3", platform="any", processor="any", threads=1, packages={})


def table(dataset: Dataset, scheme: str = "folds") -> pd.DataFrame:
    """Every row that a run of the scheme predicts, without scores."""
    rows = [
        (sample, TASK, split.id, part, 0.5)
        for split in dataset.splits(TASK, scheme)
        for part, ids in (("val", split.val), ("test", split.test))
        for sample in ids
    ]
    return pd.DataFrame(rows, columns=["sample_id", "task", "fold", "split", "score"])


def noisy(dataset: Dataset, skill: float, seed: int) -> Callable[[pd.DataFrame], np.ndarray]:
    """Scores that follow the targets the more, the greater the skill."""

    def scores(rows: pd.DataFrame) -> np.ndarray:
        targets = rows["sample_id"].map(dict(dataset.targets(TASK))).to_numpy(dtype=float)
        noise = np.random.default_rng(seed).random(len(rows))
        return np.clip(skill * targets + (1 - skill) * noise, 0, 1)

    return scores


def write_run(
    root: Path,
    method: str,
    scores: Callable[[pd.DataFrame], np.ndarray] | float,
    *,
    seed: int = 0,
    recipe: str = "quick",
    scheme: str = "folds",
    rows: pd.DataFrame | None = None,
    scored: bool = True,
    **changes: Any,
) -> Path:
    """Write a submission; ``scored`` says whether its record holds the metrics of its predictions."""
    dataset = open_dataset(DATASET)
    predictions = (table(dataset, scheme) if rows is None else rows).copy()
    predictions["score"] = scores(predictions) if callable(scores) else float(scores)
    content = predictions_csv(predictions)
    splits = {TASK: dataset.splits(TASK, scheme)}
    fields = ("thresholds", "coverage", "train_ranges", "metrics", "floors", "skill")
    numbers: dict[str, Any] = {name: {} for name in fields}
    if scored:
        rules, tasks = dataset.card.scheme(scheme), [dataset.card.task(TASK)]
        decision = changes.get("decision", Decision.TUNED)
        numbers = vars(score_predictions(dataset, tasks, rules, splits, predictions, decision, method))
    settings = {"rate": 0.1} | changes.pop("hyperparameters", {})
    name = canonical_json([method, recipe, seed, scheme, settings, sha256_bytes(content)])
    values: dict[str, Any] = {
        "run_id": sha256_bytes(name.encode())[:16],
        "benchmark_version": BENCHMARK_VERSION,
        "dataset": DATASET,
        "dataset_fingerprint": dataset.fingerprint(),
        "scheme": scheme,
        "honest": dataset.card.scheme(scheme).honest,
        "splits_fingerprint": {TASK: splits_fingerprint(splits[TASK])},
        "tasks": [TASK],
        "method": method,
        "method_version": 1,
        "recipe": recipe,
        "hyperparameters": settings,
        "seed": seed,
        "source_revision": None,
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "environment": ENVIRONMENT,
        "device": "cpu",
        "dtype": "float64",
        "batch_size": None,
        "timings": {"fit": 0.0, "predict": 0.0, "total": 0.0},
        "regime": Regime.FROZEN,
        "modality": "2D pose",
        "pretrained_on": "nothing",
        "control": False,
        "parameters": 7,
        "gflops": None,
        "facts": {},
        "pool_size": {TASK: 0},
        "decision": Decision.TUNED,
        "predictions_sha256": sha256_bytes(content),
    }
    record = RunRecord.model_validate(values | numbers | changes)
    folder = root / record.dataset / record.method / record.run_id
    folder.mkdir(parents=True)
    (folder / "predictions.csv").write_bytes(content)
    (folder / "run.json").write_text(record.to_json(), encoding="utf-8")
    return folder
