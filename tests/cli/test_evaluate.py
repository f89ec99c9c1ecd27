from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.registry import open_dataset

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Clips by their file names; right of all but one."""
    targets = open_dataset(DATASET).targets("form")
    lines = [
        f"clips/{name}.mp4,{abs(target - 0.2) if name != 's00-0' else 1 - target}"
        for name, target in targets.items()
    ]
    file = tmp_path / "coach.csv"
    file.write_text("\n".join(["sample_id,score", *lines]), encoding="utf-8-sig")
    return file


def test_scores_are_judged_for_people(cli, scores: Path) -> None:
    answer = cli("evaluate", scores, "--dataset", DATASET)
    assert (answer.code, answer.err) == (0, "")
    first, place, floor, note = answer.out.splitlines()
    assert first.startswith("form: accuracy 0.98")
    assert first.endswith("floor 0.600, skill 0.958, 60/60 samples; threshold tuned on val")
    assert place == "no rank: there is no board for this dataset, task and scheme"
    assert floor.startswith("minus the floor: 0.38")
    assert "is used for all 25 splits" in note


def test_scores_are_judged_for_programs(cli, scores: Path) -> None:
    document = cli("evaluate", scores, "--dataset", DATASET, "--name", "a coach", "--json").document
    assert document["name"] == "a coach"
    assert document["tasks"]["form"]["metrics"]["accuracy"]["value"] == pytest.approx(59 / 60)
    assert document["tasks"]["form"]["board"] is None


def test_nothing_is_stored(cli, scores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scores.parent)
    assert cli("evaluate", scores, "--dataset", DATASET).code == 0
    assert [file.name for file in scores.parent.iterdir()] == ["coach.csv"]


def test_wrong_ids_are_named(cli, scores: Path) -> None:
    scores.write_text(scores.read_text(encoding="utf-8-sig").replace("s03-1", "s03-l"))
    answer = cli("evaluate", scores, "--dataset", DATASET)
    assert answer.code == 1
    assert "1 sample is not in the dataset" in answer.err
    assert "did you mean 's03-" in answer.err
