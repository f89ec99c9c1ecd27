"""What a table of labels allows, in plain words, and what one can still do where it allows little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aqa_bench.core.errors import DataError
from aqa_bench.core.lookup import bare
from aqa_bench.core.task import Task, TaskKind

from .index import OwnClip
from .splits import FEWEST, straddling

__all__ = ["advice", "check_can_run"]

_FEW_GROUPS, _FEW_ERRORS, _FEW_SCORES = 10, 10, 20


def check_can_run(where: str, clips: Mapping[str, OwnClip], grouped: bool, split: bool) -> None:
    """Refuse what nothing can be run on.

    Args:
        where: The table, for errors.
        clips: Its clips.
        grouped: Whether a column says what the groups are.
        split: Whether a column splits.

    Raises:
        DataError: There is nothing to test on, or nothing to train on.
    """
    if split:
        for part in ("train", "test"):
            if not any(clip.part == part for clip in clips.values()):
                raise DataError(
                    f"The table's split has no {part} part.",
                    where=where,
                    expected="rows of train and of test; val is optional",
                    found=", ".join(sorted({str(clip.part) for clip in clips.values()})),
                    remedy="Name the parts in that column, or remove the column to get random folds.",
                )
        return
    groups = sorted({clip.group for clip in clips.values()})
    if len(groups) >= FEWEST:
        return
    if grouped:
        what = "One group is" if len(groups) == 1 else f"{len(groups)} groups are"
        raise DataError(
            f"{what} too few to test on people who are not in the training data.",
            where=where,
            expected=f"clips of at least {FEWEST} groups, or a column with train, val and test",
            found=", ".join(groups),
            remedy="Add clips of other people. Or remove the group column (rename it if it is called "
            "group): folds are then split by clip, and results hold only for these people. Or define "
            "the split yourself with --split.",
        )
    raise DataError(
        "There are too few clips.",
        where=where,
        expected=f"at least {FEWEST}; 20 or more for a useful interval",
        found=str(len(clips)),
        remedy="Add clips.",
    )


def advice(
    tasks: Sequence[Task], clips: Mapping[str, OwnClip], grouped: bool, split: bool
) -> tuple[str, ...]:
    """What a person should know of the numbers to come.

    Args:
        tasks: The dataset's tasks.
        clips: Its clips.
        grouped: Whether a column says what the groups are.
        split: Whether a column splits.
    """
    of_tasks = (note for task in tasks for note in _of_task(task, clips))
    return (*_of_groups(clips, grouped, split), *_of_spelling(clips), *_of_copies(clips), *of_tasks)


def _of_groups(clips: Mapping[str, OwnClip], grouped: bool, split: bool) -> Iterator[str]:
    groups = {clip.group for clip in clips.values()}
    if not grouped:
        yield (
            "No column gives the groups, so each clip is its own group. Clips of one person may then be in "
            "both train and test, and results may be too good for new people. Add a column group, or name "
            "one with --group."
        )
    elif len(groups) < _FEW_GROUPS:
        yield (
            f"Only {len(groups)} groups: intervals resample groups and will be wide. Read the interval, not "
            f"just the number. More people help more than more clips of the same people."
        )
    shared = straddling(clips) if split else []
    if shared:
        yield (
            f"{len(shared)} groups are in several parts of the split, e.g. {shared[0]}: results may be too "
            f"good for new people."
        )
    if split and not any(clip.part == "val" for clip in clips.values()):
        yield "The split has no val part: thresholds stay at .5, and methods cannot select epochs on val."


def _of_spelling(clips: Mapping[str, OwnClip]) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    for group in sorted({clip.group for clip in clips.values()}):
        alike.setdefault(bare(group.casefold()), []).append(group)
    for names in alike.values():
        if len(names) > 1:
            yield (
                f"Groups {' and '.join(names)} differ only in spelling. If they are the same, use one name; "
                f"otherwise clips of one group may be in both train and test."
            )


def _of_copies(clips: Mapping[str, OwnClip]) -> Iterator[str]:
    same: dict[str, list[str]] = {}
    for name, clip in clips.items():
        same.setdefault(clip.sha256, []).append(name)
    apart = [names for names in same.values() if len({clips[name].group for name in names}) > 1]
    if apart:
        yield (
            f"{len(apart)} files are in the table more than once, in several groups, e.g. "
            f"{' and '.join(apart[0][:2])}: a method may be tested on its training data. Remove the copies, "
            f"or put them in one group."
        )


def _of_task(task: Task, clips: Mapping[str, OwnClip]) -> Iterator[str]:
    values = [clip.labels[task.id] for clip in clips.values()]
    if task.kind is TaskKind.SCORE:
        if len(values) < _FEW_SCORES:
            yield f"{task.id}: only {len(values)} scores: rank correlations of so few values are imprecise."
        return
    errors = int(sum(values))
    least = min(errors, len(values) - errors)
    if least == 0:
        which, other = ("no error", "with the error") if errors == 0 else ("the error", "without it")
        yield (
            f"{task.id}: every clip has {which}: there is nothing to learn, and no method beats the floor. "
            f"Runs still score each clip. Add clips {other}."
        )
    elif least < _FEW_ERRORS:
        which = "with the error" if errors == least else "without the error"
        yield (
            f"{task.id}: only {least} of {len(values)} clips are {which}: expect intervals that include the "
            f"floor. Add clips, look at single clips, or compare methods by their paired difference "
            f"(aqa-bench compare)."
        )
    for part in ("train", "val", "test"):
        found = {clip.labels[task.id] for clip in clips.values() if clip.part == part}
        if len(found) == 1 and least:
            yield f"{task.id}: all clips of {part} have label {found.pop():g}."
