"""The runner: fits a method on every task and split, keeps the test labels, writes the record."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.files import atomic_directory, canonical_json, check_writable, sha256_bytes, write_atomic
from aqa_bench.core.lines import clipped
from aqa_bench.core.predictions import predictions_csv
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record
from aqa_bench.core.split import Split, splits_fingerprint
from aqa_bench.core.task import Task
from aqa_bench.protocol.custody import Custodian, checked_scores
from aqa_bench.protocol.environment import describe_environment, source_revision
from aqa_bench.protocol.fitting import materialise, prepare_fit
from aqa_bench.protocol.plan import ResolvedRun
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.session import Launcher, forked
from aqa_bench.stats.run_scores import score_predictions

__all__ = ["Outcome", "run"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Attributes:
        record: Its record.
        path: Its folder.
        cached: Whether it was on disk already.
    """

    record: RunRecord
    path: Path
    cached: bool


@dataclass(frozen=True)
class _SplitResult:
    rows: list[tuple[str, str, float]]
    fit_seconds: float
    predict_seconds: float
    pool_size: int
    facts: dict[str, Any]


def run(
    resolved: ResolvedRun,
    out: Path,
    *,
    device: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
    launch: Launcher = forked,
) -> Outcome:
    """Fit, predict, score and write one run; a run that is on disk is returned as it is.

    Each finished split is kept in ``out/.<run-id>.partial`` until the run is whole, so that a run that
    was killed goes on where it stopped.

    Args:
        resolved: The run.
        out: Folder of runs.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        force: Whether to run again although it is on disk.
        progress: Where to report.
        launch: Starts the workers that the method runs in.

    Raises:
        MethodError: The method broke its contract.
        AqaBenchError: Anything else that a person can act on.
    """
    target = out / resolved.folder
    if target.exists() and not force:
        return Outcome(read_record(target), target, cached=True)
    progress = NullProgress() if progress is None else progress
    partial = out / f".{resolved.run_id}.partial"
    if force:
        _discard(partial)
    check_writable(out)
    materialise(resolved, progress)
    started = time.perf_counter()
    hand, salt = Hand(resolved.plugin, resolved.told, launch), secrets.token_bytes(16)
    results: dict[tuple[str, str], _SplitResult] = {}
    progress.start(
        f"{resolved.plugin.card.id} on {resolved.dataset.card.id}", sum(map(len, resolved.splits.values()))
    )
    try:
        for task in resolved.tasks:
            custodian = Custodian(resolved.dataset, task.id, salt)
            for split in resolved.splits[task.id]:
                file = partial / f"{task.id}.{split.id}.json"
                results[task.id, split.id] = _read_partial(file) or _keep_partial(
                    file, _run_split(resolved, hand, task, split, custodian, device)
                )
                progress.advance()
    finally:
        progress.close()
    record, predictions = _finish(resolved, results, time.perf_counter() - started)
    with atomic_directory(target, replace=force) as folder:
        (folder / PREDICTIONS_FILE).write_bytes(predictions)
        (folder / RECORD_FILE).write_text(record.to_json(), encoding="utf-8")
    _discard(partial)
    return Outcome(read_record(target), target, cached=False)


def _run_split(
    resolved: ResolvedRun, hand: Hand, task: Task, split: Split, custodian: Custodian, device: str
) -> _SplitResult:
    card = resolved.plugin.card
    given = prepare_fit(resolved, task, split, custodian, device)
    parts = [("val", i) for i in custodian.available(split.val)]
    parts += [("test", i) for i in custodian.available(split.test)]
    bare = custodian.bare([i for _, i in parts])
    found = hand.fit(given, bare)
    scores = checked_scores(found.scores, len(bare), task.kind, card.id, given.where)
    rows = [(part, name, float(score)) for (part, name), score in zip(parts, scores, strict=True)]
    return _SplitResult(rows, found.fit_seconds, found.predict_seconds, len(given.pool), found.facts)


