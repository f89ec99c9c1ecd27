"""Packing runs for a pull request: two files per run, under the path that its record spells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.runs import SubmittedRun, find_runs
from aqa_bench.boards.submission.cards import OWN_RULE
from aqa_bench.boards.submission.checks import Terms, validate
from aqa_bench.boards.submission.recipes import RecipeReader
from aqa_bench.boards.submission.rows import check_rows
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import atomic_directory
from aqa_bench.core.own import is_own
from aqa_bench.core.progress import Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, read_record

__all__ = ["Packed", "pack"]

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}")


@dataclass(frozen=True)
class Packed:
    """A run that lies among the submissions.

    Attributes:
        path: Its folder.
        added: False where the same bytes lay there already.
    """

    path: Path
    added: bool


def pack(
    runs: Sequence[Path],
    out: Path,
    progress: Progress | None = None,
    *,
    submitter: str | None = None,
    recipes: RecipeReader | None = None,
) -> list[Packed]:
    """Copy ``run.json`` and ``predictions.csv`` of runs to ``out/<dataset>/<method>/<run-id>/``.

    Args:
        runs: Folders of runs.
        out: Folder of submissions.
        progress: Where to report.
        submitter: Who proposes them; written into the copied records. None leaves the records as they are.
        recipes: As in :class:`~aqa_bench.boards.submission.checks.Terms`.

    Raises:
        UsageError: The submitter is no name of an account, or a run is on own data.
        DataError: A run does not validate, its row would have other seeds than 0 to n-1 or be of several
            submitters, or another run lies at its place; nothing is copied then.
    """
    if submitter is not None and not _ACCOUNT.fullmatch(submitter):
        raise UsageError(
            "This is not a valid account name.",
            where="--as",
            expected="letters, digits and hyphens, at most 39",
            found=repr(submitter),
        )
    for folder in runs:
        if is_own(read_record(folder).dataset):
            raise UsageError(
                "Runs on your own data cannot be submitted.",
                where=folder,
                expected=OWN_RULE,
                found=read_record(folder).dataset,
                remedy="Score and compare them locally (aqa-bench score, compare). To get a board, publish "
                "the data and add a dataset (docs/adding-a-dataset.md).",
            )
    targets = [_target(folder, out) for folder in runs]
    # Judged where it lies, so that nothing that is unfit ever reaches the submissions.
    result, _ = validate(
        list(dict.fromkeys(runs)), terms=Terms(rows=False, recipes=recipes), progress=progress
    )
    named = [read_record(folder).model_copy(update=_named(submitter)) for folder in runs]
    new = [
        SubmittedRun(target.relative_to(out).as_posix(), target, record)
        for target, record in zip(targets, named, strict=True)
    ]
    paths = {run.path for run in new}
    lying = [run for run in find_runs(out) if run.path not in paths] if out.is_dir() else []
    problems = [*result.problems, *check_rows(new, lying)]
    if problems:
        first, more = problems[0], len(problems) - 1
        raise DataError(
            "This run cannot be submitted; nothing was copied.",
            where=first.path,
            expected=f"{first.rule}: {first.expected}",
            found=first.found + (f" (and {more} more problems)" if more else ""),
            remedy="See every problem with aqa-bench validate; repeat the run with --force.",
        )
    contents = [_contents(folder, submitter) for folder in runs]
    for target, content in zip(targets, contents, strict=True):
        if target.exists() and _lying(target) != content:
            raise DataError(
                "A different run already exists at this path; nothing was copied.",
                where=target,
                expected="the same bytes, or no such folder",
                found="a run with the same id but different bytes",
                remedy="Submitted results do not change: submit a new run (another seed or version) instead.",
            )
    return [_copy(content, target) for content, target in zip(contents, targets, strict=True)]


def _target(folder: Path, out: Path) -> Path:
    record = read_record(folder)
    parts = f"{record.dataset}/{record.method}/{record.run_id}".split("/")
    if any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise DataError(
            "A run's ids do not form a valid path.",
            where=folder,
            expected="dataset, method and run-id",
            found="/".join(parts),
        )
    return out.joinpath(*parts)


def _named(submitter: str | None) -> dict[str, str]:
    return {} if submitter is None else {"submitter": submitter}


def _contents(folder: Path, submitter: str | None) -> dict[str, bytes]:
    """The two files as they are submitted: byte for byte, save the name of the submitter."""
    content = {name: (folder / name).read_bytes() for name in (RECORD_FILE, PREDICTIONS_FILE)}
    if submitter is not None:
        record = read_record(folder).model_copy(update=_named(submitter))
        content[RECORD_FILE] = record.to_json().encode()
    return content


def _lying(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name in (RECORD_FILE, PREDICTIONS_FILE)}


def _copy(content: Mapping[str, bytes], target: Path) -> Packed:
    if target.exists():
        return Packed(target, added=False)
    with atomic_directory(target) as staging:
        for name, data in content.items():
            (staging / name).write_bytes(data)
    return Packed(target, added=True)
