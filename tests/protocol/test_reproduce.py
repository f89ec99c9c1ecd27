from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes, sha256_file
from aqa_bench.core.predictions import predictions_csv, read_predictions
from aqa_bench.core.receipt import Verdict
from aqa_bench.core.record import read_record
from aqa_bench.protocol import reproduce as module
from aqa_bench.protocol.reproduce import LARGEST_DIFFERENCE, compare_runs, reproduce
from aqa_bench.protocol.rerun import Given

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def claimed(resolved, finished, tmp_path: Path) -> Path:
    return finished(resolved(), tmp_path / "runs").path


@pytest.fixture
def other(resealed: Callable[..., Path]) -> Callable[..., Path]:
    """Makes a run like another one, with other scores and other values in its record."""

    def make(folder: Path, place: Path, change: Callable[[np.ndarray], np.ndarray], **record: Any) -> Path:
        target = shutil.copytree(folder, place / folder.name)
        table = read_predictions(target / "predictions.csv")
        content = predictions_csv(table.assign(score=change(table["score"].to_numpy())))
        (target / "predictions.csv").write_bytes(content)
        return resealed(target, **({"predictions_sha256": sha256_bytes(content)} | record))

    return make


def same(scores: np.ndarray) -> np.ndarray:
    return scores


def test_the_same_digits_are_identical_and_the_receipt_names_both_runs(
    claimed: Path, tmp_path: Path, other
) -> None:
    environment = json.loads((claimed / "run.json").read_text())["environment"] | {"sandbox": "landlock"}
    receipt = compare_runs(
        claimed, other(claimed, tmp_path, same, environment=environment), Given(sandbox=True)
    )
    assert receipt.verdict is Verdict.IDENTICAL
    assert (receipt.largest_difference, receipt.rank_correlation, receipt.metric_difference) == (0, 1, 0)
    assert (receipt.machine, receipt.sandbox, receipt.fresh_cache) == ([], "landlock", True)
    assert receipt.record_sha256 == sha256_file(claimed / "run.json")
    assert receipt.predictions_sha256 == receipt.rerun_sha256 == sha256_file(claimed / "predictions.csv")
    assert receipt.apart(claimed) is None


def test_another_last_digit_on_the_same_machine_differs(claimed: Path, tmp_path: Path, other) -> None:
    again = other(claimed, tmp_path, lambda scores: scores + 1e-12)
    receipt = compare_runs(claimed, again, Given())
    assert (receipt.verdict, receipt.machine) == (Verdict.DIFFERS, [])
    assert 0 < (receipt.largest_difference or 0) < 1e-11


@pytest.mark.parametrize(("share", "verdict"), [(0.9, Verdict.WITHIN), (1.1, Verdict.DIFFERS)])
def test_on_another_machine_a_stated_difference_is_allowed(
    claimed: Path, tmp_path: Path, share: float, verdict: Verdict, other
) -> None:
    step = share * LARGEST_DIFFERENCE
    document = json.loads((claimed / "run.json").read_text())
    document["environment"]["packages"]["torch"] = "9"
    machine = {"device": "NVIDIA H100", "environment": document["environment"]}
    again = other(
        claimed, tmp_path, lambda scores: np.where(scores > 0.5, scores - step, scores + step), **machine
    )
    receipt = compare_runs(claimed, again, Given())
    assert receipt.largest_difference == pytest.approx(step)
    assert (receipt.verdict, receipt.machine) == (verdict, ["device", "torch"])


def test_another_order_differs_however_near_the_scores_are(claimed: Path, tmp_path: Path, other) -> None:
    near = 0.5 + 1e-3 * np.linspace(0, 1, len(read_predictions(claimed / "predictions.csv")))
    first = other(claimed, tmp_path / "a", lambda _: near)
    turned = other(claimed, tmp_path / "b", lambda _: near[::-1], device="cuda")
    receipt = compare_runs(first, turned, Given())
    assert (receipt.largest_difference or 1) <= LARGEST_DIFFERENCE
    assert receipt.rank_correlation == pytest.approx(-1)
    assert receipt.verdict is Verdict.DIFFERS


@pytest.mark.parametrize("field", ["metrics", "skill", "floors", "thresholds", "coverage"])
def test_a_record_whose_numbers_are_others_differs_though_the_predictions_are_the_same(
    claimed: Path, tmp_path: Path, field: str, other
) -> None:
    document = json.loads((claimed / "run.json").read_text())
    better = {
        "metrics": lambda form: form["accuracy"].update(value=0.99),
        "coverage": lambda form: form.update(scored=form["scored"] - 1),
        "thresholds": lambda form: form.update(dict.fromkeys(form, 0.25)),
    }
    if field in better:
        better[field](document[field]["form"])
    else:
        document[field]["form"] = 0.99
    again = other(claimed, tmp_path, same, **{field: document[field]})
    receipt = compare_runs(again, claimed, Given())
    assert receipt.predictions_sha256 == receipt.rerun_sha256
    assert receipt.verdict is Verdict.DIFFERS


def test_samples_that_only_one_of_them_scored_differ(claimed: Path, tmp_path: Path, other) -> None:
    again = other(claimed, tmp_path, same, device="cuda")
    table = read_predictions(again / "predictions.csv").iloc[1:]
    (again / "predictions.csv").write_bytes(predictions_csv(table))
    receipt = compare_runs(claimed, again, Given())
    assert (receipt.largest_difference, receipt.verdict) == (None, Verdict.DIFFERS)


def test_a_damaged_claim_is_named_before_anything_runs(
    claimed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other
) -> None:
    monkeypatch.setattr(module, "rerun", lambda *_: pytest.fail("it ran"))
    torn = shutil.copytree(claimed, tmp_path / "torn")
    (torn / "predictions.csv").write_text("sample_id,task,fold,split,score\n")
    with pytest.raises(DataError, match="predictions do not match its record"):
        reproduce(torn)
    (torn / "predictions.csv").unlink()
    with pytest.raises(DataError, match="no such file"):
        reproduce(torn)
    renamed = other(claimed, tmp_path, same, seed=7)
    with pytest.raises(DataError, match=r"run-id does not match its record"):
        reproduce(renamed)


def test_another_run_is_no_rerun(claimed: Path, resolved, finished, tmp_path: Path) -> None:
    stranger = finished(resolved(seed=1), tmp_path / "runs").path
    assert read_record(stranger).run_id != read_record(claimed).run_id
    with pytest.raises(DataError, match="The rerun has a different run-id"):
        compare_runs(claimed, stranger, Given())
