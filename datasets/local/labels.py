"""From cells of a table to targets, each checked once, before anything is fitted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aqa_bench.core.csv_table import CsvTable, unfit_cell
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.task import Task, TaskKind, Unit

__all__ = ["Labels", "label_columns", "read_labels"]

_REMEDY = "Write 1 if the error is present and 0 if not; for a score, write a number in every row."
_SECONDARY = ("f1", "f1_good", "accuracy", "auroc", "ap", "mcc")


@dataclass(frozen=True)
class Labels:
    """One column of labels.

    Attributes:
        task: What is asked.
        values: Target of every row of the table.
    """

    task: Task
    values: tuple[float, ...]


def label_columns(
    table: CsvTable, labels: Sequence[str], scores: Sequence[str], others: Sequence[str]
) -> list[str]:
    """Columns that hold labels.

    Args:
        table: The table.
        labels: Columns that a person named, of either kind.
        scores: Columns that a person named as scores.
        others: Columns that are something else.

    Returns:
        The columns named; where none are, the one called ``label``, or the only one left.

    Raises:
        UsageError: None is named and it is not clear which it is, or a column has two roles.
    """
    named = [table.header[table.place(name)] for name in dict.fromkeys((*labels, *scores))]
    left = [name for name in table.header if name not in others]
    chosen = named or [name for name in left if name.casefold() == "label"] or left
    clash = [name for name in chosen if name in others]
    if clash or not chosen or (not named and len(chosen) > 1):
        raise UsageError(
            "It is not clear which columns are labels.",
            where=table.path,
            expected="--label COLUMN for each label column",
            found=", ".join(clash or left) or "no remaining column",
            remedy="All other columns are ignored.",
        )
    return list(dict.fromkeys(chosen))


def read_labels(table: CsvTable, column: str, unit: Unit, *, score: bool) -> Labels:
    """The targets of a column.

    0 and 1 make a task of errors. Other numbers make a score, where there are at least three of them: two
    are some other way to write yes and no, and which of them is the error nobody can know.

    Args:
        table: The table.
        column: Name of the column.
        unit: What a sample is.
        score: Whether a person said that it is a score.

    Raises:
        DataError: A cell is empty or no finite number, or the column has two numbers that are not 0 and 1.
    """
    values = tuple(_number(table, row, column) for row in range(len(table.rows)))
    known = sorted({*values})
    if not score and {*known} <= {0.0, 1.0}:
        return Labels(_binary(column, unit), values)
    if not score and len(known) < 3:
        shown = " and ".join(f"{value:g}" for value in known)
        raise DataError(
            "A label column has two values other than 0 and 1.",
            where=f"{table.path}, column {column}, first in line {table.lines[values.index(known[0])]}",
            expected="0 (no error) and 1 (error), or a score with at least three different values",
            found=shown,
            remedy=f"Write 1 for an error and 0 for none. If {shown} are scores, add --score {column}.",
        )
    rare = [value for value in known if value not in (0.0, 1.0)]
    many = sum(value in (0.0, 1.0) for value in values)
    if not score and many >= 0.9 * len(values):
        row = next(row for row, value in enumerate(values) if value in rare)
        remedy = f"Correct the cell. If the column is a score, add --score {column}."
        raise unfit_cell(
            table, row, column, "Nearly all labels are 0 or 1, but this one is not.", "0 or 1", remedy
        )
    if len(known) < 2:
        raise DataError(
            "A score is the same in every row.",
            where=f"{table.path}, column {column}",
            expected="at least two different values",
            found=f"{known[0]:g} in {len(values)} rows",
            remedy="There is nothing to rank. Remove the column.",
        )
    return Labels(_score(column, unit), values)


def _number(table: CsvTable, row: int, column: str) -> float:
    text = table.rows[row][table.place(column)]
    try:
        value = table.number(row, column)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        what = (
            "A label is missing."
            if text.lower() in ("", "nan", "na", "n/a", "none")
            else "A label is not a number."
        )
        remedy = _REMEDY + (" Or remove the row." if "missing" in what else "")
        remedy += " Write a decimal point, not a comma." if "," in text else ""
        raise unfit_cell(table, row, column, what, "0 or 1, or a score", remedy)
    return value


def _slug(column: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", column.lower()).strip("-")
    if not slug:
        raise UsageError(
            "A column name cannot become a task id.",
            where="--label",
            expected="at least one letter from a to z, or digit",
            found=column,
            remedy="Rename the column.",
        )
    return slug


def _binary(column: str, unit: Unit) -> Task:
    return Task(
        id=_slug(column),
        name=f"Is the error present ({column})?",
        kind=TaskKind.BINARY,
        unit=unit,
        primary="balanced_accuracy",
        secondary=_SECONDARY,
        description=f"1 = error, 0 = none, from column {column}.",
    )


def _score(column: str, unit: Unit) -> Task:
    return Task(
        id=_slug(column),
        name=f"Score ({column})",
        kind=TaskKind.SCORE,
        unit=unit,
        primary="spearman",
        secondary=("r_l2", "mae"),
        description=f"The number in column {column}.",
    )


def by_task(labels: Sequence[Labels]) -> Mapping[str, Labels]:
    """Labels by task id.

    Raises:
        UsageError: Two columns make one id.
    """
    found: dict[str, Labels] = {}
    for each in labels:
        if each.task.id in found:
            raise UsageError(
                "Two label columns get the same task id.",
                expected="names that differ in letters or digits",
                found=f"{found[each.task.id].task.description} {each.task.description}",
                remedy="Rename one of them.",
            )
        found[each.task.id] = each
    return found
