from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from aqa_bench.core.errors import DataError
from aqa_bench.core.record import RunRecord, read_record, record_schema

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "run.schema.json"
VALUES = {
    "run_id": "0123456789abcdef",
    "benchmark_version": "v2",
    "dataset": "d/x",
    "dataset_fingerprint": "ff",
    "scheme": "folds",
    "honest": True,
    "splits_fingerprint": {"t": "ee"},
    "tasks": ["t"],
    "method": "m",
    "method_version": 1,
    "recipe": "quick",
    "hyperparameters": {"rate": 0.1},
    "seed": 0,
    "source_revision": None,
    "created": datetime(2026, 1, 2, tzinfo=UTC),
    "environment": {"python": "3", "platform": "p", "processor": "c", "threads": 1, "packages": {}},
    "device": "cpu",
    "dtype": "float32",
    "batch_size": 8,
    "timings": {"fit": 0.1},
    "regime": "frozen",
    "modality": "2D pose",
    "pretrained_on": "nothing",
    "control": False,
    "parameters": 5,
    "gflops": 0.5,
    "facts": {},
    "pool_size": {"t": 0},
    "decision": "tuned",
    "thresholds": {"t": {"r0f0": 0.1 + 0.2}},
    "coverage": {"t": {"expected": 3, "scored": 3}},
    "train_ranges": {"t": (0.0, 1.0)},
    "metrics": {"t": {"f1": {"value": 1 / 3, "low": None, "high": 0.5}}},
    "floors": {"t": None},
    "skill": {"t": None},
    "predictions_sha256": "aa",
}


def written(folder: Path, **changes: object) -> Path:
    text = RunRecord.model_validate(VALUES).to_json()
    (folder / "run.json").write_text(json.dumps(json.loads(text) | changes) if changes else text)
    return folder


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == record_schema(), (
        "The record's schema has changed: python -m aqa_bench.core.record > docs/schemas/run.schema.json"
    )


def test_what_is_written_is_read_to_the_last_digit(tmp_path: Path) -> None:
    record = RunRecord.model_validate(VALUES)
    found = read_record(written(tmp_path))
    assert found.seal is not None
    assert found.model_copy(update={"seal": None}) == record
    assert record.to_json().endswith("}\n")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"extra": 1}, "extra"),
        ({"schema_version": 2}, "schema_version"),
        ({"seed": "many"}, "seed"),
        ({"coverage": {"t": {"expected": 3, "scored": 3, "label": 1}}}, "coverage.t.label"),
        ({"metrics": {"t": {"f1": {"value": float("nan")}}}}, "metrics.t.f1.value"),
        ({"decision": "theirs"}, "decision"),
        ({"kind": "reported"}, "kind"),
    ],
)
def test_what_the_schema_does_not_have_is_an_error_that_names_the_key(
    tmp_path: Path, changes: dict[str, object], found: str
) -> None:
    with pytest.raises(DataError, match="schema") as caught:
        read_record(written(tmp_path, **changes))
    assert str(caught.value.found).startswith(found)
    assert caught.value.where == str(tmp_path / "run.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]"])
def test_a_damaged_record_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(DataError, match="schema"):
        read_record(tmp_path)


def test_a_folder_without_a_record_and_a_file_are_not_runs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a run folder"):
        read_record(tmp_path)
    with pytest.raises(DataError, match="not a run folder"):
        read_record(written(tmp_path) / "run.json")


def test_every_key_is_needed_but_those_with_a_default() -> None:
    for key in VALUES:
        with pytest.raises(ValidationError):
            RunRecord.model_validate({name: value for name, value in VALUES.items() if name != key})
