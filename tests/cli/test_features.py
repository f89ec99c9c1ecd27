from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from aqa_bench.core.registry import open_dataset
from aqa_bench.protocol.feature_folder import write_features

DATASET = "stick-figures/shoulder-press"
FACTS = {"extractor": "I3D", "licence": "none", "pretrained_on": "Kinetics-400"}


def test_run_takes_a_folder_of_features(cli, tmp_path: Path) -> None:
    # A name that is a number in JSON, as overrides are read.
    folder = tmp_path / "123"
    folder.mkdir()
    rng = np.random.default_rng(0)
    targets = open_dataset(DATASET).targets("form")
    write_features(folder, ((name, rng.normal(size=4) + 3 * t) for name, t in targets.items()), FACTS)
    command = ("run", "--method", "features", "--recipe", "linear", "--scheme", "folds", "--set", "epochs=5")
    command += ("--dataset", DATASET, "--features", folder, "--out", tmp_path / "runs", "--json")
    answer = cli(*command)
    assert answer.code == 0, answer.err
    record = json.loads((Path(answer.document["path"]) / "run.json").read_text())
    assert record["facts"]["features"]["extractor"] == "I3D"
    assert cli(*command).document["cached"]
    assert cli("score", answer.document["path"]).code == 0


def test_run_without_features_is_wrong_usage(cli) -> None:
    answer = cli("run", "--method", "features", "--dataset", DATASET)
    assert answer.code == 2
    assert "--features DIR" in answer.err


def test_export_of_a_method_without_features_is_wrong_usage(cli, tmp_path: Path) -> None:
    answer = cli("features", "export", "--method", "prior", "--dataset", DATASET, "--out", tmp_path / "f")
    assert answer.code == 2
    assert "no frame features" in answer.err
