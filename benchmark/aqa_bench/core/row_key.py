"""Rows of boards: runs that differ in nothing but the seed."""

from __future__ import annotations

from typing import Any

from aqa_bench.core.files import canonical_json
from aqa_bench.core.record import RunRecord

__all__ = ["row_key"]


def row_key(record: RunRecord) -> str:
    """What the runs of a row have in common, as a text that is the same for all of them."""
    parameters = {name: value for name, value in record.hyperparameters.items() if name != "members"}
    identity: list[Any] = [record.benchmark_version, record.dataset, record.scheme]
    identity += [record.method, record.method_version, record.recipe, parameters]
    identity += [record.pool_dataset, record.shuffled_labels]
    identity += [] if record.keypoints is None else [record.keypoints.identity()]
    return canonical_json(identity)
