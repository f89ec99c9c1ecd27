"""Building the leaderboards from submissions, and checking that they are what the submissions say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from joblib import Parallel, delayed

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.building.contents import PICTURES, RENDERERS, contents
from aqa_bench.boards.building.problems import (
    committed_boards,
    consistency,
    differences,
    homeless,
    kept,
    links,
    not_built,
    overall_problems,
    paper_problems,
    strays,
)
from aqa_bench.boards.claims.pages import CLAIMS, CLAIMS_FILES, claims_files
from aqa_bench.boards.claims.report import judge_claims
from aqa_bench.boards.closed import check_closed, is_closed
from aqa_bench.boards.curves import curves_files
from aqa_bench.boards.model import DatasetBoards, board_name
from aqa_bench.boards.pages.overall import overall_files, read_version
from aqa_bench.boards.papers.tables import PAPERS
from aqa_bench.boards.receipts import check_receipts, with_verdicts
from aqa_bench.boards.rescore import check_metrics
from aqa_bench.boards.runs import Problem, SubmittedRun, check_files, find_runs, find_strays
from aqa_bench.boards.slices import slices_files
from aqa_bench.boards.unchecked import extended
from aqa_bench.boards.versions import LOCK_FILE, locked_version, versions
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.files import write_atomic
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.record import PREDICTIONS_FILE
from aqa_bench.core.registry import open_dataset

__all__ = ["BuildReport", "CheckReport", "build", "check", "current_boards", "scorable", "sound_runs"]


@dataclass
class BuildReport:
    """What a build did.

    Attributes:
        written: Leaderboard folders written.
        kept: Datasets whose committed tables were left as they are, with the reason.
        claims_kept: Why the committed claims were left as they are; empty where they were written.
        uncounted: Receipts that are damaged or of other files: their runs count as if they had none.
    """

    written: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    claims_kept: str = ""
    uncounted: list[Problem] = field(default_factory=list)


@dataclass
class CheckReport:
    """What a check found.

    Attributes:
        problems: Everything that does not hold.
        rescored: Runs whose every number was recomputed from predictions and labels.
        unscored: Datasets whose labels are not available, with the reason; their runs and tables were
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

    Beside it stand the papers' claims (``claims.md`` and ``claims.json``) under the current protocol.

    Datasets whose labels are not available keep their committed tables, in which new rows are unchecked. Runs
    of other versions of the protocol are left alone. A receipt that is not whole, or of other files, gives no
    badge and stops nothing; the check refuses it.

    Args:
        submissions: Folder of submitted runs; receipts lie in ``receipts`` beside it.
        leaderboards: Folder of leaderboards.
        progress: Where to report.
        as_of: An earlier version to build again: from the runs that its locks name, and no others.
        jobs: Processes; the tables do not depend on it.

    Raises:
        DataError: A run is damaged, or does not belong where it is, or is not what the lock of ``as_of``
            says.
        UsageError: There are no leaderboards of that version, or it is closed.
    """
    progress = NullProgress() if progress is None else progress
    version = BENCHMARK_VERSION if as_of is None else as_of
    if is_closed(leaderboards, version):
        raise UsageError(
            "This version is released and closed; its tables do not change.",
            where=leaderboards / version,
            expected="a version that is not closed",
            found=version,
            remedy="Build them with the release of the package that wrote them.",
        )
    report = BuildReport()
    if as_of is None:
        runs, report.uncounted = sound_runs(submissions)
    else:
        runs = locked_version(submissions, leaderboards, as_of)
    by_dataset = _by_dataset(runs)
    progress.start("leaderboards", len(by_dataset))
    try:
        for name, members in by_dataset.items():
            dataset = scorable(name, members)
            if isinstance(dataset, Dataset):
                folder = leaderboards / version / board_name(name)
                boards = assemble(version, dataset, members, jobs=jobs)
                files = contents(boards, members, submissions) | _pictured(boards, dataset, members)
                for file, text in files.items():
                    write_atomic(folder / file, text)
                report.written.append(folder.as_posix())
            else:
                report.kept[name] = dataset
                _extend(leaderboards / version / board_name(name), members, submissions)
            progress.advance()
    finally:
        progress.close()
    built = read_version(leaderboards, version)
    for file, text in (overall_files(version, built) if built else {}).items():
        write_atomic(leaderboards / version / file, text)
    if version == BENCHMARK_VERSION and built:
        claims = judge_claims([run for members in by_dataset.values() for run in members], scorable)
        report.claims_kept = "; ".join(f"{name}: {why}" for name, why in claims.unscored.items())
        for file, text in ({} if claims.unscored else claims_files(claims)).items():
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
        base: Leaderboards that were accepted before. Where the labels are not available, a table has to be
            that one, with unchecked rows for what was submitted since; without it, ranks and intervals
            of such a table are believed. Versions that are closed there stay as they are.
    """
    progress = NullProgress() if progress is None else progress
    report = CheckReport()
    runs = find_runs(submissions)
    report.problems += [
        *check_files(runs),
        *find_strays(submissions),
        *check_receipts(submissions, runs),
        *homeless(leaderboards, runs),
        *links(leaderboards),
    ]
    tree = _Tree(submissions, leaderboards, base)
    known = {*versions(leaderboards), *([] if base is None else versions(base)), BENCHMARK_VERSION}
    report.problems += strays(leaderboards, dict.fromkeys({*known, PAPERS}))
    progress.start("check", len(runs))
    try:
        for version in sorted(known):
            members = [run for run in runs if run.record.benchmark_version == version]
            if is_closed(leaderboards, version) or (base is not None and is_closed(base, version)):
                report.problems += check_closed(leaderboards, version, base)
                for name, closed in _by_dataset(members).items():
                    _rescore(closed, scorable(name, closed), report, progress, jobs)
            else:
                _check_version(version, with_verdicts(submissions, members), tree, report, progress, jobs)
    finally:
        progress.close()
    return report


