from __future__ import annotations

from pathlib import Path

import pytest

DATASET = "stick-figures/shoulder-press"
SCHEME = ("--scheme", "one-class-clean")


@pytest.fixture
def runs(cli, tmp_path: Path) -> Path:
    out = tmp_path / "runs"
    for method in ("constant", "duration"):
        assert cli("run", "--method", method, "--dataset", DATASET, *SCHEME, "--out", out, "--json").code == 0
    return out


def test_run_prints_result_place_and_folder(cli, runs: Path) -> None:
    answer = cli("run", "--method", "constant", "--dataset", DATASET, *SCHEME, "--out", runs)
    result, place, folder = answer.out.splitlines()
    assert result == "form: auroc 0.500 [0.500, 0.500], floor 0.500, skill 0.000, 60/60 samples"
    assert place == "no rank: there is no board for this dataset, task and scheme"
    assert Path(folder).parent == runs / DATASET / "constant"
    assert answer.err == f"constant (quick, seed 0) on {DATASET} (one-class-clean): already on disk\n"
    full = cli("run", "--method", "constant", "--dataset", DATASET, *SCHEME, "--out", runs, "--full").out
    assert len(full.splitlines()) > 16
    assert full.splitlines()[0] == result
    assert "balanced_accuracy@0.5" in full


def test_runs_are_one_table_with_the_floor(cli, runs: Path) -> None:
    answer = cli("runs", runs)
    assert (answer.code, answer.err) == (0, "")
    lines = [line.split() for line in answer.out.splitlines()]
    assert answer.out.startswith(f"{DATASET}, form (scheme one-class-clean; no board)")
    names = [line[1] for line in lines if len(line) > 5 and line[-1] == "own"]
    assert set(names) == {"constant", "duration"}
    assert any(line[:3] == ["-", "the", "floor"] for line in lines)
    assert sum(cell.endswith("*") for line in lines for cell in line) == 1


def test_runs_are_a_document(cli, runs: Path) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{}")
    answer = cli("runs", runs, "--json")
    (board,) = answer.document["boards"]
    assert (board["dataset"], board["task"], board["floor"], board["board"]) == (DATASET, "form", 0.5, None)
    assert sorted(row["method"] for row in board["rows"]) == ["constant", "duration"]
    best = max(board["rows"], key=lambda row: row["value"])
    assert [row["method"] for row in board["rows"] if row["best"]] == [best["method"]]
    (left,) = answer.document["left_out"]
    assert left["path"].endswith("broken")
    assert "skipped" in answer.err


def test_no_runs_are_said(cli, tmp_path: Path) -> None:
    assert cli("runs", tmp_path).out == "no runs\n"
    assert cli("runs", tmp_path / "none").code == 1
