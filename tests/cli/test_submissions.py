from __future__ import annotations

from pathlib import Path

import pytest

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def run(cli, tmp_path: Path) -> Path:
    answer = cli("run", "--method", "prior", "--dataset", DATASET, "--out", tmp_path / "runs", "--json")
    return Path(answer.document["path"])


def test_a_run_is_submitted_and_validated(cli, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "submissions"
    first = cli("submit", run, "--out", out, "--json")
    assert first.code == 0, first.err
    [document] = first.document
    assert document["added"] is True
    assert "already there" in cli("submit", run, "--out", out).out
    comment = tmp_path / "comment.md"
    answer = cli("validate", out, "--json", "--comment", comment)
    assert answer.code == 0
    assert (answer.document["ok"], answer.document["problems"]) == (True, [])
    assert answer.document["rescored"] == [f"{DATASET}/prior/{run.name}"]
    assert "1 new run" in comment.read_text()
    assert "All checks passed. 1 runs rescored" in comment.read_text()
    assert "0 problems" in cli("validate", out).out


def test_problems_are_exit_code_1(cli, resealed, run: Path, tmp_path: Path) -> None:
    resealed(run, floors={"form": 0.1})
    answer = cli("validate", run, "--json")
    assert answer.code == 1
    assert answer.document["ok"] is False
    for problem in answer.document["problems"]:
        assert problem.keys() == {"path", "rule", "expected", "found"}
    told = cli("validate", run)
    assert told.code == 1
    assert "rule: the record follows from the predictions" in told.err
    refused = cli("submit", run, "--out", tmp_path / "submissions")
    assert refused.code == 1
    assert "nothing was copied" in refused.err
    assert not (tmp_path / "submissions").exists()


def test_what_is_not_there_is_wrong_usage(cli, tmp_path: Path) -> None:
    assert cli("validate", tmp_path / "nothing").code == 2
    assert cli("validate", tmp_path, "--base", "no-such-revision").code == 2
