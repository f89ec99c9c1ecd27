"""The source documents' comparisons, recomputed from submissions."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.model import Board
from aqa_bench.boards.render import board_table
from aqa_bench.boards.runs import find_runs
from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find, open_dataset

__all__ = ["TABLES", "PaperTable", "paper_table"]

TABLES = {
    "anomaly": "Pose Trainer's rules against ST-GCN with a one-class SVM on the shoulder press",
}

_ANOMALY_DATASET = "pose-trainer/shoulder-press"
_ANOMALY_METRICS = ("ap", "balanced_accuracy", "f1", "f1_good", "accuracy")
_ANOMALY_NOTES = (
    "The document prints its results as pictures only, so there is no reported row to compare with.",
    "It fine-tunes the network with a logistic head on the whole dataset, test clips included, before the "
    "one-class SVM is fitted; that is the scheme `one-class-leaky`, which is never ranked.",
    "Recipes named quick are cut down for one CPU core and start from exercise recognition, not Kinetics; "
    "the recipes paper, clean and frozen hold the full budgets.",
    "The rules' thresholds were chosen by their authors on these same clips.",
)


class PaperTable(BaseModel):
    """A comparison of a source document.

    Attributes:
        id: Table id.
        title: What it compares.
        boards: The boards it is made of, honest ones first.
        metrics: Secondary metrics to show.
        notes: What a reader has to know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    boards: tuple[Board, ...]
    metrics: tuple[str, ...]
    notes: tuple[str, ...]

    def to_markdown(self) -> str:
        """The table as Markdown."""
        parts = [f"# {self.title}\n"]
        for board in self.boards:
            floor = "none" if board.floor is None else f"{board.floor:.4f}"
            parts.append(f"## scheme `{board.scheme}` (floor of {board.primary}: {floor})\n\n{board.rule}\n")
            parts.append(board_table(board, self.metrics))
        return "\n".join(parts) + "".join(f"\n- {note}" for note in self.notes)


def paper_table(name: str, submissions: Path) -> PaperTable:
    """Recompute one of the documents' comparisons.

    Args:
        name: A key of :data:`TABLES`.
        submissions: Folder of submitted runs.

    Raises:
        UsageError: There is no such table.
        DataError: The dataset is not at hand, or no run of the comparison was submitted.
    """
    title = find(TABLES, name, "table", "aqa-bench list tables")
    runs = [run for run in find_runs(submissions) if run.record.dataset == _ANOMALY_DATASET]
    if not runs:
        raise DataError(
            "No run of this comparison was submitted.",
            where=submissions,
            expected=f"runs of {_ANOMALY_DATASET}",
            found="none",
            remedy="aqa-bench suite suites/pose-trainer.toml --out submissions",
        )
    boards = assemble(BENCHMARK_VERSION, open_dataset(_ANOMALY_DATASET), runs).boards
    chosen = sorted(
        (b for b in boards if b.scheme.startswith("one-class")), key=lambda board: not board.honest
    )
    return PaperTable(
        id=name, title=title, boards=tuple(chosen), metrics=_ANOMALY_METRICS, notes=_ANOMALY_NOTES
    )
