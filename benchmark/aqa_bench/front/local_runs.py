"""Runs below any folder, each among the rows of its board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.runs import run_folders
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.registry import find_dataset, find_task
from aqa_bench.front.board import standings_of
from aqa_bench.front.running import Run, open_run
from aqa_bench.front.standings import Standings

__all__ = ["LocalStandings", "find_local", "local_standings"]


@dataclass(frozen=True)
class LocalStandings:
    """Local runs among the rows of their boards.

    Attributes:
        boards: One for each dataset, task and scheme, sorted.
        left_out: Why folders are not among them.
    """

    boards: tuple[Standings, ...]
    left_out: dict[str, str]


def find_local(folders: Iterable[Path]) -> tuple[list[Run], dict[str, str]]:
    """Runs below folders, each once, and why others cannot be shown.

    Args:
        folders: The folders; what is hidden in them is left alone.

    Raises:
        DataError: A folder does not exist.
    """
    runs: dict[str, Run] = {}
    left_out: dict[str, str] = {}
    seen: set[Path] = set()
    for root in folders:
        if not root.is_dir():
            raise DataError(
                "The folder does not exist.",
                where=root,
                expected="a folder of runs, as given to aqa-bench run --out",
                found="no such folder",
            )
        for folder in run_folders(root).values():
            if folder.resolve() in seen:
                continue
            seen.add(folder.resolve())
            try:
                run = open_run(folder)
            except AqaBenchError as error:
                left_out[str(folder)] = error.what
                continue
            if run.record.benchmark_version != BENCHMARK_VERSION:
                left_out[str(folder)] = f"it uses protocol {run.record.benchmark_version}"
            elif (first := runs.setdefault(run.record.run_id, run)) is not run:
                left_out[str(folder)] = f"it is the same run as {first.path}"
    return list(runs.values()), left_out


def local_standings(
    folders: Iterable[Path],
    dataset: str | None = None,
    task: str | None = None,
    submissions: Path | None = None,
) -> LocalStandings:
    """Local runs among the rows of their boards.

    Args:
        folders: Folders with runs, at any depth.
        dataset: Only this one.
        task: Only this one.
        submissions: As :func:`aqa_bench.front.board.leaderboard`.

    Raises:
        DataError: A folder does not exist.
        UsageError: There is no such dataset, or it has no such task.
    """
    only = None if dataset is None else find_dataset(dataset)
    if only is not None and task is not None:
        find_task(only, task)
    runs, left_out = find_local(folders)
    grouped: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        record = run.record
        for name in record.tasks:
            if (only is None or record.dataset == only.id) and task in (None, name):
                grouped[record.dataset, name, record.scheme].append(run)
    boards = []
    for (name, each, scheme), members in sorted(grouped.items()):
        try:
            boards.append(standings_of(name, each, scheme=scheme, extra=members, submissions=submissions))
        except AqaBenchError as error:
            left_out |= {str(run.path): error.what for run in members}
    return LocalStandings(tuple(boards), left_out)
