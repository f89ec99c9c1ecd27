"""Building the leaderboards from submissions, and checking that they are what the submissions say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from pydantic import ValidationError

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.model import DatasetBoards, board_name
from aqa_bench.boards.pages.latex import as_latex
from aqa_bench.boards.pages.overall import overall_files, read_version
from aqa_bench.boards.pages.render import as_csv, as_json, as_markdown
from aqa_bench.boards.papers.tables import PAPERS, TABLES, paper_files
from aqa_bench.boards.rescore import check_metrics
from aqa_bench.boards.runs import Problem, SubmittedRun, check_files, find_runs, find_strays
from aqa_bench.boards.unchecked import check_against_records, extended
from aqa_bench.boards.versions import LOCK_FILE, locked_version
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.files import pretty_json, sha256_file, write_atomic
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE
from aqa_bench.core.registry import known_dataset, open_dataset

__all__ = ["BuildReport", "CheckReport", "build", "check", "current_boards"]

_FILES = {"table.json": as_json, "table.csv": as_csv, "table.md": as_markdown, "table.tex": as_latex}


@dataclass
class BuildReport:
    """What a build did.

    Attributes:
        written: Leaderboard folders written.
        kept: Datasets whose committed tables were left as they are, with the reason.
    """

    written: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


@dataclass
class CheckReport:
    """What a check found.

    Attributes:
        problems: Everything that does not hold.
        rescored: Runs whose every number was recomputed from predictions and labels.
        unscored: Datasets whose labels are not at hand, with the reason; their runs and tables were
            checked for consistency only.
    """

    problems: list[Problem] = field(default_factory=list)
    rescored: int = 0
    unscored: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def build(
    submissions: Path,
    leaderboards: Path,
    progress: Progress | None = None,
    *,
    as_of: str | None = None,
    jobs: int = 1,
) -> BuildReport:
    """Write ``<leaderboards>/<version>/<dataset>/`` for every dataset with submissions, and the overall page.

    Datasets whose labels are not at hand keep their committed tables, in which new rows are unchecked.

    Args:
        submissions: Folder of submitted runs.
        leaderboards: Folder of leaderboards.
        progress: Where to report.
        as_of: An earlier version to build again: from the runs that its locks name, and no others.
        jobs: Processes; the tables do not depend on it.

    Raises:
        DataError: A run is damaged, or does not belong where it is, or is not what the lock of ``as_of``
            says.
        UsageError: There are no leaderboards of that version.
    """
    progress = NullProgress() if progress is None else progress
    version = BENCHMARK_VERSION if as_of is None else as_of
    report = BuildReport()
    by_dataset = _by_dataset(
        _sound_runs(submissions) if as_of is None else locked_version(submissions, leaderboards, as_of)
    )
    progress.start("leaderboards", len(by_dataset))
    try:
        for name, members in by_dataset.items():
            dataset = _at_hand(name, members)
            if isinstance(dataset, Dataset):
                folder = leaderboards / version / board_name(name)
                boards = assemble(version, dataset, members, jobs=jobs)
                for file, text in _contents(boards, members).items():
                    write_atomic(folder / file, text)
                report.written.append(folder.as_posix())
            else:
                report.kept[name] = dataset
                _extend(leaderboards / version / board_name(name), members)
            progress.advance()
    finally:
        progress.close()
    built = read_version(leaderboards, version)
    for file, text in (overall_files(version, built) if built else {}).items():
        write_atomic(leaderboards / version / file, text)
    return report


def check(
    submissions: Path,
    leaderboards: Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    base: Path | None = None,
) -> CheckReport:
    """Recompute every number of the leaderboards from the submitted predictions.

    Args:
        submissions: Folder of submitted runs.
        leaderboards: Folder of leaderboards.
        progress: Where to report.
        jobs: Processes; 1 scores in this one.
        base: Leaderboards that were accepted before. Where the labels are not at hand, a table has to be
            that one, with unchecked rows for what was submitted since; without it, ranks and intervals
            of such a table are believed.
    """
    progress = NullProgress() if progress is None else progress
    report = CheckReport()
    runs = find_runs(submissions)
    report.problems += [*check_files(runs), *find_strays(submissions)]
    damaged = {problem.path.removesuffix(f"/{PREDICTIONS_FILE}") for problem in report.problems}
    by_dataset = _by_dataset(runs)
    boards: dict[str, DatasetBoards] = {}
    progress.start("check", len(runs))
    try:
        for name, members in by_dataset.items():
            folder = leaderboards / BENCHMARK_VERSION / board_name(name)
            dataset = _at_hand(name, members)
            if isinstance(dataset, Dataset):
                sound = [run for run in members if run.path not in damaged]
                progress.advance(len(members) - len(sound))
                checked = Parallel(n_jobs=jobs, return_as="generator")(
                    delayed(_check_run)(run, dataset if jobs == 1 else None) for run in sound
                )
                for problems in checked:
                    report.problems += problems
                    report.rescored += 1
                    progress.advance()
                if not any(run.path in damaged for run in members):
                    try:
                        boards[name] = assemble(BENCHMARK_VERSION, dataset, members, jobs=jobs)
                    except AqaBenchError as error:
                        report.problems.append(_not_built(folder, error))
                    else:
                        report.problems += _differences(folder, _contents(boards[name], members))
            else:
                report.unscored[name] = dataset
                report.problems += _consistency(folder, members, base)
                committed = _committed(folder)
                if committed is not None:
                    boards[name] = committed
                progress.advance(len(members))
    finally:
        progress.close()
    orphans = list(_orphans(leaderboards / BENCHMARK_VERSION, by_dataset))
    # A table too many would be missing from the overall page too: one cause, one problem.
    report.problems += orphans or _overall_problems(leaderboards)
    if boards.keys() == by_dataset.keys():
        report.problems += _paper_problems(leaderboards / PAPERS, boards, runs)
    return report


def current_boards(
    runs: Sequence[SubmittedRun], leaderboards: Path, progress: Progress
) -> dict[str, DatasetBoards]:
    """Boards of every dataset: of the runs where its labels are at hand, else as they are committed.

    Raises:
        DataError: A run is damaged.
    """
    found: dict[str, DatasetBoards] = {}
    for name, members in _by_dataset(runs).items():
        dataset = _at_hand(name, members)
        if isinstance(dataset, Dataset):
            found[name] = assemble(BENCHMARK_VERSION, dataset, members)
        elif committed := _committed(leaderboards / BENCHMARK_VERSION / board_name(name)):
            found[name] = committed
        progress.advance()
    return found


def _by_dataset(runs: Sequence[SubmittedRun]) -> dict[str, list[SubmittedRun]]:
    grouped: dict[str, list[SubmittedRun]] = defaultdict(list)
    for run in runs:
        grouped[run.record.dataset].append(run)
    return dict(sorted(grouped.items()))


def _at_hand(name: str, runs: Sequence[SubmittedRun]) -> Dataset | str:
    """The dataset, or why it cannot be used to score these runs."""
    try:
        dataset = open_dataset(name)
    except AqaBenchError as error:
        return error.what
    found = dataset.fingerprint()
    strangers = [run.path for run in runs if run.record.dataset_fingerprint != found]
    if strangers:
        return f"{len(strangers)} runs were made on other data than those at hand, e.g. {strangers[0]}"
    return dataset


def _check_run(run: SubmittedRun, dataset: Dataset | None) -> list[Problem]:
    return list(check_metrics(_open_once(run.record.dataset) if dataset is None else dataset, run))


# Datasets are not sent to other processes: each opens them once.
_open_once = lru_cache(open_dataset)


def _sound_runs(submissions: Path) -> list[SubmittedRun]:
    runs = find_runs(submissions)
    for problem in [*check_files(runs), *find_strays(submissions)]:
        raise DataError(
            "A submission is damaged.", where=problem.path, expected=problem.expected, found=problem.found
        )
    return runs


def _contents(boards: DatasetBoards, runs: Sequence[SubmittedRun]) -> dict[str, str]:
    return {name: render(boards) for name, render in _FILES.items()} | {
        LOCK_FILE: _lock(boards.version, boards.fingerprint, runs)
    }


def _lock(version: str, fingerprint: str, runs: Sequence[SubmittedRun]) -> str:
    inputs = {
        run.path: {name: sha256_file(run.folder / name) for name in (RECORD_FILE, PREDICTIONS_FILE)}
        for run in runs
    }
    return pretty_json({"version": version, "dataset_fingerprint": fingerprint, "runs": inputs})


def _committed(folder: Path) -> DatasetBoards | None:
    try:
        return DatasetBoards.model_validate_json((folder / "table.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _not_built(folder: Path, error: AqaBenchError) -> Problem:
    return Problem(
        path=folder.name, rule="the table can be built", expected="sound submissions", found=str(error)
    )


def _paper_problems(
    folder: Path, boards: Mapping[str, DatasetBoards], runs: Sequence[SubmittedRun]
) -> Iterator[Problem]:
    if not folder.is_dir():
        return
    files = paper_files(TABLES, boards, runs)
    yield from _differences(folder, files)
    for name in sorted({file.name for file in folder.iterdir()} - files.keys()):
        yield Problem(
            path=f"{folder.name}/{name}",
            rule="every table has submissions",
            expected=", ".join(sorted(files)[:3]) + ", ...",
            found="another file",
        )


def _overall_problems(leaderboards: Path) -> list[Problem]:
    folder = leaderboards / BENCHMARK_VERSION
    try:
        boards = read_version(leaderboards, BENCHMARK_VERSION)
    except DataError:
        # The table that cannot be read is a problem of its own.
        return []
    return list(_differences(folder, overall_files(BENCHMARK_VERSION, boards))) if boards else []


def _differences(folder: Path, contents: Mapping[str, str]) -> Iterator[Problem]:
    for name, expected in contents.items():
        file = folder / name
        found = file.read_bytes().decode(errors="replace") if file.is_file() else ""
        if found != expected:
            line, old, new = _first_difference(found, expected)
            yield Problem(
                path=f"{folder.name}/{name}:{line}",
                rule="the table is what the predictions say",
                expected=new,
                found=old,
            )


def _extend(folder: Path, runs: Sequence[SubmittedRun]) -> None:
    """Bring a committed table to today's runs without labels, its new rows unchecked."""
    committed = _committed(folder)
    if committed is not None:
        for file, text in _contents(extended(committed, runs), runs).items():
            write_atomic(folder / file, text)


