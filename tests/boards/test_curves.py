from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aqa_bench.boards.curves import (
    CURVES_FILE,
    TaskCurves,
    curves_files,
    is_point,
    learning_curves,
    read_curves,
)
from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.core.errors import DataError
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
        "runs": (method,),
    }
    return Row.model_validate(values | changes)


def record(name: str) -> Any:
    """A run of the row of this name; a name with a dot is another setting of the same method."""
    settings = {"rate": name.partition(".")[2]}
    known = {"hyperparameters": settings, "pool_dataset": None, "shuffled_labels": False, "keypoints": None}
    return SimpleNamespace(
        record=SimpleNamespace(run_id=name, method=name.partition(".")[0], recipe="quick", **known)
    )


def curves(*boards: Board, whole: bool = True) -> tuple[TaskCurves, ...]:
    """Curves of a dataset whose official training part is that of labels-1120, or smaller."""

    def splits(task: str, scheme: str) -> list[Any]:
        if scheme == "labels-1120" and not whole:
            raise DataError("Too few.")
        return [SimpleNamespace(train=("x", "y"))]

    schemes = [SimpleNamespace(id=name) for name in ("official", "labels-112", "labels-1120")]
    dataset: Any = SimpleNamespace(card=SimpleNamespace(schemes=schemes), splits=splits)
    built = DatasetBoards(version="v2", dataset="d", fingerprint="f", boards=boards)
    runs = [record(name) for name in {name for b in boards for r in b.rows for name in r.runs}]
    return learning_curves(built, dataset, runs).tasks


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


@pytest.mark.parametrize(
    ("scheme", "auroc", "expected"),
    [("labels-112", 0.6, True), ("labels-112", None, False), ("official", 0.6, False)],
)
def test_a_point_of_a_curve_has_fewer_labels_and_an_auroc(
    scheme: str, auroc: float | None, expected: bool
) -> None:
    assert is_point(board(scheme, row("a", auroc))) is expected


def test_a_curve_runs_over_numbers_of_labels_in_their_order() -> None:
    (task,) = curves(
        board("labels-1120", row("a", 0.9), row("b", 0.95)),
        board("labels-112", row("a", 0.6), row("b", 0.55, oracle=("keypoints",))),
        board("labels-448", row("a", 0.7)),
    )
    assert (task.task, task.question) == ("kie", "Knees inward")
    first, second = task.curves
    assert (first.method, first.labels, first.values) == ("b", (112, 1120), (0.55, 0.95))
    assert (second.method, second.labels, second.values) == ("a", (112, 448, 1120), (0.6, 0.7, 0.9))


def test_the_official_part_is_the_last_point_where_it_is_the_whole_one() -> None:
    boards = board("official", row("a", 0.9, oracle=("keypoints",))), board("labels-112", row("a", 0.6))
    ((curve,),) = [task.curves for task in curves(*boards)]
    assert (curve.labels, curve.values, curve.oracle) == ((112, 1120), (0.6, 0.9), True)
    assert curves(*boards, whole=False) == ()


def test_a_setting_is_followed_whatever_its_rows_are_called() -> None:
    small = board("labels-112", row("a", 0.6, runs=("a.legs",)))
    whole = board(
        "official", row("a", 0.9, runs=("a.legs",), variant="rate=legs"), row("a", 0.5, variant="rate=")
    )
    ((curve,),) = [task.curves for task in curves(small, whole)]
    assert (curve.variant, curve.values) == ("rate=legs", (0.6, 0.9))


@pytest.mark.parametrize(
    "other",
    [row("a", None), row("a", 0.7, kind=RowKind.REPORTED), row("a", 0.7, runs=("a.other",)), row("c", 0.7)],
)
def test_one_number_of_labels_is_no_curve(other: Row) -> None:
    assert curves(board("labels-112", row("a", 0.6)), board("labels-224", other)) == ()


def test_boards_without_numbers_of_labels_have_no_curves() -> None:
    assert curves(board("official", row("a", 0.6)), board("low-10", row("a", 0.6))) == ()


def test_curves_are_written_where_there_are_any_and_read_back(tmp_path: Path) -> None:
    built = DatasetBoards(version="v2", dataset="d", fingerprint="f", boards=())
    nothing: Any = SimpleNamespace(card=SimpleNamespace(schemes=[]))
    assert curves_files(built, nothing, []) == {}
    assert read_curves(tmp_path) == ()
    (tmp_path / CURVES_FILE).write_text("[]")
    with pytest.raises(DataError, match="cannot be read"):
        read_curves(tmp_path)
