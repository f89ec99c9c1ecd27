from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.receipt import Receipt, Verdict, read_receipt, receipt_place, write_receipt
from aqa_bench.core.record import Environment
from aqa_bench.core.sealed import Damaged

FILES = {"run.json": b"{}\n", "predictions.csv": b"a,b\n"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def receipt(**changes: object) -> Receipt:
    values: dict[str, object] = {
        "stamp": "",
        "dataset": "stick-figures/shoulder-press",
        "method": "constant",
        "run_id": "0" * 16,
        "seed": 0,
        "record_sha256": sha256_bytes(FILES["run.json"]),
        "predictions_sha256": sha256_bytes(FILES["predictions.csv"]),
        "rerun_sha256": sha256_bytes(FILES["predictions.csv"]),
        "machine": [],
        "largest_difference": 0.0,
        "rank_correlation": None,
        "metric_difference": 0.0,
        "environment": Environment(python="3", platform="any", processor="any", threads=1, packages={}),
        "device": "cpu",
        "dtype": "float64",
        "sandbox": False,
        "fresh_cache": True,
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "harness": "0",
        "source_revision": None,
        "verdict": Verdict.IDENTICAL,
    }
    return Receipt.model_validate(values | changes)


def test_a_receipt_is_plain_json_and_comes_back(tmp_path: Path) -> None:
    file = receipt_place(tmp_path, "stick-figures/shoulder-press", "constant", "0" * 16)
    written = write_receipt(file, receipt())
    assert file == tmp_path / "stick-figures/shoulder-press/constant" / ("0" * 16) / "receipt.json"
    assert read_receipt(file) == written
    assert json.loads(file.read_text())["verdict"] == "identical"
    assert receipt().stamp == ""


def test_it_is_of_the_two_files_of_a_run_to_the_byte(run: Path) -> None:
    assert receipt().apart(run) is None
    (run / "run.json").write_bytes(b"{ }\n")
    assert receipt().apart(run) is not None
    (run / "run.json").unlink()
    assert receipt().apart(run) is not None


@pytest.mark.parametrize(
    ("old", "new"), [('"identical"', '"differs"'), ('"seed": 0', '"seed": 1'), ("\n", "\r\n"), ("}", "")]
)
def test_an_edit_by_hand_is_found(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "receipt.json"
    write_receipt(file, receipt())
    file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))
    with pytest.raises(Damaged, match=r"receipt\.json[\s\S]*reproduce again"):
        read_receipt(file)


def test_a_missing_and_a_huge_file_are_damaged(tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    with pytest.raises(Damaged, match="No such file"):
        read_receipt(file)
    file.write_bytes(b" " * (1 << 21))
    with pytest.raises(Damaged, match="at most 1048576 bytes"):
        read_receipt(file)


def test_only_a_difference_takes_the_badge() -> None:
    assert [verdict.holds for verdict in Verdict] == [True, True, False]