def _consistency(folder: Path, runs: Sequence[SubmittedRun], base: Path | None) -> Iterator[Problem]:
    """What can be checked without labels: the table is the accepted one, brought to these runs."""
    file = folder / "table.json"
    try:
        boards = DatasetBoards.model_validate_json(file.read_text(encoding="utf-8"))
        lock: Any = json.loads((folder / LOCK_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError) as error:
        yield Problem(
            path=f"{folder.name}", rule="tables can be read", expected="table.json", found=str(error)
        )
        return
    accepted = None if base is None else _committed(base / folder.relative_to(folder.parents[1]))
    if base is not None and accepted is None:
        yield Problem(
            path=folder.name,
            rule="a table is built by somebody who has the labels",
            expected="no table before that",
            found="a new one, which nobody can compute here",
        )
    yield from check_against_records(boards, runs, known_dataset(boards.dataset))
    built = extended(boards if accepted is None else accepted, runs)
    yield from _differences(folder, {name: render(built) for name, render in _FILES.items()})
    expected = json.loads(_lock(BENCHMARK_VERSION, lock.get("dataset_fingerprint", ""), runs))
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


def _orphans(folder: Path, by_dataset: Mapping[str, object]) -> Iterator[Problem]:
    known = {board_name(name) for name in by_dataset}
    for table in sorted(folder.glob("*/table.json")):
        if table.parent.name not in known:
            yield Problem(
                path=table.parent.name,
                rule="every table has submissions",
                expected="runs below submissions",
                found="none",
            )


def _first_difference(old: str, new: str) -> tuple[int, str, str]:
    lines_old, lines_new = old.splitlines(), new.splitlines()
    for number in range(max(len(lines_old), len(lines_new))):
        a = lines_old[number] if number < len(lines_old) else "nothing"
        b = lines_new[number] if number < len(lines_new) else "nothing"
        if a != b:
            return number + 1, a.strip(), b.strip()
    return 0, "other line ends", "this text"
