"""The runner: fits a method on every task and split, keeps the test labels, writes the record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.files import atomic_directory, check_writable, sha256_bytes
from aqa_bench.core.lines import clipped
from aqa_bench.core.predictions import predictions_csv, read_predictions
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, Sandbox, read_record
from aqa_bench.core.split import splits_fingerprint
from aqa_bench.protocol.environment import describe_environment, source_revision
from aqa_bench.protocol.finished import answer_from_disk
from aqa_bench.protocol.fitting import materialise
from aqa_bench.protocol.partials import Partials, SplitResult
from aqa_bench.protocol.plan import ResolvedRun
from aqa_bench.protocol.regions import RegionDataset
from aqa_bench.protocol.run_code import code_of, with_dirt
from aqa_bench.protocol.run_splits import SplitFits
from aqa_bench.protocol.saved.folder import is_model_of
from aqa_bench.protocol.saved.saving import ModelSaving
from aqa_bench.protocol.worker.session import Launcher, forked
from aqa_bench.stats.run_scores import score_predictions

__all__ = ["Outcome", "run"]


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Attributes:
        record: Its record.
        path: Its folder.
        cached: Whether it was on disk already.
        model: Folder of its saved model; None where none was asked for.
    """

    record: RunRecord
    path: Path
    cached: bool
    model: Path | None = None


def run(
    resolved: ResolvedRun,
    out: Path,
    *,
    device: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
    launch: Launcher = forked,
    model: Path | None = None,
) -> Outcome:
    """Fit, predict, score and write one run; one that is on disk, whole and of the same code, is returned.

    Each finished split is kept in ``out/.<run-id>.partial`` until the run is whole, so that a run that
    was killed goes on where it stopped. What is on disk but damaged, or made with other code, is kept aside.

    A run whose model shall be saved is fitted again although it is on disk, unless that model is there: a
    record has no fitted methods. If the same predictions come of it, the run on disk stays as it is.

    Args:
        resolved: The run.
        out: Folder of runs.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        force: Whether to run again although it is on disk.
        progress: Where to report.
        launch: Starts the workers that the method runs in.
        model: Folder to save the fitted methods to; None saves none.

    Raises:
        UsageError: The method cannot be saved, or the folder is taken.
        MethodError: The method broke its contract.
        AqaBenchError: Anything else that a person can act on.
    """
    target = out / resolved.folder
    code = code_of(resolved)
    found: RunRecord | None = None
    if not force:
        found = answer_from_disk(target, resolved.run_id, resolved.dataset, code)
        kept = model is None or (
            found is not None and is_model_of(model, found.run_id, found.predictions_sha256)
        )
        if found is not None and kept:
            return Outcome(found, target, cached=True, model=model)
    progress = NullProgress() if progress is None else progress
    partials = Partials(out, resolved.run_id, code, launch.sandbox)
    saving = None if model is None else ModelSaving(resolved, model, partials.folder, force=force)
    if force:
        partials.discard()
    check_writable(out)
    materialise(resolved, progress)
    started = time.perf_counter()
    fits = SplitFits(resolved, code, partials, device, progress, launch, saving)
    progress.start(f"{resolved.plugin.card.id} on {resolved.dataset.card.id}")
    try:
        fits.fit([(task, split) for task in resolved.tasks for split in resolved.splits[task.id]])
        progress.start(f"{resolved.plugin.card.id}: intervals and floors")
        seconds = time.perf_counter() - started + fits.before
        record, predictions = _finish(resolved, fits.results, seconds, code, launch.sandbox)
    finally:
        progress.close()
    if found is None or found.predictions_sha256 != record.predictions_sha256:
        with atomic_directory(target, replace=force or found is not None) as folder:
            (folder / PREDICTIONS_FILE).write_bytes(predictions)
            (folder / RECORD_FILE).write_text(record.to_json(), encoding="utf-8", newline="\n")
    record = read_record(target)
    if saving is not None:
        saving.finish(record, fits.results, read_predictions(target / PREDICTIONS_FILE))
    partials.discard()
    return Outcome(record, target, cached=False, model=model)


def _finish(
    resolved: ResolvedRun,
    results: dict[tuple[str, str], SplitResult],
    seconds: float,
    code: CodeDigest,
    sandbox: Sandbox | None,
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
    facts |= resolved.dataset.facts() if isinstance(resolved.dataset, RegionDataset) else {}
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
        environment=describe_environment(sandbox),
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
        oracle=sorted({name for result in results.values() for name in result.oracle}),
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
        code=with_dirt(code, resolved),
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
