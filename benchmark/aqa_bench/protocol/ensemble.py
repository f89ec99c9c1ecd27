"""Ensembles from stored predictions: the mean of the members' scores, thresholds tuned again on val.

The paper does not say how its ensembles (Tables 2 and 5) combine their members; the mean of error
probabilities is this project's choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import atomic_directory, sha256_bytes
from aqa_bench.core.lines import joined
from aqa_bench.core.predictions import predictions_csv
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record
from aqa_bench.protocol.environment import describe_environment, source_revision
from aqa_bench.protocol.finished import answer_from_disk, trusted_run
from aqa_bench.protocol.plan import run_id_of
from aqa_bench.protocol.run_code import code_of_ensemble
from aqa_bench.protocol.runner import Outcome
from aqa_bench.protocol.score import open_scored
from aqa_bench.stats.run_scores import score_predictions

__all__ = ["combine"]

_KEY = ["sample_id", "task", "fold", "split"]
_SHARED = ("dataset", "dataset_fingerprint", "scheme", "benchmark_version", "shuffled_labels")


def combine(members: Sequence[Path], out: Path, *, force: bool = False) -> Outcome:
    """Make a run whose scores are the means of its members', on the tasks that all of them judged.

    Args:
        members: Folders of at least two runs of the same dataset and splits, with a task in common.
        out: Folder of runs.
        force: Whether to make it again although it is on disk.

    Raises:
        UsageError: There are fewer than two different members, or they were not run on the same thing
            or scored different samples.
        DataError: A member is damaged, or was made on other data than those available.
    """
    # One order, so that the sums behind the means are rounded alike.
    pairs = sorted(((read_record(folder), folder) for folder in members), key=lambda pair: pair[0].run_id)
    records, members = [record for record, _ in pairs], [folder for _, folder in pairs]
    names = _check(records, members)
    first = records[0]
    splits_fingerprint = {name: first.splits_fingerprint[name] for name in names}
    method = "+".join(sorted({record.method for record in records}))
    seeds = sorted({record.seed for record in records})
    recipe: dict[str, object] = {
        "rule": "mean",
        "of": sorted({_told(record) for record in records}),
        "members": sorted(record.run_id for record in records),
    }
    card = MethodCard(
        id=method,
        name=method,
        version=1,
        paper="",
        summary="",
        modality="",
        needs=frozenset(),
        regime=Regime.FROZEN,
    )
    run_id = run_id_of(
        dataset=first.dataset,
        fingerprint=first.dataset_fingerprint,
        splits=splits_fingerprint,
        method=card,
        recipe=recipe,
        seed=seeds[0],
        members=[record.run_id for record in records],
        shuffled_labels=first.shuffled_labels,
    )
    target = out / first.dataset / method / run_id
    dataset = open_scored(first, members[0])
    runs = [trusted_run(folder, dataset) for folder in members]
    code = code_of_ensemble(records)
    if not force and (found := answer_from_disk(target, run_id, dataset, code)) is not None:
        return Outcome(found, target, cached=True)
    table = _mean([run.predictions[run.predictions["task"].isin(names)] for run in runs], members)
    predictions = predictions_csv(table)
    tasks = [dataset.card.task(name) for name in names]
    scheme = dataset.card.scheme(first.scheme)
    splits = {task.id: dataset.splits(task.id, scheme.id) for task in tasks}
    # Members with a threshold of their own put it at 0.5; a mean of scores on different scales does not.
    decision = Decision.OWN if all(r.decision is Decision.OWN for r in records) else Decision.TUNED
    scored = score_predictions(dataset, tasks, scheme, splits, table, decision, str(target))
    counts = [record.parameters for record in records]
    record = first.model_copy(
        update={
            "run_id": run_id,
            "tasks": names,
            "splits_fingerprint": splits_fingerprint,
            # Members may differ in their pools and keypoints: each member's record holds its own.
            "pool_dataset": None,
            "pool_fingerprint": None,
            "keypoints": None,
            "pool_size": {name: first.pool_size[name] for name in names},
            "benchmark_version": BENCHMARK_VERSION,
            "method": method,
            "method_version": 1,
            "recipe": "ensemble",
            "hyperparameters": recipe,
            "seed": seeds[0],
            "members": recipe["members"],
            "source_revision": source_revision(),
            "created": datetime.now(UTC).replace(microsecond=0),
            "environment": describe_environment(),
            "timings": {"fit": 0.0, "predict": 0.0, "total": 0.0},
            "regime": first.regime,
            "modality": joined(record.modality for record in records),
            "pretrained_on": joined(record.pretrained_on for record in records),
            "control": all(record.control for record in records),
            "oracle": sorted({name for record in records for name in record.oracle}),
            "parameters": sum(c for c in counts if c) or None,
            "gflops": None,
            "facts": {},
            "decision": decision,
            "thresholds": scored.thresholds,
            "coverage": scored.coverage,
            "train_ranges": scored.train_ranges,
            "metrics": scored.metrics,
            "floors": scored.floors,
            "skill": scored.skill,
            "predictions_sha256": sha256_bytes(predictions),
            "code": code,
        }
    )
    with atomic_directory(target, replace=force) as folder:
        (folder / PREDICTIONS_FILE).write_bytes(predictions)
        (folder / RECORD_FILE).write_text(
            RunRecord.model_validate(record.model_dump()).to_json(), encoding="utf-8", newline="\n"
        )
    return Outcome(read_record(target), target, cached=False)


def _check(records: Sequence[RunRecord], members: Sequence[Path]) -> list[str]:
    """The tasks that all members judged on the same splits."""
    if len({record.run_id for record in records}) < max(2, len(records)):
        raise UsageError(
            "An ensemble needs at least two different runs.",
            expected="two or more different runs",
            found=", ".join(record.run_id for record in records),
        )
    for field in _SHARED:
        _alike(field, [getattr(record, field) for record in records], members)
    names = [name for name in records[0].tasks if all(name in record.tasks for record in records)]
    if not names:
        raise UsageError(
            "The members of an ensemble have no task in common.",
            expected="runs with the same task",
            found="; ".join(", ".join(record.tasks) for record in records),
        )
    for name in names:
        _alike(f"splits of {name}", [r.splits_fingerprint[name] for r in records], members)
    return names


def _alike(field: str, values: Sequence[object], members: Sequence[Path]) -> None:
    for folder, value in zip(members, values, strict=True):
        if value != values[0]:
            raise UsageError(
                f"The members of an ensemble differ in {field.replace('_', ' ')}.",
                where=folder,
                expected=f"{values[0]}, as in {members[0]}",
                found=str(value),
                remedy="Combine runs of the same dataset and scheme.",
            )


def _told(record: RunRecord) -> str:
    pool = f", pre-trained on {record.pool_dataset}" if record.pool_dataset else ""
    return f"{record.method} {record.recipe}{pool}"


def _mean(tables: Sequence[pd.DataFrame], members: Sequence[Path]) -> pd.DataFrame:
    indexed = [table.set_index(_KEY)["score"].sort_index() for table in tables]
    for folder, scores in zip(members, indexed, strict=True):
        if not scores.index.equals(indexed[0].index):
            raise UsageError(
                "The members of an ensemble scored different samples.",
                where=folder,
                expected=f"the {len(indexed[0])} rows of {members[0]}",
                found=f"{len(scores)} rows",
                remedy="Combine runs with the same coverage.",
            )
    return pd.concat(indexed, axis=1).mean(axis=1).rename("score").reset_index()
