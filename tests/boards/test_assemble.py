from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.boards.pages.latex import as_latex
from aqa_bench.boards.pages.overall import best_row
from aqa_bench.boards.pages.render import RANKS, as_csv, as_json, as_markdown, badge, ranks
from aqa_bench.boards.reported import ReportedResult, reported_results
from aqa_bench.boards.runs import find_runs
from aqa_bench.boards.site.board_view import row_kind
from aqa_bench.core.cards import Decision
from aqa_bench.core.errors import DataError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import KeypointFiles, RowKind
from aqa_bench.core.registry import open_dataset


def boards(synthetic: ModuleType, root: Path) -> tuple[Board, ...]:
    return assemble("v2", open_dataset(synthetic.DATASET), find_runs(root)).boards


def rows(synthetic: ModuleType, root: Path) -> dict[str, Row]:
    (board,) = boards(synthetic, root)
    return {row.method: row for row in board.rows}


def test_methods_are_ranked_and_those_that_cannot_be_told_apart_share_a_rank(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    dataset = open_dataset(synthetic.DATASET)
    for method, skill in (("good", 0.9), ("fair", 0.35), ("poor", 0.0)):
        for seed in range(3):
            scores = synthetic.noisy(dataset, skill, seed + 10)
            synthetic.write_run(tmp_path, method, scores, seed=seed, scored=False)
    synthetic.write_run(tmp_path, "twin", synthetic.noisy(dataset, 0.9, 10), scored=False)
    found = rows(synthetic, tmp_path)
    assert [found[name].rank for name in ("good", "twin", "fair", "poor")] == [1, 1, 2, 3]
    ranks = {name: (found[name].rank_low, found[name].rank_high) for name in found}
    assert ranks == {"good": (1, 2), "twin": (1, 2), "fair": (3, 3), "poor": (4, 4)}
    assert [row.method for row in boards(synthetic, tmp_path)[0].rows][-1] == "poor"
    assert found["good"].seeds == 3
    assert found["twin"].seeds == 1
    assert found["good"].splits == 25


def test_a_row_is_the_mean_over_seeds_and_repeats(synthetic: ModuleType, tmp_path: Path) -> None:
    dataset = open_dataset(synthetic.DATASET)
    targets = dict(dataset.targets("form"))
    values, areas = [], []
    for seed in range(2):
        folder = synthetic.write_run(
            tmp_path, "m", synthetic.noisy(dataset, 0.4, seed), seed=seed, decision=Decision.OWN, scored=False
        )
        table = read_predictions(folder / "predictions.csv")
        test = table[table["split"] == "test"]
        for _, part in test.groupby(test["fold"].str[:2]):
            y = part["sample_id"].map(targets)
            values.append(accuracy_score(y, part["score"] >= 0.5))
            areas.append(roc_auc_score(y, part["score"]))
    row = rows(synthetic, tmp_path)["m"]
    assert row.value == pytest.approx(np.mean(values), abs=1e-6)
    assert row.secondary["auroc"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert row.secondary["accuracy@0.5"] == row.value
    assert row.low is not None
    assert row.high is not None
    assert row.low <= row.value <= row.high
    assert row.skill == pytest.approx((row.value - 0.6) / 0.4, abs=1e-5)
    assert "accuracy" not in row.secondary


def test_success_at_the_pretext_stands_in_every_table_and_nowhere_else(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    facts = {"initial_triplet_accuracy": 0.52, "triplet_accuracy": 0.81}
    synthetic.write_run(tmp_path, "learner", 0.9, facts=facts, scored=False)
    synthetic.write_run(tmp_path, "other", 0.9, scored=False)
    made = assemble("v2", open_dataset(synthetic.DATASET), find_runs(tmp_path))
    assert [len(row.pretext) for row in sorted(made.boards[0].rows, key=lambda row: row.method)] == [1, 0]
    said = "triplets 0.52 → 0.81 (chance 0.50)"
    for text in (as_markdown(made), as_csv(made)):
        assert text.count(said) == 1
    assert as_latex(made).count(r"triplets 0.52 $\to$ 0.81 (chance 0.50)") == 1
    assert DatasetBoards.model_validate_json(as_json(made)) == made
    without = made.model_copy(
        update={"boards": tuple(b.model_copy(update={"rows": b.rows[1:]}) for b in made.boards)}
    )
    assert "own task" not in as_markdown(without).lower()


def test_ranks_stand_in_every_table_and_every_board_says_what_they_mean(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    dataset = open_dataset(synthetic.DATASET)
    for method, seed in (("one", 0), ("other", 1)):
        synthetic.write_run(tmp_path, method, synthetic.noisy(dataset, 0.5, seed), scored=False)
    synthetic.write_run(tmp_path, "constant", 1.0, control=True, decision=Decision.OWN, scored=False)
    made = assemble("v2", dataset, find_runs(tmp_path))
    spans = {row.method: ranks(row) for row in made.boards[0].rows}
    assert spans == {"one": "1-2", "other": "1-2", "constant": "3"}
    document = json.loads(as_json(made))["boards"][0]["rows"]
    assert [(row["rank"], row["rank_low"], row["rank_high"]) for row in document] == [
        (1, 1, 2),
        (1, 1, 2),
        (2, 3, 3),
    ]
    lines = list(csv.DictReader(io.StringIO(as_csv(made))))
    assert [(line["rank"], line["rank_low"], line["rank_high"]) for line in lines][2] == ("2", "3", "3")
    for text in (as_markdown(made), as_latex(made)):
        assert text.count(RANKS) == 1
        assert text.count("1-2 ") == 2


def test_boards_of_closed_versions_have_no_intervals_of_ranks(synthetic: ModuleType, tmp_path: Path) -> None:
    synthetic.write_run(tmp_path, "m", 0.9, scored=False)
    made = assemble("v1", open_dataset(synthetic.DATASET), find_runs(tmp_path))
    document = json.loads(as_json(made))
    for row in document["boards"][0]["rows"]:
        del row["rank_low"], row["rank_high"]
    old = DatasetBoards.model_validate(document)
    assert json.loads(as_json(old)) == document
    assert "| ranks |" in as_markdown(made)
    assert "| ranks |" not in as_markdown(old)


def test_the_board_states_its_size_and_floor(synthetic: ModuleType, tmp_path: Path) -> None:
    synthetic.write_run(tmp_path, "m", 0.9, scored=False)
    (board,) = boards(synthetic, tmp_path)
    assert (board.samples, board.positive, board.groups, board.floor) == (60, 24, 30, 0.6)
    assert (board.task, board.scheme, board.primary, board.honest) == ("form", "folds", "accuracy", True)


def test_controls_stand_in_the_same_table(synthetic: ModuleType, tmp_path: Path) -> None:
    dataset = open_dataset(synthetic.DATASET)
    synthetic.write_run(tmp_path, "constant", 1.0, control=True, decision=Decision.OWN, scored=False)
    synthetic.write_run(tmp_path, "good", synthetic.noisy(dataset, 0.9, 0), scored=False)
    found = rows(synthetic, tmp_path)
    assert found["constant"].control
    assert (found["good"].rank, found["constant"].rank) == (1, 2)
    assert found["constant"].value == 0.4


def test_a_row_on_other_samples_is_not_ranked_and_says_why(synthetic: ModuleType, tmp_path: Path) -> None:
    dataset = open_dataset(synthetic.DATASET)
    table = synthetic.table(dataset)
    for method in ("a", "b"):
        synthetic.write_run(tmp_path, method, 0.9, hyperparameters={"of": method}, scored=False)
    few = table[~table["sample_id"].isin(["s00-0", "s01-1"])]
    synthetic.write_run(tmp_path, "partial", 0.9, rows=few, scored=False)
    row = rows(synthetic, tmp_path)["partial"]
    assert row.rank is None
    assert row.why_unranked == "scored on 58 samples, the other rows on 60"
    assert row.scored == 58
    assert row.value is not None
    assert boards(synthetic, tmp_path)[0].rows[-1] == row


def test_seeds_that_scored_different_samples_are_one_row_on_their_union(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    table = synthetic.table(open_dataset(synthetic.DATASET))
    synthetic.write_run(tmp_path, "m", 0.9, seed=0, rows=table[table["sample_id"] != "s00-0"], scored=False)
    synthetic.write_run(tmp_path, "m", 0.9, seed=1, rows=table[table["sample_id"] != "s01-0"], scored=False)
    row = rows(synthetic, tmp_path)["m"]
    assert (row.scored, row.seeds) == (60, 2)


def test_recipes_and_settings_are_rows_of_their_own(synthetic: ModuleType, tmp_path: Path) -> None:
    for rate in (0.1, 0.2):
        synthetic.write_run(tmp_path, "m", 0.9, hyperparameters={"rate": rate}, scored=False)
    synthetic.write_run(tmp_path, "m", 0.9, recipe="paper", scored=False)
    (board,) = boards(synthetic, tmp_path)
    assert sorted((row.recipe, row.variant) for row in board.rows) == [
        ("paper", ""),
        ("quick", "rate=0.1"),
        ("quick", "rate=0.2"),
    ]


def test_runs_on_other_keypoints_are_rows_of_their_own(synthetic: ModuleType, tmp_path: Path) -> None:
    synthetic.write_run(tmp_path, "m", 0.9, scored=False)
    for letter, estimator in (("a", "OpenPose"), ("b", "AlphaPose")):
        files = KeypointFiles(sha256=letter * 64, files=1, kind="keypoints", estimator=estimator)
        for seed in (0, 1):
            name = f"{letter}{seed}"
            synthetic.write_run(tmp_path, "m", 0.9, seed=seed, keypoints=files, run_id=name, scored=False)
    (board,) = boards(synthetic, tmp_path)
    assert sorted((row.variant, row.seeds) for row in board.rows) == [
        ("", 1),
        ("keypoints=AlphaPose bbbbbbbb", 2),
        ("keypoints=OpenPose aaaaaaaa", 2),
    ]


def test_ensembles_of_the_same_members_and_other_seeds_are_one_row(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    def ensemble(of: list[str], members: list[str], seed: int) -> None:
        settings = {"rule": "mean", "of": of, "members": members}
        synthetic.write_run(
            tmp_path,
            "a+b",
            0.9,
            recipe="ensemble",
            seed=seed,
            members=members,
            hyperparameters=settings,
            scored=False,
        )

    ensemble(["a quick", "b quick"], ["1", "2"], 0)
    ensemble(["a quick", "b quick"], ["3", "4"], 1)
    ensemble(["a paper", "b quick"], ["5", "2"], 0)
    (board,) = boards(synthetic, tmp_path)
    assert sorted(row.seeds for row in board.rows) == [1, 2]


def test_schemes_have_boards_of_their_own_and_leaky_ones_are_never_ranked(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    for scheme in ("one-class-leaky", "folds", "one-class"):
        synthetic.write_run(tmp_path, "m", 0.9, scheme=scheme, scored=False)
    found = boards(synthetic, tmp_path)
    assert [board.scheme for board in found] == ["folds", "one-class", "one-class-leaky"]
    assert [board.honest for board in found] == [True, True, False]
    (leaky,) = found[2].rows
    assert leaky.rank is None
    assert "test labels" in leaky.why_unranked
    assert found[1].rows[0].rank == 1


def test_reported_rows_stand_last_and_are_not_ranked(
    synthetic: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = ReportedResult(
        dataset=synthetic.DATASET,
        task="form",
        scheme="folds",
        method="theirs",
        modality="image",
        samples=60,
        values={"accuracy": 0.99, "f1": 0.98},
        source="Somebody, 2020.",
    )
    monkeypatch.setattr("aqa_bench.boards.reported.reported_results", lambda: (printed,))
    synthetic.write_run(tmp_path, "ours", 0.9, scored=False)
    (board,) = boards(synthetic, tmp_path)
    last = board.rows[-1]
    assert (last.method, last.kind, last.rank, last.value) == ("theirs", RowKind.REPORTED, None, 0.99)
    assert board.rows[0].rank == 1


def test_every_reported_result_can_be_read() -> None:
    assert all(result.source for result in reported_results())


@pytest.mark.parametrize("change", [{"tasks": ["old"]}, {"scheme": "folds", "tasks": ["form", "old"]}])
def test_a_run_of_a_task_that_does_not_exist_is_not_dropped_silently(
    synthetic: ModuleType, tmp_path: Path, change: dict[str, object]
) -> None:
    synthetic.write_run(tmp_path, "m", 0.9, scored=False, **change)
    with pytest.raises(DataError, match="task or scheme"):
        boards(synthetic, tmp_path)


def test_an_oracle_stands_apart_and_takes_no_rank_from_methods(synthetic: ModuleType, tmp_path: Path) -> None:
    dataset = open_dataset(synthetic.DATASET)
    known, fair = synthetic.noisy(dataset, 0.95, 1), synthetic.noisy(dataset, 0.5, 0)
    synthetic.write_run(tmp_path, "knows", known, oracle=["keypoints"], scored=False)
    synthetic.write_run(tmp_path, "finds", fair, scored=False)
    bar = synthetic.noisy(dataset, 0.0, 2)
    synthetic.write_run(tmp_path, "bar", bar, oracle=["bar-boxes"], control=True, scored=False)
    found = rows(synthetic, tmp_path)
    assert found["knows"].value > found["finds"].value
    assert (found["knows"].rank, found["finds"].rank, found["bar"].rank) == (None, 1, 2)
    assert "exact keypoints" in found["knows"].why_unranked
    assert [badge(found[name]) for name in ("knows", "finds", "bar")] == [
        "oracle, self-reported",
        "self-reported",
        "oracle, self-reported",
    ]
    assert [row_kind(found[name]) for name in ("knows", "finds", "bar")] == ["oracle", "method", "control"]
    made = assemble("v2", dataset, find_runs(tmp_path))
    assert [row.method for row in made.boards[0].rows] == ["finds", "bar", "knows"]
    assert best_row(made.boards[0]).method == "finds"
    assert "*knows*" in as_markdown(made)
    assert DatasetBoards.model_validate_json(as_json(made)) == made


def test_rows_without_exact_data_are_written_as_they_were(synthetic: ModuleType, tmp_path: Path) -> None:
    synthetic.write_run(tmp_path, "m", 0.9, scored=False)
    assert "oracle" not in as_json(assemble("v2", open_dataset(synthetic.DATASET), find_runs(tmp_path)))