@dataclass(frozen=True)
class _Tree:
    """The folders that are checked, and the leaderboards that were accepted before."""

    submissions: Path
    leaderboards: Path
    base: Path | None


def _check_version(
    version: str,
    runs: Sequence[SubmittedRun],
    tree: _Tree,
    report: CheckReport,
    progress: Progress,
    jobs: int,
) -> None:
    by_dataset = _by_dataset(runs)
    boards: dict[str, DatasetBoards] = {}
    written: dict[str, Collection[str]] = {}
    for name, members in by_dataset.items():
        folder = tree.leaderboards / version / board_name(name)
        written[folder.name] = (*RENDERERS, LOCK_FILE, *PICTURES)
        dataset = scorable(name, members)
        sound = _rescore(members, dataset, report, progress, jobs)
        if isinstance(dataset, Dataset):
            if sound:
                try:
                    boards[name] = assemble(version, dataset, members, jobs=jobs)
                except AqaBenchError as error:
                    report.problems.append(not_built(folder, error))
                else:
                    files = contents(boards[name], members, tree.submissions)
                    files |= _pictured(boards[name], dataset, members)
                    report.problems += differences(folder, files)
                    written[folder.name] = files
        else:
            report.problems += consistency(folder, version, members, tree.submissions, tree.base)
            committed = committed_boards(folder)
            if committed is not None:
                boards[name] = committed
    pages = (*overall_files(version, ()), *CLAIMS_FILES)
    too_many = list(strays(tree.leaderboards / version, written, pages))
    # A table too many would be missing from the overall page too: one cause, one problem.
    report.problems += too_many or overall_problems(tree.leaderboards, version)
    # The papers' tables are of the current version, once it has runs.
    if version == BENCHMARK_VERSION and boards and boards.keys() == by_dataset.keys():
        report.problems += paper_problems(tree.leaderboards / PAPERS, boards, runs)
        before = None if tree.base is None else tree.base / version
        report.problems += _claim_problems(tree.leaderboards / version, before, runs)


def _pictured(boards: DatasetBoards, dataset: Dataset, runs: Sequence[SubmittedRun]) -> dict[str, str]:
    """What the site draws and no table holds."""
    return slices_files(boards, dataset, runs) | curves_files(boards, dataset, runs)


