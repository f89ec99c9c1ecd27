from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

import aqa_bench as aqa
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.front.running import open_run
from aqa_bench.protocol.compare import compare
from aqa_bench.stats.thresholds import tune_threshold

DATASET = "stick-figures/shoulder-press"


def targets() -> dict[str, float]:
    return dict(open_dataset(DATASET).targets("form"))


def test_a_runs_own_predictions_give_its_own_numbers(synthetic: ModuleType, tmp_path: Path) -> None:
    """Whoever scores from outside is scored like a run, to the last digit."""
    folder = synthetic.write_run(tmp_path, "mine", synthetic.noisy(open_dataset(DATASET), 0.5, 3))
    record = open_run(folder).record
    ev = aqa.evaluate(folder / "predictions.csv", DATASET)
    found = ev.results["form"]
    assert dict(found.metrics) == record.metrics["form"]
    assert (found.floor, found.skill) == (record.floors["form"], record.skill["form"])
    assert found.threshold == "threshold tuned on val"
    assert ev.name == "predictions"
    assert not ev.notes


def test_thresholds_are_tuned_on_val_alone(judged: pd.DataFrame) -> None:
    """By hand: each fold's threshold from its val scores, decisions pooled within a repeat."""
    known, given = targets(), dict(zip(judged["sample_id"], judged["score"] * 10 - 3, strict=True))
    ev = aqa.evaluate(judged.assign(score=judged["score"] * 10 - 3), DATASET)
    repeats: dict[int, list[tuple[float, bool]]] = {}
    for split in open_dataset(DATASET).splits("form", "folds"):
        cut = tune_threshold([known[i] for i in split.val], [given[i] for i in split.val], "accuracy").value
        repeats.setdefault(split.repeat, []).extend((known[i], given[i] >= cut) for i in split.test)
    by_hand = np.mean([accuracy_score(*zip(*rows, strict=True)) for rows in repeats.values()])
    assert ev.table["value"][0] == pytest.approx(by_hand)
    # Scores far from [0, 1] say nothing at 0.5.
    assert not [name for name in ev.metrics["metric"] if name.endswith("@0.5")]


def test_without_val_a_half_decides_and_that_is_said(judged: pd.DataFrame) -> None:
    known = targets()
    ev = aqa.evaluate(judged.assign(split="test"), DATASET)
    truth = [known[i] for i in judged["sample_id"]]
    assert ev.table["value"][0] == pytest.approx(accuracy_score(truth, judged["score"] >= 0.5)) == 56 / 60
    assert ev.table["threshold"][0] == "threshold 0.5: no val scores"
    auroc = ev.metrics.set_index("metric")["value"]["auroc"]
    assert auroc == pytest.approx(roc_auc_score(truth, judged["score"]))
    with pytest.raises(DataError, match=r"scores from .* to 8"):
        aqa.evaluate(judged.assign(split="test", score=judged["score"] * 10), DATASET)


def test_ranking_tasks_need_no_threshold(judged: pd.DataFrame) -> None:
    ev = aqa.evaluate(judged.assign(split="test", score=judged["score"] * 10), DATASET, scheme="one-class")
    assert ev.table["metric"][0] == "auroc"
    assert set(ev.metrics["metric"]) == {"ap", "auroc"}


def test_floor_rank_and_differences(submissions: Path, judged: pd.DataFrame) -> None:
    ev = aqa.evaluate(judged, DATASET, name="a coach", submissions=submissions)
    assert ev.floor == 0.6
    assert ev.rank == ev.table["rank"][0] == 1
    assert ev.table["ranked"][0] == 4
    floor, best = ev.differences.itertuples()
    assert floor.against == "the floor"
    assert floor.value == pytest.approx(ev.table["value"][0] - 0.6)
    assert floor.p < 0.05
    assert best.against == "good quick (the board's best, self-reported)"
    assert floor.samples == best.samples == 60


