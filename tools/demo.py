"""The README's main job: floors and a pose method on the embedded synthetic gym, ending in a leaderboard."""

from __future__ import annotations

import sys
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.model import board_name
from aqa_bench.cli.main import main

OUT = Path("runs") / "demo"
DATASET = "synthetic-gym/backsquat"
SUITE = f"""
about = "Do exact joints tell good squats from bad ones, and do joints as an estimator finds them?"

[[block]]
datasets = ["{DATASET}"]
methods = ["constant", "prior", "duration"]
tasks = ["kie", "kfe"]

[[block]]
datasets = ["{DATASET}"]
methods = ["pose-tdm"]
recipes = ["body", "body-noisy"]
tasks = ["kie", "kfe"]
"""


def demo() -> int:
    """Run the suite, build its leaderboard and print it."""
    suite = OUT / "suite.toml"
    suite.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(SUITE, encoding="utf-8")
    runs, boards = OUT / "submissions", OUT / "leaderboards"
    for arguments in (
        ["suite", str(suite), "--jobs", "2", "--out", str(runs)],
        ["leaderboard", "build", "--submissions", str(runs), "--leaderboards", str(boards)],
    ):
        code = main(arguments)
        if code:
            return code
    table = boards / BENCHMARK_VERSION / board_name(DATASET) / "table.md"
    sys.stdout.write("\n" + table.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(demo())
