"""Run-ids: the hash of everything that decides a run's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.record import RunRecord

__all__ = ["hash_identity", "recorded_run_id"]

_DIGITS = 16


def hash_identity(
    *,
    benchmark: str,
    dataset: str,
    fingerprint: str,
    splits: Mapping[str, str],
    method: str,
    method_version: int,
    recipe: Mapping[str, Any],
    seed: int,
    members: Sequence[str] = (),
    pool: Mapping[str, str] | None = None,
    shuffled_labels: bool = False,
    keypoints: Mapping[str, str | None] | None = None,
) -> str:
    """Hash of everything that decides a run's result: 16 hexadecimal digits.

    Args:
        benchmark: Version of the protocol.
        dataset: Dataset id.
        fingerprint: Hash of the dataset's content.
        splits: Hash of the splits' ids, a task.
        method: Method id.
        method_version: The method's version.
        recipe: The resolved hyper-parameters as plain JSON.
        seed: The run's seed.
        members: Run-ids of an ensemble's members, in any order.
        pool: ``dataset`` and ``fingerprint`` of a pool of another dataset; None for the dataset's own.
        shuffled_labels: Whether training labels were permuted first.
        keypoints: ``sha256`` and ``people`` of keypoints from files; None for the dataset's own.
    """
    identity: dict[str, Any] = {
        "benchmark": benchmark,
        "dataset": dataset,
        "fingerprint": fingerprint,
        "splits": splits,
        "method": method,
        "method_version": method_version,
        "recipe": recipe,
        "seed": seed,
    }
    # What is left at its default is left out, so that a new key changes no earlier run-id.
    if members:
        identity["members"] = sorted(members)
    if pool:
        identity["pool"] = pool
    if shuffled_labels:
        identity["shuffled_labels"] = True
    if keypoints:
        identity["keypoints"] = keypoints
    return sha256_bytes(canonical_json(identity).encode())[:_DIGITS]


def recorded_run_id(record: RunRecord) -> str:
    """The run-id that follows from what a record says.

    It differs from ``record.run_id`` where the record was changed after the run.
    """
    pool = None
    if record.pool_dataset is not None:
        pool = {"dataset": record.pool_dataset, "fingerprint": record.pool_fingerprint or ""}
    return hash_identity(
        benchmark=record.benchmark_version,
        dataset=record.dataset,
        fingerprint=record.dataset_fingerprint,
        splits=record.splits_fingerprint,
        method=record.method,
        method_version=record.method_version,
        recipe=record.hyperparameters,
        seed=record.seed,
        members=record.members,
        pool=pool,
        shuffled_labels=record.shuffled_labels,
        keypoints=None if record.keypoints is None else record.keypoints.identity(),
    )