def test_differences_are_those_of_compare(
    submissions: Path, synthetic: ModuleType, tmp_path: Path, resealed: Callable[..., Path]
) -> None:
    dataset = open_dataset(DATASET)
    mine, other = (
        synthetic.write_run(tmp_path / "runs", name, synthetic.noisy(dataset, skill, 3))
        for name, skill in (("mine", 0.5), ("other", 0.3))
    )
    for folder in (mine, other):
        resealed(folder, run_id=recorded_run_id(read_record(folder)))
    _, expected = compare(mine, other, n_resamples=200)["form"]
    for against in (other, open_run(other)):
        ev = aqa.evaluate(mine / "predictions.csv", DATASET, against=against, submissions=submissions)
        found = list(ev.differences.itertuples())[1]
        assert (found.value, found.low, found.high, found.p) == pytest.approx(
            (expected.value, expected.low, expected.high, expected.p)
        )
    for name in ("fair", "fair quick", next(iter((submissions / DATASET / "fair").iterdir())).name):
        ev = aqa.evaluate(mine / "predictions.csv", DATASET, against=name, submissions=submissions)
        assert list(ev.differences["against"]) == ["the floor", "fair quick"]


def test_partial_scores_have_no_rank(submissions: Path, judged: pd.DataFrame) -> None:
    ev = aqa.evaluate(judged[1:], DATASET, submissions=submissions)
    assert ev.rank is None
    assert ev.results["form"].missing == (judged["sample_id"][0],)
    assert (ev.table["scored"][0], ev.table["expected"][0]) == (59, 60)
    assert "no rank: scored on 59 samples, the other rows on 60" in list(ev.lines())
    assert any(judged["sample_id"][0] in note for note in ev.notes)
    assert set(ev.differences["samples"]) == {59}


def test_scores_the_wrong_way_round_are_noticed(judged: pd.DataFrame) -> None:
    ev = aqa.evaluate(judged.assign(score=1 - judged["score"]), DATASET)
    assert any("Reverse them" in note for note in ev.notes)
    assert not any("Reverse them" in note for note in aqa.evaluate(judged, DATASET).notes)


def test_the_document_is_plain_json(submissions: Path, judged: pd.DataFrame) -> None:
    document = json.loads(json.dumps(aqa.evaluate(judged, DATASET, submissions=submissions).document()))
    form = document["tasks"]["form"]
    assert {
        "metrics",
        "floor",
        "skill",
        "rank",
        "differences",
        "coverage",
        "missing",
        "threshold",
    } <= form.keys()
    assert form["board"] == "v2"


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"sample_id": "s99-9"}, DataError, "not in the dataset"),
        ({"sample_id": "s00-0"}, DataError, "s00-0 in row 0"),
        ({"task": "fom"}, UsageError, "Did you mean 'form'"),
    ],
)
def test_wrong_rows_are_refused(
    judged: pd.DataFrame, change: dict[str, str], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        aqa.evaluate(judged.assign(**change), DATASET)


def test_an_unknown_row_of_the_board_is_said(submissions: Path, judged: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="Did you mean 'good"):
        aqa.evaluate(judged, DATASET, against="goood", submissions=submissions)


def test_one_of_several_tasks_has_to_be_named(gym_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQA_BENCH_DATA", str(gym_home.parent))
    name = "synthetic-gym/backsquat@tiny"
    data = aqa.load_dataset(name)
    ids = data.samples("kie", "test").ids
    scores = pd.DataFrame({"sample_id": [f"videos/{i}.mp4" for i in ids], "score": 0.9})
    with pytest.raises(UsageError, match="has several tasks"):
        aqa.evaluate(scores, name)
    both = pd.concat([scores.assign(task="kie"), scores.assign(task="kfe", score=0.1)])
    ev = aqa.evaluate(both, name)
    assert ev.tasks == ["kie", "kfe"]
    assert ev.table["value"].tolist() == pytest.approx([ev.table["floor"][0], 0.0])
    assert aqa.evaluate(both, name, "kfe").tasks == ["kfe"]
    with pytest.raises(UsageError, match="several tasks"):
        _ = ev.rank
