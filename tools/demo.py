"""The README's main job: floors and methods on keypoints, ending in a leaderboard.

Runs on the real Pose Trainer clips where they are prepared, else on the embedded stick figures.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.model import board_name
from aqa_bench.cli.main import main
from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import open_dataset

OUT = Path("runs") / "demo"
DATASETS = ("pose-trainer/shoulder-press", "stick-figures/shoulder-press")
SUITE = """
about = "Floors, rules and learned methods on one press."

[[block]]
datasets = ["{dataset}"]
methods = ["constant", "prior", "duration", "pose-trainer-rules", "pose-tdm"]
schemes = ["folds"]

[[block]]
datasets = ["{dataset}"]
methods = ["constant", "prior", "duration", "pose-trainer-rules", "stgcn-ocsvm"]
schemes = ["one-class"]
"""


def at_hand() -> str:
    """The first dataset that is prepared."""
    for dataset in DATASETS:
        try:
            open_dataset(dataset)
        except DataError:
            continue
        return dataset
    return DATASETS[-1]


def demo() -> int:
    """Run the suite, build its leaderboard and print it."""
    dataset = at_hand()
    suite = OUT / "suite.toml"
    suite.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(SUITE.format(dataset=dataset), encoding="utf-8")
    runs, boards = OUT / "submissions", OUT / "leaderboards"
    for arguments in (
        ["suite", str(suite), "--jobs", "2", "--out", str(runs)],
        ["leaderboard", "build", "--submissions", str(runs), "--leaderboards", str(boards)],
    ):
        code = main(arguments)
        if code:
            return code
    table = boards / BENCHMARK_VERSION / board_name(dataset) / "table.md"
    sys.stdout.write("\n" + table.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(demo())
