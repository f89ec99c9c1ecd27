from __future__ import annotations

import json
from pathlib import Path

import pytest

from aqa_bench.cli.main import main
from aqa_bench.stats import scoring


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)

    def call(*arguments: object):
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return call


def test_pose_tdm_runs_on_the_released_distances_from_end_to_end(cli, release, tmp_path):
    done = cli("dataset", "prepare", "waseda-squat", "--source", release.root)
    assert done["done"][0].startswith("56 clips")
    audit = cli("dataset", "verify", "waseda-squat")
    assert audit["ok"]
    settings = [
        text
        for setting in ("source=hmr", "length=16", "width=16", "blocks=1", "epochs=30", "batch_size=4")
        for text in ("--set", setting)
    ]
    run = cli(
        *("run", "--method", "pose-tdm", "--dataset", "waseda-squat", "--out", tmp_path / "runs"),
        *("--device", "cpu", *settings),
    )
    assert run["scheme"] == "day-grouped"
    assert set(run["metrics"]) == {"kie", "cvrb", "ccrb", "ss", "kfe"}
    assert run["coverage"]["kie"] == {"expected": 4, "scored": 4}
    # Shallow squats differ so plainly that a net which reads the distances cannot miss them.
    assert run["metrics"]["ss"]["auroc"]["value"] == 1
    record = json.loads((Path(run["path"]) / "run.json").read_text())
    assert record["scheme"] == "day-grouped"
    assert record["hyperparameters"]["source"] == "hmr"
    (scored,) = cli("score", run["path"])
    assert scored["agrees"]


def test_the_record_says_which_split_was_used(cli, release, tmp_path):
    ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
    release.write_official({"train": ids[::2], "val": ids[1::4], "test": ids[3::4]})
    cli("dataset", "prepare", "waseda-squat", "--source", release.root)
    runs = [
        cli(
            *("run", "--method", "prior", "--dataset", "waseda-squat", "--out", tmp_path / "runs"),
            *("--scheme", scheme),
        )
        for scheme in ("day-grouped", "official")
    ]
    assert [run["scheme"] for run in runs] == ["day-grouped", "official"]
    records = [json.loads((Path(run["path"]) / "run.json").read_text()) for run in runs]
    assert records[0]["splits_fingerprint"] != records[1]["splits_fingerprint"]