def _claim_problems(folder: Path, base: Path | None, runs: Sequence[SubmittedRun]) -> Iterator[Problem]:
    """Where the claims, once they are there, are not what the runs say."""
    places = [folder] if base is None else [folder, base]
    if any((place / name).is_file() for place in places for name in CLAIMS_FILES):
        try:
            report = judge_claims(runs, scorable)
        except AqaBenchError as error:
            yield not_built(folder / CLAIMS, error)
            return
        if not report.unscored:
            yield from differences(folder, claims_files(report))
        elif base is not None:
            yield from kept(folder, base, CLAIMS_FILES)


def _rescore(
    runs: Sequence[SubmittedRun], dataset: Dataset | str, report: CheckReport, progress: Progress, jobs: int
) -> bool:
    """Score runs of one dataset again, or note why not; whether all of them can be read."""
    damaged = {problem.path.removesuffix(f"/{PREDICTIONS_FILE}") for problem in report.problems}
    sound = [run for run in runs if run.path not in damaged]
    if isinstance(dataset, str):
        report.unscored[runs[0].record.dataset] = dataset
        progress.advance(len(runs))
        return len(sound) == len(runs)
    progress.advance(len(runs) - len(sound))
    checked = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_check_run)(run, dataset if jobs == 1 else None) for run in sound
    )
    for problems in checked:
        report.problems += problems
        report.rescored += 1
        progress.advance()
    return len(sound) == len(runs)


def current_boards(
    runs: Sequence[SubmittedRun], leaderboards: Path, progress: Progress
) -> dict[str, DatasetBoards]:
    """Boards of every dataset: of the runs where its labels are available, else as they are committed.

    Raises:
        DataError: A run is damaged.
    """
    found: dict[str, DatasetBoards] = {}
    for name, members in _by_dataset(runs).items():
        dataset = scorable(name, members)
        if isinstance(dataset, Dataset):
            found[name] = assemble(BENCHMARK_VERSION, dataset, members)
        elif committed := committed_boards(leaderboards / BENCHMARK_VERSION / board_name(name)):
            found[name] = committed
        progress.advance()
    return found


def _by_dataset(runs: Sequence[SubmittedRun]) -> dict[str, list[SubmittedRun]]:
    grouped: dict[str, list[SubmittedRun]] = defaultdict(list)
    for run in runs:
        grouped[run.record.dataset].append(run)
    return dict(sorted(grouped.items()))


def scorable(name: str, runs: Sequence[SubmittedRun]) -> Dataset | str:
    """The dataset, or why it cannot be used to score these runs."""
    try:
        dataset = open_dataset(name)
    except AqaBenchError as error:
        return error.what
    found = dataset.fingerprint()
    strangers = [run.path for run in runs if run.record.dataset_fingerprint != found]
    if strangers:
        return f"{len(strangers)} runs used different data from those available, e.g. {strangers[0]}"
    return dataset


def _check_run(run: SubmittedRun, dataset: Dataset | None) -> list[Problem]:
    return list(check_metrics(_open_once(run.record.dataset) if dataset is None else dataset, run))


# Datasets are not sent to other processes: each opens them once.
_open_once = lru_cache(open_dataset)


def sound_runs(submissions: Path) -> tuple[list[SubmittedRun], list[Problem]]:
    """The runs of the current protocol below a folder, with their verdicts; receipts that count for nothing.

    Raises:
        DataError: The folder does not exist, or a run of any protocol is damaged.
    """
    runs = find_runs(submissions)
    for problem in [*check_files(runs), *find_strays(submissions)]:
        raise DataError(
            "A submission is damaged.",
            where=problem.path,
            expected=problem.expected,
            found=problem.found,
            remedy="Restore it from the repository's history, or submit the run again (aqa-bench submit); "
            "aqa-bench leaderboard check names every problem.",
        )
    current = (run for run in runs if run.record.benchmark_version == BENCHMARK_VERSION)
    return with_verdicts(submissions, current), list(check_receipts(submissions, runs))


def _extend(folder: Path, runs: Sequence[SubmittedRun], submissions: Path) -> None:
    """Bring a committed table to today's runs without labels, its new rows unchecked."""
    committed = committed_boards(folder)
    if committed is not None:
        for file, text in contents(extended(committed, runs), runs, submissions).items():
            write_atomic(folder / file, text)
