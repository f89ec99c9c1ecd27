"""From an outside judge's rows to a predictions table: which sample, in which fold, as val or test."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.lookup import find, same_number
from aqa_bench.core.predictions import COLUMNS
from aqa_bench.core.split import Split
from aqa_bench.front.outside import OutsideScore

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Placed", "match_ids", "place_scores"]

_MEDIA = frozenset(
    "mp4 mov avi mkv webm m4v gif jpg jpeg png bmp json npy npz csv txt pkl".split()  # noqa: SIM905
)
_NAMED = 5


@dataclass(frozen=True)
class Placed:
    """Scores where a run would have them.

    Attributes:
        predictions: A predictions table of one task.
        expected: Samples that the splits test.
        missing: Those of them without a score.
        notes: What a reader has to know, in sentences.
    """

    predictions: pd.DataFrame
    expected: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def match_ids(names: Collection[str], known: Collection[str], where: str) -> dict[str, str]:
    """The dataset's id of every name.

    A name is an id, or a file's: a path and the suffix of a video, picture or JSON file are taken off, as
    in ``videos/32903_8.mp4``, and case does not matter where only one id fits.

    Args:
        names: Names as they are written.
        known: Ids of the dataset.
        where: Dataset and task, for the error.

    Raises:
        DataError: There is no such sample; the nearest ids are suggested.

    Example:
        >>> match_ids(["videos/32903_8.mp4", "7_1"], ["32903_8", "7_1"], "kie")
        {'videos/32903_8.mp4': '32903_8', '7_1': '7_1'}
    """
    ids = frozenset(known)
    folded: dict[str, list[str]] = defaultdict(list)
    for name in known:
        folded[name.casefold()].append(name)
    found: dict[str, str] = {}
    unknown = []
    for name in names:
        plain = _plain(name)
        alike = folded.get(plain.casefold(), [])
        match = next((n for n in (name, plain, *(alike if len(alike) == 1 else [])) if n in ids), None)
        if match is None:
            unknown.append(name)
        else:
            found[name] = match
    if unknown:
        raise DataError(
            f"{_count(unknown, 'sample')} {'is' if len(unknown) == 1 else 'are'} not in the dataset.",
            where=where,
            expected=f"ids of the release, e.g. {', '.join(list(known)[:3])}",
            found="; ".join(_suggested(name, known) for name in unknown[:_NAMED])
            + (f"; and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""),
            remedy="Correct the ids, or remove the rows of other datasets and tasks.",
        )
    return found


def place_scores(
    rows: Sequence[OutsideScore], splits: Sequence[Split], known: Collection[str], task: str, where: str
) -> Placed:
    """Put the rows of one task where the splits have them.

    Without folds, one score per sample serves every split that tests it or has it in val. Scores of train
    samples are left aside.

    Args:
        rows: The rows.
        splits: Splits of the task.
        known: Ids of the task's samples.
        task: Task id.
        where: Dataset, task and scheme, for errors.

    Raises:
        DataError: A sample is unknown or stands twice, a row's part is not that of the splits, or no test
            sample is scored.
        UsageError: A fold does not exist, or only some rows have one, or val is named where folds have to be.
    """
    import pandas as pd

    ids = match_ids(dict.fromkeys(row.sample for row in rows), known, where)
    _check_folds(rows, splits, where)
    by_fold: dict[str, dict[str, OutsideScore]] = defaultdict(dict)
    twice: dict[str, list[str]] = {}
    for row in rows:
        name = ids[row.sample]
        first = by_fold[row.fold].setdefault(name, row)
        if first is not row:
            twice.setdefault(f"{name} {row.fold}".rstrip(), [first.place]).append(row.place)
    if twice:
        raise DataError(
            f"{_count(twice, 'sample')} {'occurs' if len(twice) == 1 else 'occur'} more than once.",
            where=where,
            expected="one score per sample" + (" and fold" if rows[0].fold else ""),
            found="; ".join(f"{name} in {' and '.join(at)}" for name, at in list(twice.items())[:_NAMED]),
            remedy="Keep one row per sample, e.g. with the mean of its scores.",
        )
    table, used = [], set()
    missing: dict[str, None] = {}
    for split in splits:
        given = by_fold.get(split.id if rows[0].fold else "", {})
        parts = [("val", split.val)] if _tunes(rows) else []
        for part, members in (*parts, ("test", split.test)):
            for name in members:
                if (found := given.get(name)) is not None:
                    table.append((name, task, split.id, part, found.score))
                    used.add((found.fold, name))
                elif part == "test":
                    missing[name] = None
        _check_parts(given, split, where, strict=bool(rows[0].fold) or len(splits) == 1)
    if not any(row[3] == "test" for row in table):
        raise DataError(
            "No test sample has a score.", where=where, expected="scores of the test part", found="none"
        )
    expected = len({name for split in splits for name in split.test})
    unused = sum(len(given) for given in by_fold.values()) - len(used)
    return Placed(
        pd.DataFrame(table, columns=list(COLUMNS)),
        expected,
        tuple(missing),
        tuple(_notes(len(splits), bool(rows[0].fold), unused, list(missing), expected)),
    )


def _notes(splits: int, folds: bool, unused: int, missing: Sequence[str], expected: int) -> list[str]:
    notes = []
    if splits > 1 and not folds:
        notes.append(
            f"One score per sample is used for all {splits} splits. This is right only if the judge learned "
            f"nothing from this dataset's labels; otherwise add a column fold."
        )
    if unused:
        notes.append(f"{unused} scores are for samples in neither val nor test; they are ignored.")
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
        notes.append(f"{len(missing)} of {expected} test samples have no score: {named}.")
    return notes


def _tunes(rows: Sequence[OutsideScore]) -> bool:
    """Whether some scores may be of val: not where every row says that it is of test."""
    return any(row.part != "test" for row in rows)


def _check_folds(rows: Sequence[OutsideScore], splits: Sequence[Split], where: str) -> None:
    names = {split.id: split for split in splits}
    bare = [row for row in rows if not row.fold]
    if bare and len(bare) < len(rows):
        raise UsageError(
            "Only some rows name a fold.", where=where, expected="a fold in every row or in none",
            found=f"none in {bare[0].place}",
        )  # fmt: skip
    for fold in dict.fromkeys(row.fold for row in rows if row.fold):
        find(names, fold, f"split of {where}", "aqa_bench.load_dataset(ID).splits()")
    if bare and len(splits) > 1 and any(row.part == "val" for row in rows):
        raise UsageError(
            f"The scheme has {len(splits)} splits: a val sample of one is a test sample of another.",
            where=where,
            expected="a column fold next to the column split",
            found="val without a fold",
            remedy="Add the column fold (r0f0, ...), or remove the column split.",
        )


def _check_parts(given: Mapping[str, OutsideScore], split: Split, where: str, *, strict: bool) -> None:
    """Where a row says its part, the split has it there."""
    if not strict:
        return
    parts = {name: part for part in ("train", "val", "test") for name in getattr(split, part)}
    for name, row in given.items():
        if row.part and row.part != (found := parts.get(name, "in no part")):
            raise DataError(
                "A row is in the wrong part or fold.",
                where=f"{where}, {row.place}",
                expected=f"{name} as {found} of {split.id}",
                found=row.part,
                remedy="Score the splits of the benchmark, or choose the scheme that you used.",
            )


def _plain(name: str) -> str:
    last = name.strip().replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    return stem if dot and suffix.lower() in _MEDIA else last


def _suggested(name: str, known: Collection[str]) -> str:
    plain = _plain(name)
    if (number := same_number(plain, known)) is not None:
        return f"{name!r} (did you mean {number!r}? spreadsheets reformat numbers: format the column as text)"
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.5)
    return f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else "")


def _count(things: Collection[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
