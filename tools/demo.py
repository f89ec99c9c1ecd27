"""A first look: squats are rendered, methods learn from them, and a table and a page say how they did.

    make demo             # or: python tools/demo.py [OUT]

The jobs are those of suites/demo.toml. Everything lies in OUT, runs/demo unless said otherwise.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# On pictures this small a second thread takes a core's time and saves none. Set before NumPy starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from demo_report import by_auroc, report, table_lines

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.building.problems import committed_boards
from aqa_bench.boards.model import board_name
from aqa_bench.boards.runs import find_runs
from aqa_bench.cli.main import main
from aqa_bench.core.files import write_atomic
from aqa_bench.core.registry import open_dataset

ROOT = Path(__file__).resolve().parents[1]
SUITE = ROOT / "suites" / "demo.toml"
DATASET = "synthetic-gym/backsquat"
TASKS = ("kfe", "ss")
JOBS = 2


def demo(arguments: Sequence[str] = ()) -> int:
    """Render, run, build the board, and write the page."""
    begun = time.monotonic()
    out = Path(arguments[0]) if arguments else Path("runs") / "demo"
    runs, boards = out / "submissions", out / "leaderboards"
    for step in (
        ["dataset", "prepare", DATASET],
        ["suite", str(SUITE), "--jobs", str(JOBS), "--out", str(runs)],
        ["leaderboard", "build", "--submissions", str(runs), "--leaderboards", str(boards)],
    ):
        code = main(step)
        if code:
            return code
    built = committed_boards(boards / BENCHMARK_VERSION / board_name(DATASET))
    assert built is not None
    records = {run.record.run_id: run.record for run in find_runs(runs)}
    shown = [by_auroc(board, records) for board in built.boards if board.task in TASKS]
    for board in shown:
        sys.stdout.write("\n" + "\n".join(table_lines(board)) + "\n")
    page = out / "report.html"
    write_atomic(page, report(shown, open_dataset(DATASET)))
    sys.stdout.write(f"\n{time.monotonic() - begun:.0f} s. Look at the clips and the plots: {page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(demo(sys.argv[1:]))
