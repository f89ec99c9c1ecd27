"""What an install without the extras ``video`` and ``train`` does, and how it says what it cannot."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench.core.registry import open_dataset

DATASET = "stick-figures/shoulder-press"
SUBMITTED = Path(__file__).parents[2] / "submissions" / "pose-trainer" / "bicep-curl" / "constant"
HIDDEN = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"av", "torch", "torchvision", "timm", "captum", "pytorchvideo"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("light")
    # Workers are processes of their own; each Python imports this module when it starts.
    (home / "hide").mkdir()
    (home / "hide" / "sitecustomize.py").write_text(HIDDEN)
    (home / "here").mkdir()
    return home


def light(home: Path, *arguments: str) -> Done:
    return light_python(home, "-m", "aqa_bench", *arguments)


def light_python(home: Path, *arguments: str) -> Done:
    path = os.pathsep.join([str(home / "hide"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {
        "PYTHONPATH": path,
        "AQA_BENCH_DATA": str(home / "data"),
        "AQA_BENCH_CACHE": str(home / "cache"),
    }
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=home / "here", env=environment, capture_output=True, text=True, check=False
    )


def run(home: Path, method: str) -> Done:
    return light(home, "run", "--method", method, "--dataset", DATASET, "--out", "runs")


@pytest.fixture(scope="module")
def runs(home: Path) -> list[str]:
    """Runs of a floor and of rules; their folders."""
    for method in ("prior", "pose-trainer-rules"):
        done = run(home, method)
        assert done.returncode == 0, done.stderr
    return [str(file.parent) for file in sorted((home / "here" / "runs").rglob("run.json"))]


def test_torch_is_hidden(home: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(home / "hide")}
    done = subprocess.run([sys.executable, "-c", "import torch"], env=environment, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize("what", ["methods", "datasets"])
def test_lists(home: Path, what: str) -> None:
    assert light(home, "list", what).returncode == 0


def test_runs_are_scored_compared_and_listed(home: Path, runs: list[str]) -> None:
    assert len(runs) == 2
    for arguments in (["score", *runs], ["compare", *runs], ["runs", "runs"]):
        done = light(home, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)


def test_scores_of_others_are_evaluated(home: Path) -> None:
    dataset = open_dataset(DATASET)
    with (home / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample_id", "score"])
        writer.writerows((name, target) for name, target in dataset.targets("form").items())
    done = light(home, "evaluate", str(home / "scores.csv"), "--dataset", DATASET)
    assert done.returncode == 0, done.stderr
    assert "1.000" in done.stdout


BOARDS = """
import sys
from aqa_bench.boards import row_scores
from aqa_bench.cli.main import main

# Intervals of boards are tested with the statistics; those of records are theirs.
row_scores.N_RESAMPLES = 200
places = ["--submissions", "runs", "--leaderboards", "boards"]
for command in (
    ["leaderboard", "build", *places],
    ["leaderboard", "check", *places],
    ["leaderboard", "show", "stick-figures/shoulder-press", *places],
    ["leaderboard", "site", "--out", "site", *places],
    ["claims", "--submissions", "runs"],
    # Not of these runs: where this checkout has changes, their code is nobody else's.
    ["validate", sys.argv[1]],
    ["method", "info", "cvcspc"],
):
    print("==", *command, "->", main(command))
loaded = {name.partition(".")[0] for name in sys.modules}
print("loaded", sorted(loaded & {"av", "torch", "torchvision", "timm", "captum", "pytorchvideo"}))
"""


def test_boards_site_and_claims_need_no_pytorch(home: Path, runs: list[str]) -> None:
    done = light_python(home, "-c", BOARDS, str(SUBMITTED))
    ends = [line.rpartition(" ")[2] for line in done.stdout.splitlines() if line.startswith("== ")]
    assert ends == ["0"] * 7, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("loaded []")
    here = home / "here"
    assert (here / "boards" / "v2" / "stick-figures-shoulder-press" / "table.json").is_file()
    assert (here / "site" / "index.html").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--method", "bar-only", "--dataset", DATASET],
        ["run", "--method", "imagenet", "--dataset", DATASET],
        ["doctor"],
    ],
)
def test_what_needs_pytorch_names_the_extra(home: Path, arguments: list[str]) -> None:
    done = light(home, *arguments)
    assert done.returncode == 2
    assert 'pip install "aqa-bench[train]"' in done.stderr
    assert "bug" not in done.stderr
