"""Judging submissions: the one function behind ``aqa-bench validate`` and the check of pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.boards.submission.base import check_history, open_base, run_folders, same_bytes
from aqa_bench.boards.submission.cards import check_cards, check_licence, is_new_plugin
from aqa_bench.boards.submission.data import DataDesk, check_against_data, check_against_earlier
from aqa_bench.boards.submission.files import parse_record, place_of, scan
from aqa_bench.boards.submission.plugin import check_method_folder, is_changed, method_folders
from aqa_bench.boards.submission.predictions import check_predictions, load_predictions
from aqa_bench.boards.submission.record import check_identity, check_record, task_kinds
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.record import RECORD_FILE, read_record
from aqa_bench.core.registry import known_dataset, methods

__all__ = ["Validation", "validate"]


class Validation(BaseModel):
    """What a validation found.

    Attributes:
        ok: Whether nothing is wrong.
        problems: Everything that does not hold.
        rescored: Runs whose every number was recomputed from predictions and labels.
        consistency_only: Runs whose labels are not at hand, with the reason; they were checked against
            themselves, their cards and earlier runs.
        unchanged: Number of runs that are, byte for byte, what was accepted before; not judged again.
        conformance: Methods that come with the submission: the conformance suite has to pass on them.
    """

    model_config = ConfigDict(extra="forbid")

    ok: bool = True
    problems: list[Problem] = Field(default_factory=list)
    rescored: list[str] = Field(default_factory=list)
    consistency_only: dict[str, str] = Field(default_factory=dict)
    unchanged: int = 0
    conformance: list[str] = Field(default_factory=list)


def validate(
    paths: Sequence[Path],
    *,
    base: str | None = None,
    comment: bool = False,
    progress: Progress | None = None,
) -> tuple[Validation, str]:
    """Judge submissions.

    Args:
        paths: Folders of submissions, parts of them (a dataset's, a method's or a run's folder, or a
            run's file), and folders of methods. A path that is gone may be named where ``base`` is given.
        base: What was accepted before: a folder of submissions, a checkout, or a revision. Runs that
            are the same there are not judged again; those that are missing or changed are problems.
        comment: Whether to compare new runs with the best earlier ones.
        progress: Where to report.

    Returns:
        What was found, and the comparison as Markdown (empty unless asked for).

    Raises:
        UsageError: A path does not exist, or ``base`` is neither a folder nor a revision.
    """
    progress = NullProgress() if progress is None else progress
    result, parts = Validation(), []
    roots: dict[Path, list[str]] = {}
    for path in paths:
        folders = method_folders(path)
        for folder in (f for f in folders if is_changed(f, base)):
            result.problems += check_method_folder(folder)
            result.conformance.append(folder.name.replace("_", "-"))
        if folders:
            continue
        root, below = place_of(path)
        if not path.exists() and base is None:
            raise UsageError("There is no such path.", where=path, expected="a run, or a folder of runs")
        roots.setdefault(root, []).append(below)
    for root, selected in roots.items():
        with open_base(base, root) as accepted:
            parts.append(_judge_root(root, selected, accepted, result, comment, progress))
    result.conformance = sorted(set(result.conformance))
    result.ok = not result.problems
    return result, "\n".join(part for part in parts if part)


def _judge_root(
    root: Path,
    selected: Sequence[str],
    accepted: Path | None,
    result: Validation,
    comment: bool,
    progress: Progress,
) -> str:
    found: dict[str, Path] = {}
    for below in selected:
        findings = scan(root, below)
        found |= findings.runs
        result.problems += [p for p in findings.problems if p not in result.problems]
    before = run_folders(accepted) if accepted is not None else {}
    result.problems += check_history(root, before, selected)
    new = {path: folder for path, folder in found.items() if path not in before}
    same = [path for path in found if path in before and same_bytes(before[path], found[path])]
    result.unchanged += len(same)
    if accepted is None:
        before = {path: folder for path, folder in run_folders(root).items() if path not in found}
    earlier = _readable(before)
    desk, judged = DataDesk(), []
    progress.start("validate", len(new))
    try:
        for path, folder in new.items():
            record, problems = _read(folder, path)
            result.problems += problems
            if record is not None:
                result.problems += _judge_run(record, root, earlier, desk, result)
                judged.append(record.run)
            progress.advance()
    finally:
        progress.close()
    result.problems += _duplicates(judged, earlier)
    if comment:
        from aqa_bench.boards.submission.comment import compare_with_best

        return compare_with_best(judged, earlier, desk)
    return ""


def _read(folder: Path, path: str) -> tuple[Submission | None, list[Problem]]:
    try:
        text = (folder / RECORD_FILE).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        where = f"{path}/{RECORD_FILE}"
        return None, [Problem(path=where, rule="the record is JSON", expected="UTF-8 text", found=str(error))]
    record = parse_record(text, path)
    if isinstance(record, list):
        return None, record
    table, problems = load_predictions(folder, record, path)
    return Submission(path, folder, record, table), problems


def _judge_run(
    submission: Submission,
    root: Path,
    earlier: Sequence[SubmittedRun],
    desk: DataDesk,
    result: Validation,
) -> Iterator[Problem]:
    record = submission.record
    card = known_dataset(record.dataset)
    kinds = task_kinds(submission, {} if card is None else {task.id: task.kind for task in card.tasks})
    problems = [
        *check_identity(submission),
        *check_record(submission, kinds),
        *check_predictions(submission, kinds),
        *check_cards(submission, root),
        *check_licence(submission),
    ]
    yield from problems
    if record.method not in methods() and is_new_plugin(root, "methods", record.method):
        result.conformance.append(record.method)
    if _blocks_scoring(submission, problems):
        return
    dataset = desk.of(record.dataset, record.dataset_fingerprint)
    if isinstance(dataset, Dataset):
        result.rescored.append(submission.path)
        yield from check_against_data(submission, dataset, desk)
        return
    result.consistency_only[submission.path] = dataset
    at_hand = desk.fingerprint(record.dataset)
    peers = [r for r in earlier if r.record.dataset == record.dataset]
    known = {r.record.dataset_fingerprint for r in peers}
    if at_hand is not None and record.dataset_fingerprint not in known:
        yield submission.about_record(
            "dataset_fingerprint",
            "the dataset is the one at hand, or one that earlier runs used",
            at_hand,
            record.dataset_fingerprint,
        )
    yield from check_against_earlier(submission, peers)


def _blocks_scoring(submission: Submission, problems: Sequence[Problem]) -> bool:
    """Whether the predictions cannot be scored at all, for reasons that were told already."""
    places = {problem.path.partition(": ")[2].partition(".")[0] for problem in problems}
    unfit = {"tasks", "scheme", "dataset", "splits_fingerprint"} & places
    told = any("record's tasks" in problem.rule for problem in problems)
    return submission.predictions is None or bool(unfit) or told


def _readable(folders: Mapping[str, Path]) -> list[SubmittedRun]:
    runs = []
    for path, folder in folders.items():
        try:
            runs.append(SubmittedRun(path, folder, read_record(folder)))
        except DataError:
            # What was accepted before is not judged here.
            continue
    return runs


def _duplicates(new: Sequence[SubmittedRun], earlier: Sequence[SubmittedRun]) -> Iterator[Problem]:
    """Runs that stand twice: under two paths, or as what only differs in words."""
    pairs = [(a, b) for b in new for a in earlier] + list(combinations(new, 2))
    for first, second in pairs:
        a, b = first.record, second.record
        if (a.dataset, a.scheme) != (b.dataset, b.scheme) or first.path == second.path:
            continue
        if a.run_id == b.run_id:
            yield _twice(second, first, "a run stands once", f"run-id {b.run_id} again")
        elif a.predictions_sha256 == b.predictions_sha256 and _should_differ(first, second):
            yield _twice(second, first, "two runs do not share their predictions", "the same predictions")


def _should_differ(first: SubmittedRun, second: SubmittedRun) -> bool:
    """Whether equal predictions of two runs cannot be chance: other seeds, or other contenders."""
    a, b = first.record, second.record
    if a.control or b.control:
        return False
    plugin = methods().get(b.method)
    stochastic = plugin is None or plugin.card.stochastic
    return a.method != b.method or (a.seed != b.seed and stochastic)


def _twice(run: SubmittedRun, first: SubmittedRun, rule: str, found: str) -> Problem:
    return Problem(path=run.path, rule=rule, expected=f"something else than {first.path}", found=found)
