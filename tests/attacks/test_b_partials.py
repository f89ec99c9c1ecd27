"""Results on disk: doctored splits of a run that is not whole yet."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aqa_bench.core.sealed import sealed_read_json, sealed_write_json
from aqa_bench.protocol.partials import Partials
from aqa_bench.protocol.runner import run

KIND = "partial-run", 1


@pytest.fixture
def unfinished(resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[Path]]:
    """The digest of an honest run's predictions, and its splits as a killed run leaves them."""
    with monkeypatch.context() as patch:
        patch.setattr(Partials, "discard", lambda _: None)
        honest = run(resolved(), tmp_path)
    shutil.rmtree(honest.path)
    return honest.record.predictions_sha256, sorted(tmp_path.glob(".*.partial/*.json"))


def of_labels(rows: list[list]) -> list[list]:
    from aqa_bench.core.registry import open_dataset

    targets = open_dataset("stick-figures/shoulder-press").targets("form")
    return [[part, name, targets[name]] for part, name, _ in rows]


def test_labels_pasted_into_a_split_are_found_and_the_split_is_fitted_again(
    unfinished, resolved, tmp_path: Path, fits, caplog: pytest.LogCaptureFixture
) -> None:
    digest, files = unfinished
    before = len(fits())
    for file in files[:3]:
        header, _, payload = file.read_bytes().partition(b"\n")
        document = json.loads(payload)
        document["rows"] = of_labels(document["rows"])
        file.write_bytes(header + b"\n" + json.dumps(document).encode())
    assert run(resolved(), tmp_path).record.predictions_sha256 == digest
    assert len(fits()) - before == 3
    for file in files[:3]:
        assert str(file) in caplog.text
    assert caplog.text.count("A file is damaged or was changed (partial-run)") == 3


@pytest.mark.parametrize(
    "content", [b"", b"[[", b'{"rows": []}', b"\x80\x04K\x01.", b"\0" * 4096], ids=range(5)
)
def test_garbage_in_the_place_of_a_split_is_named_and_not_used(
    unfinished, resolved, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    digest, files = unfinished
    files[4].write_bytes(content)
    assert run(resolved(), tmp_path).record.predictions_sha256 == digest
    assert "not usable, fitted again" in caplog.text


def test_a_split_in_the_place_of_another_is_not_taken(
    unfinished, resolved, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    digest, files = unfinished
    shutil.copy(files[0], files[1])
    assert run(resolved(), tmp_path).record.predictions_sha256 == digest
    assert "finished with another split, fitted again" in caplog.text


def test_splits_of_another_seed_are_not_taken(
    unfinished, resolved, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, files = unfinished
    other = resolved(seed=1)
    files[0].parent.rename(tmp_path / f".{other.run_id}.partial")
    found = run(other, tmp_path).record.predictions_sha256
    assert found == run(other, tmp_path / "fresh").record.predictions_sha256
    assert "finished with another run, fitted again" in caplog.text


@pytest.mark.parametrize(
    "rows",
    [
        [["test", "s0", float("inf")]],
        [["test", "s0", "1.0"]],
        [["test", "s0", True]],
        [["train", "s0", 1.0]],
        [["test", 3, 1.0]],
        [["test", "s0"]],
        "none",
    ],
    ids=range(7),
)
def test_rows_that_are_no_scores_are_not_taken_even_where_they_are_sealed(
    unfinished, resolved, tmp_path: Path, caplog: pytest.LogCaptureFixture, rows
) -> None:
    digest, files = unfinished
    document = sealed_read_json(files[0], *KIND) | {"rows": rows}
    if rows[0][2:] == [float("inf")]:
        document["rows"] = [["test", "s0", 1e308 * 10]]
        with pytest.raises(ValueError, match="JSON"):
            sealed_write_json(files[0], *KIND, document)
        return
    sealed_write_json(files[0], *KIND, document)
    assert run(resolved(), tmp_path).record.predictions_sha256 == digest
    assert "not usable, fitted again" in caplog.text


def test_rows_of_strangers_do_not_become_a_result(unfinished, resolved, tmp_path: Path) -> None:
    from aqa_bench.core.errors import DataError

    _, files = unfinished
    document = sealed_read_json(files[0], *KIND)
    document["rows"].append(["test", "stranger", 0.5])
    sealed_write_json(files[0], *KIND, document)
    with pytest.raises(DataError, match="stranger"):
        run(resolved(), tmp_path)
    assert not list(tmp_path.rglob("run.json"))
