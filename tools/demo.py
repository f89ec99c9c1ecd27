"""The README's main job: CVCSPC on the synthetic gym, ending in a leaderboard with floors and controls."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# On pictures this small a second thread takes a core's time and saves none. Set before NumPy starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.model import board_name
from aqa_bench.cli.main import main

OUT = Path("runs") / "demo"
DATASET = "synthetic-gym/backsquat"
SUITE = f"""
about = "Floors, controls and CVCSPC on rendered squats."

[[block]]
datasets = ["{DATASET}"]
methods = ["constant", "prior", "duration", "bar-only"]
tasks = ["kie", "kfe"]
"""


def demo() -> int:
    """Run the method and the suite, build their leaderboard and print it."""
    suite = OUT / "suite.toml"
    suite.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(SUITE, encoding="utf-8")
    runs, boards = OUT / "submissions", OUT / "leaderboards"
    for arguments in (
        ["run", "--method", "cvcspc", "--dataset", DATASET, "--out", str(runs)],
        ["suite", str(suite), "--out", str(runs)],
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
