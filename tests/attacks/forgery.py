"""Runs that were never made: records and predictions that agree with each other, the labels and the cards."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.cards import Decision
from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.predictions import predictions_csv, read_predictions
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.record import Environment, RunRecord, read_record
from aqa_bench.core.registry import methods, open_dataset
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.core.sealed import blank_stamp, stamped
from aqa_bench.core.split import splits_fingerprint
from aqa_bench.stats.run_scores import score_predictions

DATASET, TASK, SCHEME = "stick-figures/shoulder-press", "form", "folds"
CONTENDER, RIVAL = "pose-tdm", "pose-trainer-rules"
Scores = Callable[[pd.DataFrame], np.ndarray]


def rows() -> pd.DataFrame:
    """Every row that a run predicts, without scores."""
    dataset = open_dataset(DATASET)
    found = [
        (sample, TASK, split.id, part)
        for split in dataset.splits(TASK, SCHEME)
        for part, ids in (("val", split.val), ("test", split.test))
        for sample in ids
    ]
    return pd.DataFrame(found, columns=["sample_id", "task", "fold", "split"])


def guess(skill: float, stream: int) -> Scores:
    """Scores that follow the labels the more, the greater the skill."""

    def scores(table: pd.DataFrame) -> np.ndarray:
        targets = table["sample_id"].map(dict(open_dataset(DATASET).targets(TASK))).to_numpy(dtype=float)
        noise = np.random.default_rng(stream).random(len(table))
        return np.asarray(np.clip(skill * targets + (1 - skill) * noise, 0, 1))

    return scores


def forge(root: Path, method: str, scores: Scores | np.ndarray, /, *, seed: int = 0, **changes: Any) -> Path:
    """A run of a method that nobody ran, with nothing to show that.

    Args:
        root: Folder of submissions.
        method: The method.
        scores: What it says.
        seed: The run's seed.
        changes: Values of the record; the run-id follows them.
    """
    plugin, dataset = methods()[method], open_dataset(DATASET)
    card = plugin.card
    recipe = load_recipe(plugin.folder, plugin.load().recipe_type(), plugin.default_recipe)
    table = rows()
    table["score"] = scores(table) if callable(scores) else scores
    content = predictions_csv(table)
    scheme, splits = dataset.card.scheme(SCHEME), {TASK: dataset.splits(TASK, SCHEME)}
    numbers = score_predictions(
        dataset, [dataset.card.task(TASK)], scheme, splits, table, changes.get("decision", card.decision), ""
    )
    values: dict[str, Any] = {
        "run_id": "",
        "benchmark_version": BENCHMARK_VERSION,
        "dataset": DATASET,
        "dataset_fingerprint": dataset.fingerprint(),
        "scheme": SCHEME,
        "honest": True,
        "splits_fingerprint": {TASK: splits_fingerprint(splits[TASK])},
        "tasks": [TASK],
        "method": method,
        "method_version": card.version,
        "recipe": plugin.default_recipe,
        "hyperparameters": recipe.model_dump(mode="json"),
        "seed": seed,
        "source_revision": None,
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "environment": Environment(python="3.12.1", platform="Linux", processor="x", threads=1, packages={}),
        "device": "cpu",
        "dtype": "float64",
        "batch_size": None,
        "timings": {"fit": 1.0, "predict": 1.0, "total": 2.0},
        "regime": card.regime,
        "modality": card.modality,
        "pretrained_on": "nothing",
        "control": card.control,
        "parameters": 7,
        "gflops": None,
        "facts": {},
        "pool_size": {TASK: 0},
        "decision": card.decision,
        "predictions_sha256": sha256_bytes(content),
        "code": CodeDigest(method="a" * 64, harness="c" * 64),
    }
    values |= {name: getattr(numbers, name) for name in vars(numbers)} | changes
    record = RunRecord.model_validate(values)
    record = record.model_copy(update={"run_id": recorded_run_id(record)})
    folder = root / record.dataset / record.method / record.run_id
    folder.mkdir(parents=True)
    (folder / "predictions.csv").write_bytes(content)
    (folder / "run.json").write_text(record.to_json(), encoding="utf-8")
    return folder


def ensemble(root: Path, members: list[Path], *, shift: float = 0.0, **changes: Any) -> Path:
    """An ensemble as ``aqa-bench ensemble`` makes it; ``changes`` and ``shift`` doctor it."""
    records = [read_record(folder) for folder in members]
    mean = np.mean([scores_of(folder) for folder in members], axis=0)
    own = Decision.OWN
    told = {
        "recipe": "ensemble",
        "method_version": 1,
        "hyperparameters": {
            "rule": "mean",
            "of": sorted({f"{r.method} {r.recipe}" for r in records}),
            "members": sorted(r.run_id for r in records),
        },
        "members": sorted(r.run_id for r in records),
        "seed": min(r.seed for r in records),
        "modality": " + ".join(dict.fromkeys(r.modality for r in sorted(records, key=lambda r: r.run_id))),
        "parameters": sum(r.parameters or 0 for r in records),
        "regime": records[0].regime,
        "method": "+".join(sorted({r.method for r in records})),
        "decision": own if {r.decision for r in records} == {own} else Decision.TUNED,
        "control": all(r.control for r in records),
    }
    return forge(root, CONTENDER, np.clip(mean + shift, 0, 1), **(told | changes))


def scores_of(folder: Path) -> np.ndarray:
    """A run's scores in the order of :func:`rows`."""
    keys = ["sample_id", "fold", "split"]
    table = read_predictions(folder / "predictions.csv").set_index(keys)["score"]
    return np.asarray(table.loc[pd.MultiIndex.from_frame(rows()[keys])])


def edit(folder: Path, **changes: Any) -> Path:
    """Change values of a record, right or wrong, and seal it again as the runner does."""
    document = json.loads((folder / "run.json").read_text()) | changes
    text = json.dumps(document | {"seal": blank_stamp("run", 1)})
    (folder / "run.json").write_bytes(stamped(text.encode(), "run", 1))
    return folder
