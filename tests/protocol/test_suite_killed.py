from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench.boards import assemble, row_scores
from aqa_bench.boards.building.leaderboard import build

HERE = Path(__file__).parent
SUITE = """
about = "Small."
[[block]]
datasets = ["stick-figures/*"]
methods = ["noise", "steady", "constant", "pose-trainer-rules"]
schemes = ["folds", "one-class"]
seeds = [0, 1]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_suite_killed_ten_times_gives_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_scores, "N_RESAMPLES", 50)
    # What a clock said is no result.
    monkeypatch.setattr(assemble, "latency_ms", lambda *_: None)
    suite, whole, broken = tmp_path / "suite.toml", tmp_path / "whole", tmp_path / "broken"
    suite.write_text(SUITE)
    done = subprocess.run(
        [sys.executable, HERE / "kill_suite.py", suite, whole, broken, "7"],
        env=os.environ | {"PYTHONPATH": str(HERE.parent / "plugins"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [int(count) for count in done.stderr.split()]
    assert len(found) == 10
    assert found == sorted(found)
    assert len(set(found)) > 1
    boards = []
    for submissions in (whole, broken):
        build(submissions, tmp_path / f"boards-{submissions.name}")
        folder = tmp_path / f"boards-{submissions.name}/v2/stick-figures-shoulder-press"
        boards.append({file.name: file.read_bytes() for file in folder.glob("table.*")})
    assert boards[0] == boards[1]
    assert b"pose-trainer-rules" in boards[0]["table.md"]
    assert not list(broken.glob(".*.partial"))
