from __future__ import annotations

from typing import Any

import pytest

from aqa_bench.boards.curves import learning_curves
from aqa_bench.boards.model import Board, Row
from aqa_bench.core.record import RowKind


def row(method: str, auroc: float | None, **changes: Any) -> Row:
    values: dict[str, Any] = {
        **dict.fromkeys(("rank", "value", "low", "high", "skill", "parameters")),
        **dict.fromkeys(("why_unranked", "variant", "modality", "regime", "pretrained_on", "source"), ""),
        **dict.fromkeys(("seeds", "splits", "scored"), 1),
        "method": method,
        "recipe": "quick",
        "kind": RowKind.MEASURED,
        "control": False,
        "secondary": {"auroc": auroc},
        "runs": (),
    }
    return Row.model_validate(values | changes)


def board(scheme: str, *rows: Row, task: str = "kie") -> Board:
    return Board(
        dataset="d",
        task=task,
        scheme=scheme,
        question="Knees inward",
        rule="",
        honest=True,
        primary="f1",
        higher_is_better=True,
        samples=9,
        positive=3,
        groups=3,
        floor=0.5,
        rows=rows,
    )


def test_a_curve_runs_over_numbers_of_labels_in_their_order() -> None:
    found = learning_curves(
        [
            board("labels-1120", row("a", 0.9), row("b", 0.95)),
            board("official", row("a", 0.1)),
            board("labels-112", row("a", 0.6), row("b", 0.55, oracle=("keypoints",))),
            board("labels-448", row("a", 0.7)),
        ]
    )
    (task,) = found
    assert (task.task, task.question) == ("kie", "Knees inward")
    first, second = task.curves
    assert (first.method, first.labels, first.values, first.oracle) == ("b", (112, 1120), (0.55, 0.95), True)
    assert (second.method, second.labels, second.values) == ("a", (112, 448, 1120), (0.6, 0.7, 0.9))


@pytest.mark.parametrize(
    "other",
    [row("a", None), row("a", 0.7, kind=RowKind.REPORTED), row("a", 0.7, variant="steps=9"), row("c", 0.7)],
)
def test_one_number_of_labels_is_no_curve(other: Row) -> None:
    assert learning_curves([board("labels-112", row("a", 0.6)), board("labels-224", other)]) == []


def test_boards_without_numbers_of_labels_have_no_curves() -> None:
    assert learning_curves([board("official", row("a", 0.6)), board("low-10", row("a", 0.6))]) == []
