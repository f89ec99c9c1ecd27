"""Labels of own data: accepted by a rule, or refused with file, line, value and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.task import TaskKind

FILES = [f"clip-{n}" for n in range(6)]
Add, Table = Callable[..., Any], Callable[..., Path]


@pytest.mark.parametrize(
    ("cells", "line", "value", "remedy"),
    [
        ([0, 1, "", 1, 0, 1], 4, "''", "remove the row"),
        ([0, 1, 0, "NaN", 0, 1], 5, "'NaN'", "remove the row"),
        ([0, 1, 0, 1, "yes", 1], 6, "'yes'", "Write 1 if the error is present"),
        (["no", 1, 0, 1, 0, 1], 2, "'no'", "Write 1 if the error is present"),
        ([0, 1, 0, 1, 0, "inf"], 7, "'inf'", "Write 1 if the error is present"),
        ([0, 1, 0, 1, "1_0", 1], 6, "'1_0'", "Write 1 if the error is present"),
        ([0, 1, 0, 1, "0,5", 1], 6, "'0,5'", "Write 1 if the error is present"),
    ],
)
def test_a_cell_that_is_no_label(
    add: Add, table: Table, home: Path, cells: list[object], line: int, value: str, remedy: str
) -> None:
    with pytest.raises(DataError) as caught:
        add(table(file=FILES, form=cells), labels=("form",))
    assert caught.value.where is not None
    assert caught.value.where.endswith(f"labels.csv, line {line}, column form")
    assert caught.value.found == value
    assert remedy in str(caught.value.remedy)
    assert not home.exists()


@pytest.mark.parametrize(
    ("cells", "found"),
    [([-1, 1] * 3, "-1 and 1"), ([1, 2] * 3, "1 and 2"), ([5, 7] * 3, "5 and 7"), ([2] * 6, "2")],
)
def test_two_numbers_that_are_not_0_and_1(add: Add, table: Table, cells: list[int], found: str) -> None:
    file = table(file=FILES, form=cells)
    with pytest.raises(DataError, match="two values other than 0 and 1") as caught:
        add(file)
    assert caught.value.found == found
    assert "--score form" in str(caught.value.remedy)
    if len({*cells}) > 1:
        assert add(file, scores=("form",)).card.tasks[0].kind is TaskKind.SCORE


def test_numbers_make_a_score_and_0_and_1_errors(add: Add, table: Table) -> None:
    added = add(
        table(
            file=FILES, note=list("uvwxyz"), Knees_In=["0", "1.0", 0, 1, 0, 1], points=[6.5, 7, 8, -1, 0, 1]
        ),
        labels=("knees_in", "points"),
    )
    knees, points = added.card.tasks
    assert (knees.id, knees.kind) == ("knees-in", TaskKind.BINARY)
    assert (points.id, points.kind, points.primary) == ("points", TaskKind.SCORE, "spearman")
    dataset = open_dataset("local/mine")
    assert [*dataset.targets("knees-in").values()] == [0, 1, 0, 1, 0, 1]
    assert [*dataset.targets("points").values()] == [6.5, 7, 8, -1, 0, 1]


def test_a_slip_of_the_pen_makes_no_score(add: Add, table: Table, media: Path) -> None:
    files = [*FILES, *(f"more-{n}" for n in range(6))]
    for name in files[6:]:
        (media / f"{name}.npz").write_bytes((media / "clip-0.npz").read_bytes())
    with pytest.raises(DataError, match="Nearly all labels are 0 or 1") as caught:
        add(table(file=files, form=[0, 1] * 5 + [0, 11]))
    assert "line 13" in str(caught.value.where)


def test_which_columns_are_labels_is_asked_where_it_is_not_clear(add: Add, table: Table) -> None:
    file = table(file=FILES, age=range(6), form=[0, 1] * 3)
    with pytest.raises(UsageError, match="--label"):
        add(file)
    with pytest.raises(DataError, match="did you mean 'form'"):
        add(file, labels=("from",))
    assert [task.id for task in add(file, labels=("form",)).card.tasks] == ["form"]


def test_what_is_little_is_said_with_what_one_can_do(add: Add, table: Table) -> None:
    one_class = add(table(file=FILES, form=[0] * 6, group=list("aabbcc")))
    assert any("every clip has no error" in line and "Add clips" in line for line in one_class.lines)
    assert any("Only 3 groups" in line for line in one_class.lines)
    few = add(table(file=FILES, form=[0, 1] * 3), replace=True)
    assert any("only 3 of 6" in line and "aqa-bench compare" in line for line in few.lines)
    assert any("No column gives the groups" in line and "--group" in line for line in few.lines)
    with pytest.raises(DataError, match="One group is too few") as caught:
        add(table(file=FILES, form=[0, 1] * 3, group=["a"] * 6), replace=True)
    assert "split by clip" in str(caught.value.remedy)
    assert "--split" in str(caught.value.remedy)
    with pytest.raises(DataError, match="too few clips"):
        add(table(file=FILES[:2], form=[0, 1]), replace=True)


def test_the_tables_split_is_kept_and_what_is_odd_about_it_is_said(add: Add, table: Table) -> None:
    parts = ["train", "Train", "val", "test", "test", "train"]
    added = add(table(file=FILES, form=[0, 1, 0, 1, 1, 0], group=list("aabbcc"), split=parts))
    assert added.card.schemes[0].id == "split"
    assert added.card.schemes[0].shares_groups
    (split,) = open_dataset("local/mine").splits("form", "split")
    assert (split.train, split.val, split.test) == (
        ("clip-0", "clip-1", "clip-5"),
        ("clip-2",),
        ("clip-3", "clip-4"),
    )
    text = "\n".join(added.lines)
    assert "2 groups are in several parts" in text
    assert "all clips of test have label 1" in text
    with pytest.raises(DataError, match="in no part") as caught:
        add(table(file=FILES, form=[0, 1] * 3, split=[*parts[:5], "dev"]), replace=True)
    assert "line 7, column split" in str(caught.value.where)
    with pytest.raises(DataError, match="no test part"):
        add(table(file=FILES, form=[0, 1] * 3, split=["train"] * 5 + ["val"]), replace=True)


def test_folds_keep_groups_whole(add: Add, six: Path) -> None:
    add(six)
    dataset = open_dataset("local/mine")
    groups = {name: sample.group for name, sample in dataset.samples("label").items()}
    splits = dataset.splits("label", "folds")
    assert len(splits) == 15
    for split in splits:
        parts = [{groups[i] for i in part} for part in (split.train, split.val, split.test)]
        assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
        held = frozenset((*split.val, *split.test))
        assert {s.group for s in dataset.unlabeled("label", held)} == parts[0]
