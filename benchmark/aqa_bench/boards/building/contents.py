"""The files of a leaderboard: its tables in every format, and the lock of what they are made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aqa_bench.boards.curves import CURVES_FILE
from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.pages.latex import as_latex
from aqa_bench.boards.pages.render import as_csv, as_json, as_markdown
from aqa_bench.boards.receipts import receipt_file
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.boards.slices import SLICES_FILE
from aqa_bench.boards.versions import LOCK_FILE
from aqa_bench.core.files import pretty_json, sha256_file
from aqa_bench.core.receipt import RECEIPT_FILE
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE

__all__ = ["PICTURES", "RENDERERS", "contents", "lock_text"]

PICTURES = (CURVES_FILE, SLICES_FILE)
"""Files that the site draws and no table holds; only the labels tell what is in them."""
RENDERERS = {"table.json": as_json, "table.csv": as_csv, "table.md": as_markdown, "table.tex": as_latex}


def contents(boards: DatasetBoards, runs: Sequence[SubmittedRun], submissions: Path) -> dict[str, str]:
    """Every file of a dataset's leaderboard by its name.

    Args:
        boards: The boards.
        runs: The runs behind them.
        submissions: The folder that holds the runs.
    """
    return {name: render(boards) for name, render in RENDERERS.items()} | {
        LOCK_FILE: lock_text(boards.version, boards.fingerprint, runs, submissions)
    }


def lock_text(version: str, fingerprint: str, runs: Sequence[SubmittedRun], submissions: Path) -> str:
    """``inputs.lock.json``: the runs, with the SHA-256 of their files and of the receipts that count."""
    inputs = {
        run.path: {name: sha256_file(run.folder / name) for name in (RECORD_FILE, PREDICTIONS_FILE)}
        | ({} if run.verdict is None else {RECEIPT_FILE: sha256_file(receipt_file(submissions, run.path))})
        for run in runs
    }
    return pretty_json({"version": version, "dataset_fingerprint": fingerprint, "runs": inputs})
