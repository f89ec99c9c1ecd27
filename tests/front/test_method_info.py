from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench.core.cards import Regime
from aqa_bench.core.errors import UsageError
from aqa_bench.front.method_info import method_info

ROOT = Path(__file__).resolve().parents[2]
BOARD = "pose-trainer-shoulder-press"


def test_recipes_fits_and_marks() -> None:
    found = method_info("pose-tdm")
    assert found.card.regime is Regime.FINETUNE
    assert [recipe.name for recipe in found.recipes if recipe.default] == ["quick"]
    paper = next(recipe for recipe in found.recipes if recipe.name == "paper")
    assert (paper.training["epochs"], paper.training["batch_size"]) == (100, 16)
    assert found.oracle_with == ("keypoints",)
    assert found.fits["waseda-squat"] == ("kie", "cvrb", "ccrb", "ss", "kfe")
    # It needs frames, which drawn figures do not have.
    assert "stick-figures/shoulder-press" not in method_info("kinetics").fits


def test_costs_are_those_of_the_boards_and_of_submitted_runs(tmp_path: Path) -> None:
    board = json.loads((ROOT / "leaderboards" / "v2" / BOARD / "table.json").read_text())
    rows = [
        row
        for each in board["boards"]
        for row in each["rows"]
        if (row["method"], row["recipe"]) == ("rocket", "quick")
    ]
    assert rows
    shutil.copytree(ROOT / "leaderboards" / "v2" / BOARD, tmp_path / "boards" / "v2" / BOARD)
    submitted = sorted((ROOT / "submissions/pose-trainer/shoulder-press/rocket").glob("*/run.json"))
    run = next(file.parent for file in submitted if json.loads(file.read_text())["recipe"] == "quick")
    copied = tmp_path / "runs" / "pose-trainer" / "shoulder-press" / "rocket" / run.name
    shutil.copytree(run, copied)
    found = method_info("rocket", submissions=tmp_path / "runs", leaderboards=tmp_path / "boards")
    recipe = found.recipes[0]
    assert recipe.boards == ("pose-trainer/shoulder-press",)
    known = [row["parameters"] for row in rows if row["parameters"] is not None]
    assert recipe.parameters == ((min(known), max(known)) if known else None)
    total = json.loads((copied / "run.json").read_text())["timings"]["total"]
    assert recipe.run_seconds == (total, total)
    (copied / "run.json").write_text("{}")
    (tmp_path / "none").mkdir()
    nothing = method_info("rocket", submissions=tmp_path / "runs", leaderboards=tmp_path / "none").recipes[0]
    assert (nothing.boards, nothing.parameters, nothing.run_seconds) == ((), None, None)


def test_a_miss_names_the_nearest_id() -> None:
    with pytest.raises(UsageError, match="Did you mean 'rocket'"):
        method_info("rokcet")


def test_no_code_of_the_method_is_imported() -> None:
    code = (
        "import sys; from aqa_bench.front.method_info import method_info; method_info('cvcspc');"
        "late = [m for m in sys.modules if m.startswith('aqa_bench.methods.') or m == 'torch'];"
        "sys.exit(str(late) if late else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