def _finish(
    resolved: ResolvedRun, results: dict[tuple[str, str], _SplitResult], seconds: float
) -> tuple[RunRecord, bytes]:
    card, dataset = resolved.plugin.card, resolved.dataset
    table = pd.DataFrame(
        [
            (name, task, fold, part, score)
            for (task, fold), result in results.items()
            for part, name, score in result.rows
        ],
        columns=["sample_id", "task", "fold", "split", "score"],
    )
    predictions = predictions_csv(table)
    where = f"{card.id} on {dataset.card.id}"
    scored = score_predictions(
        dataset, resolved.tasks, resolved.scheme, resolved.splits, table, card.decision, where
    )
    facts = _merge_facts([result.facts for result in results.values()])
    facts |= {} if resolved.features is None else resolved.features.facts()
    record = RunRecord(
        run_id=resolved.run_id,
        benchmark_version=BENCHMARK_VERSION,
        dataset=dataset.card.id,
        dataset_fingerprint=resolved.fingerprint,
        scheme=resolved.scheme.id,
        honest=resolved.scheme.honest,
        splits_fingerprint={name: splits_fingerprint(splits) for name, splits in resolved.splits.items()},
        pool_dataset=None if resolved.foreign is None else resolved.foreign.card.id,
        pool_fingerprint=None if resolved.foreign is None else resolved.foreign.fingerprint(),
        shuffled_labels=resolved.shuffled_labels,
        keypoints=None if resolved.keypoints is None else resolved.keypoints.record(),
        tasks=[task.id for task in resolved.tasks],
        method=card.id,
        method_version=card.version,
        recipe=resolved.recipe_name,
        hyperparameters=resolved.recipe.model_dump(mode="json"),
        seed=resolved.seed,
        source_revision=source_revision(),
        created=datetime.now(UTC).replace(microsecond=0),
        environment=describe_environment(),
        device=clipped(str(facts.pop("device", "cpu"))),
        dtype=clipped(str(facts.pop("dtype", "float64"))),
        batch_size=facts.pop("batch_size", None),
        timings={
            "fit": round(sum(r.fit_seconds for r in results.values()), 3),
            "predict": round(sum(r.predict_seconds for r in results.values()), 3),
            "total": round(seconds, 3),
        },
        regime=card.regime,
        modality=card.modality,
        pretrained_on=clipped(str(facts.pop("pretrained_on", card.pretrained_on))),
        control=card.control or resolved.shuffled_labels,
        parameters=facts.pop("parameters", None),
        gflops=facts.pop("gflops", None),
        facts=facts,
        pool_size={
            task.id: max(r.pool_size for (t, _), r in results.items() if t == task.id)
            for task in resolved.tasks
        },
        decision=card.decision,
        thresholds=scored.thresholds,
        coverage=scored.coverage,
        train_ranges=scored.train_ranges,
        metrics=scored.metrics,
        floors=scored.floors,
        skill=scored.skill,
        predictions_sha256=sha256_bytes(predictions),
    )
    return record, predictions


def _merge_facts(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One value where all splits agree, the mean of numbers that differ, a list of anything else.

    The mean of whole numbers is rounded to one.
    """
    merged: dict[str, Any] = {}
    for key in dict.fromkeys(key for fact in facts for key in fact):
        values = [fact[key] for fact in facts if key in fact]
        if all(value == values[0] for value in values):
            merged[key] = values[0]
        elif all(type(value) is int for value in values):
            merged[key] = round(float(np.mean(values)))
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            merged[key] = round(float(np.mean(values)), 6)
        else:
            merged[key] = values
    return merged


def _keep_partial(file: Path, result: _SplitResult) -> _SplitResult:
    content = [result.rows, result.fit_seconds, result.predict_seconds, result.pool_size, result.facts]
    write_atomic(file, canonical_json(content))
    return result


def _read_partial(file: Path) -> _SplitResult | None:
    if not file.is_file():
        return None
    try:
        rows, fit, predict, pool, facts = json.loads(file.read_text(encoding="utf-8"))
        result = _SplitResult([(part, name, score) for part, name, score in rows], fit, predict, pool, facts)
    except (OSError, ValueError, TypeError):
        _log.warning("not usable, fitted again: %s", file)
        return None
    _log.info("taken over from an earlier start: %s", file.stem)
    return result


def _discard(partial: Path) -> None:
    # Another process that makes the same run may still write there.
    shutil.rmtree(partial, ignore_errors=True)
