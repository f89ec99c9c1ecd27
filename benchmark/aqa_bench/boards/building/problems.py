"""What does not hold of leaderboards: each function names it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.building.contents import PICTURES, RENDERERS, lock_text
from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.pages.overall import overall_files, read_version
from aqa_bench.boards.papers.tables import TABLES, paper_files
from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.boards.unchecked import check_against_records, extended
from aqa_bench.boards.versions import LOCK_FILE, locked_paths
from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.registry import known_dataset

__all__ = [
    "committed_boards",
    "consistency",
    "differences",
    "homeless",
    "kept",
    "links",
    "not_built",
    "overall_problems",
    "paper_problems",
    "strays",
]


def committed_boards(folder: Path) -> DatasetBoards | None:
    """The boards as their folder has them; None where they cannot be read."""
    try:
        return DatasetBoards.model_validate_json((folder / "table.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def not_built(folder: Path, error: AqaBenchError) -> Problem:
    """A table that could not be built."""
    return Problem(
        path=folder.name, rule="the table can be built", expected="valid submissions", found=str(error)
    )


def homeless(leaderboards: Path, runs: Sequence[SubmittedRun]) -> Iterator[Problem]:
    """Runs of a version that is neither the current one nor one whose tables name them."""
    for version in sorted({run.record.benchmark_version for run in runs} - {BENCHMARK_VERSION}):
        known = locked_paths(leaderboards, version)
        for run in runs:
            if run.record.benchmark_version == version and run.path not in known:
                yield Problem(
                    path=run.path,
                    rule="a run uses the current protocol",
                    expected=f"{BENCHMARK_VERSION}, or a run named by the leaderboards of {version}",
                    found=version,
                )


def strays(
    folder: Path, known: Mapping[str, Collection[str] | None], pages: Collection[str] = ()
) -> Iterator[Problem]:
    """What no build writes.

    Args:
        folder: Folder of leaderboards, or those of a version.
        known: The folders in it that a build writes, each with its files; None where that is not looked at.
        pages: The files beside them.
    """
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_dir() and entry.name not in known:
            yield Problem(
                path=entry.name,
                rule="every table has submissions",
                expected="runs below submissions",
                found="none",
            )
            continue
        files = known[entry.name] if entry.is_dir() else pages
        names = {file.name for file in entry.iterdir()} if entry.is_dir() else {entry.name}
        for name in sorted(names - {*(names if files is None else files)}):
            yield Problem(
                path=f"{entry.name}/{name}" if entry.is_dir() else name,
                rule="every file is one that the build writes",
                expected=", ".join(sorted(files or ())) or "no file",
                found="another one",
            )


def links(folder: Path) -> Iterator[Problem]:
    """Links: what they lead to is not what whoever merges them gets."""
    for path in (folder, *sorted(folder.rglob("*"))):
        if path.is_symlink():
            yield Problem(
                path=path.relative_to(folder.parent).as_posix(),
                rule="no links and no devices",
                expected="a plain file or folder",
                found=f"a link to {path.readlink()}",
            )


def kept(folder: Path, base: Path, names: Iterable[str]) -> Iterator[Problem]:
    """Files that nobody can compute here, and that are not what was accepted.

    Args:
        folder: Where they lie.
        base: Where they lay.
        names: Their names.
    """
    for name in names:
        now, before = (file.read_bytes() if file.is_file() else None for file in (folder / name, base / name))
        if now != before:
            yield Problem(
                path=f"{folder.name}/{name}",
                rule="what needs labels is computed by somebody who has them",
                expected="no such file" if before is None else "the file as it was accepted",
                found="no such file" if now is None else "another one",
            )


def overall_problems(leaderboards: Path, version: str) -> list[Problem]:
    """Where the overall page is not what the tables say."""
    folder = leaderboards / version
    try:
        boards = read_version(leaderboards, version)
    except DataError:
        # The table that cannot be read is a problem of its own.
        return []
    return list(differences(folder, overall_files(version, boards))) if boards else []


def paper_problems(
    folder: Path, boards: Mapping[str, DatasetBoards], runs: Sequence[SubmittedRun]
) -> Iterator[Problem]:
    """Where the papers' tables are not what the boards say."""
    if not folder.is_dir():
        return
    files = paper_files(TABLES, boards, runs)
    yield from differences(folder, files)
    for name in sorted({file.name for file in folder.iterdir()} - files.keys()):
        yield Problem(
            path=f"{folder.name}/{name}",
            rule="every table has submissions",
            expected=", ".join(sorted(files)[:3]) + ", ...",
            found="another file",
        )


def consistency(
    folder: Path,
    version: str,
    runs: Sequence[SubmittedRun],
    submissions: Path,
    base: Path | None,
) -> Iterator[Problem]:
    """What can be checked without labels: the table is the accepted one, brought to these runs.

    Args:
        folder: The dataset's leaderboard.
        version: Its version.
        runs: The runs of its dataset.
        submissions: The folder that holds them.
        base: Leaderboards that were accepted before, or None.
    """
    file = folder / "table.json"
    try:
        boards = DatasetBoards.model_validate_json(file.read_text(encoding="utf-8"))
        lock: Any = parse_json(read_bounded(folder / LOCK_FILE))
    except (OSError, ValueError, ValidationError) as error:
        yield Problem(
            path=f"{folder.name}", rule="tables can be read", expected="table.json", found=str(error)
        )
        return
    before = None if base is None else base / folder.relative_to(folder.parents[1])
    accepted = None if before is None else committed_boards(before)
    if base is not None and accepted is None:
        yield Problem(
            path=folder.name,
            rule="a table is built where the labels are available",
            expected="no new table",
            found="a new table, whose labels are not available here",
        )
    yield from check_against_records(boards, runs, known_dataset(boards.dataset))
    built = extended(boards if accepted is None else accepted, runs)
    yield from differences(folder, {name: render(built) for name, render in RENDERERS.items()})
    yield from () if before is None else kept(folder, before, PICTURES)
    expected = json.loads(lock_text(version, lock.get("dataset_fingerprint", ""), runs, submissions))
    if lock != expected:
        names = sorted(set(expected["runs"]) ^ set(lock.get("runs", {}))) or sorted(
            name for name, hashes in expected["runs"].items() if lock["runs"][name] != hashes
        )
        yield Problem(
            path=f"{folder.name}/{LOCK_FILE}",
            rule="the tables were built from these submissions",
            expected="the runs below submissions",
            found=f"differs for {', '.join(names[:3]) or 'the version'}",
        )


def differences(folder: Path, contents: Mapping[str, str]) -> Iterator[Problem]:
    """Files that are not what they should be, each with its first line that differs."""
    for name, expected in contents.items():
        file = folder / name
        found = file.read_bytes().decode(errors="replace") if file.is_file() else ""
        if found != expected:
            line, old, new = _first_difference(found, expected)
            yield Problem(
                path=f"{folder.name}/{name}:{line}",
                rule="the table follows from the predictions",
                expected=new,
                found=old,
            )


def _first_difference(old: str, new: str) -> tuple[int, str, str]:
    lines_old, lines_new = old.splitlines(), new.splitlines()
    for number in range(max(len(lines_old), len(lines_new))):
        a = lines_old[number] if number < len(lines_old) else "nothing"
        b = lines_new[number] if number < len(lines_new) else "nothing"
        if a != b:
            return number + 1, a.strip(), b.strip()
    return 0, "different line endings", "this text"
