"""Pose Trainer's rules against ST-GCN with a one-class SVM: the boards of the one-class schemes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.model import Board, DatasetBoards
from aqa_bench.boards.pages.render import board_table

__all__ = ["ANOMALY_DATASET", "ANOMALY_TITLE", "AnomalyTable", "anomaly_table"]

ANOMALY_DATASET = "pose-trainer/shoulder-press"
ANOMALY_TITLE = "Pose Trainer's rules and ST-GCN with a one-class SVM on the shoulder press"

_METRICS = ("ap", "balanced_accuracy", "f1", "f1_good", "accuracy")
_NOTES = (
    "The document shows its results only as pictures, so there is no reported row to compare with.",
    "It fine-tunes the network with a logistic head on the whole dataset, test clips "
    "included, before the one-class SVM is fitted. The scheme `one-class-leaky` does the same "
    "and is never ranked.",
    "The recipes frozen, clean and leaky have the full budgets; the quick recipes are reduced "
    "for one CPU core. All of them start from exercise recognition: the document's Kinetics "
    "weights are not shipped, and the recipe paper refuses to start without them.",
    "The document's own split divides clips, not recordings, so cuts of one recording are in "
    "both train and test. The scheme `one-class-published` does the same and is never ranked "
    "either.",
    "The rules' thresholds were chosen by their authors on these same clips.",
)


class AnomalyTable(BaseModel):
    """The comparison.

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


def anomaly_table(boards: DatasetBoards) -> AnomalyTable:
    """The comparison from the boards of :data:`ANOMALY_DATASET`."""
    chosen = sorted(
        (board for board in boards.boards if board.scheme.startswith("one-class")),
        key=lambda board: not board.honest,
    )
    return AnomalyTable(
        id="anomaly", title=ANOMALY_TITLE, boards=tuple(chosen), metrics=_METRICS, notes=_NOTES
    )
