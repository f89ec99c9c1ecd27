from __future__ import annotations

import json
import shutil
from pathlib import Path

from aqa_bench.protocol.finished import FinishedRuns
from aqa_bench.protocol.plan import Request

NOISE = Request("stick-figures/shoulder-press", "noise", scheme="one-class")


def test_seals_tell_what_was_changed_and_scores_tell_who_sealed_again(
    resolved, finished, resealed, tmp_path: Path
) -> None:
    folder = finished(resolved(), tmp_path).path
    quick, full = FinishedRuns(tmp_path, scored=False), FinishedRuns(tmp_path)
    assert quick.look(NOISE)[0] == full.look(NOISE)[0]
    assert quick.look(NOISE)[1] == ""
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    metrics["form"]["accuracy"]["value"] = 0.99
    resealed(folder, metrics=metrics)
    assert quick.look(NOISE)[0] is not None
    assert "as its predictions say" in full.look(NOISE)[1]
    with (folder / "predictions.csv").open("a") as file:
        file.write("more")
    assert "sha256" in quick.look(NOISE)[1]


def test_a_run_under_another_s_name_is_none(resolved, finished, tmp_path: Path) -> None:
    folder = finished(resolved(), tmp_path).path
    other = Request(NOISE.dataset, "noise", seed=1, scheme="one-class")
    shutil.copytree(folder, FinishedRuns(tmp_path).folder(other))
    for scored in (True, False):
        assert FinishedRuns(tmp_path, scored=scored).look(other)[0] is None, scored
