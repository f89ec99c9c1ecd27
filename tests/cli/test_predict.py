from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aqa_bench.core.registry import open_dataset
from aqa_bench.core.schemes import folds
from aqa_bench.datasets.stick_figures import adapter

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def saved(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of the first two folds."""
    monkeypatch.setitem(adapter._RULES, "folds", lambda *a: folds(*a)[:2])
    model = tmp_path / "model"
    answer = cli(
        *("run", "--method", "duration", "--dataset", DATASET, "--out", tmp_path / "runs"),
        *("--save-model", model, "--json"),
    )
    assert answer.code == 0, answer.err
    assert answer.document["model"] == str(model)
    return model


def test_a_saved_model_judges_files_and_its_runs_samples(cli, saved: Path, tmp_path: Path) -> None:
    table = pd.read_csv(next((tmp_path / "runs").rglob("predictions.csv")))
    answer = cli("predict", saved, "--dataset", DATASET, "--json")
    found = pd.DataFrame(answer.document["predictions"]).rename(columns={"sample": "sample_id"})
    both = found.merge(table[table["split"] == "test"], on=["sample_id", "fold"], suffixes=("", "_run"))
    assert len(found) == len(both) == (table["split"] == "test").sum()
    assert (both["score"] == both["score_run"]).all()

    clip = next(iter(open_dataset(DATASET).samples("form").values())).media.keypoints("openpose-18")
    np.savez(tmp_path / "a.npz", keypoints=clip, layout="openpose-18")
    np.save(tmp_path / "long.npy", np.concatenate([clip] * 9))
    files = (tmp_path / "a.npz", tmp_path / "long.npy")
    shown = cli("predict", saved, *files, "--layout", "openpose-18")
    assert shown.code == 0
    assert "form: on its own test samples accuracy" in shown.out
    assert "long.npy: " in shown.err
    assert "frames; trained on" in shown.err
    told = cli("predict", saved, *files, "--layout", "openpose-18", "--json").document
    assert [row["sample"] for row in told["predictions"]] == [str(file) for file in files]


def test_wrong_usage_is_told(cli, saved: Path, tmp_path: Path) -> None:
    for arguments, expected in (
        ((saved,), "either FILE... or --dataset ID"),
        ((saved, "a.mp4", "--dataset", DATASET), "either FILE... or --dataset ID"),
        ((saved, "--dataset", DATASET, "--task", "depth"), "no such task"),
    ):
        answer = cli("predict", *arguments)
        assert (answer.code, expected in answer.err) == (2, True), answer.err
    missing = cli("predict", tmp_path / "nothing", "a.mp4")
    assert (missing.code, "There is no saved model" in missing.err) == (1, True)
