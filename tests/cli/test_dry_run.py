from __future__ import annotations

import json
from pathlib import Path

DATASET = "stick-figures/shoulder-press"
KEYS = {
    *("run_id", "folder", "on_disk", "dataset", "method", "recipe", "seed"),
    *("device", "fits", "steps", "pool", "seconds", "note"),
}


def test_a_dry_run_says_what_a_run_takes_and_writes_nothing(cli, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    ask = ("run", "--method", "pose-tdm", "--dataset", DATASET, "--set", "epochs=1", "--out", out)
    answer = cli(*ask, "--dry-run", "--json")
    assert (answer.code, answer.document.keys()) == (0, KEYS)
    assert not out.exists()
    text = cli(*ask, "--dry-run").out
    assert "training steps on labels, at most" in text
    assert "no probe" in text
    made = cli(*ask, "--json")
    assert made.document["run_id"] == answer.document["run_id"]
    assert cli(*ask, "--dry-run", "--json").document["on_disk"] is True


def test_a_suite_says_what_its_jobs_take(cli, tmp_path: Path) -> None:
    file = tmp_path / "suite.toml"
    file.write_text(
        f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["constant", "pose-tdm"]\nseeds = [0, 1]\n'
    )
    plain = cli("suite", file, "--dry-run", "--json").document
    costs = cli("suite", file, "--dry-run", "--cost", "--json")
    assert costs.code == 0
    assert [{k: v for k, v in job.items() if k != "cost"} for job in costs.document] == plain
    assert all(job["cost"].keys() == KEYS for job in costs.document)
    lines = cli("suite", file, "--dry-run", "--cost").out.splitlines()
    assert len(lines) == len(plain) + 1
    assert "steps labels, no probe" in lines[1]
    assert lines[-1].startswith("0 of 3 jobs have an estimate")
    assert json.dumps(cli("suite", file, "--dry-run", "--json").document) == json.dumps(plain)


def test_costs_without_a_dry_run_are_wrong_usage(cli, tmp_path: Path) -> None:
    answer = cli("suite", "smoke", "--cost", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert "--dry-run" in answer.err
    assert not (tmp_path / "runs").exists()
