"""Judging submissions: the one function behind ``aqa-bench validate`` and the check of pull requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.closed import released_runs
from aqa_bench.boards.receipts import check_receipts, with_verdicts
from aqa_bench.boards.runs import Problem, SubmittedRun, run_folders
from aqa_bench.boards.submission.base import check_history, is_of, open_base, same_bytes
from aqa_bench.boards.submission.cards import check_cards, check_licence, check_version, is_new_plugin
from aqa_bench.boards.submission.code import check_code
from aqa_bench.boards.submission.data import DataDesk, check_against_data, check_against_earlier
from aqa_bench.boards.submission.facts import check_facts
from aqa_bench.boards.submission.files import FOLDER, parse_record, place_of, scan
from aqa_bench.boards.submission.members import check_members
from aqa_bench.boards.submission.migrated import LEADERBOARDS, check_migrated
from aqa_bench.boards.submission.neighbours import check_neighbours
from aqa_bench.boards.submission.plugin import check_method_folder, is_changed, method_folders
from aqa_bench.boards.submission.predictions import check_predictions, load_predictions
from aqa_bench.boards.submission.receipts import check_receipts_kept
from aqa_bench.boards.submission.recipes import RecipeDesk, RecipeReader, recipe_owner
from aqa_bench.boards.submission.record import check_identity, check_record, task_kinds
from aqa_bench.boards.submission.result import Validation
from aqa_bench.boards.submission.rows import check_rows, check_submitter
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.dataset_id import family_of
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.receipt import RECEIPTS
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, read_record
from aqa_bench.core.registry import known_dataset, methods
from aqa_bench.core.sealed import Damaged

__all__ = ["Terms", "Validation", "validate"]


@dataclass(frozen=True)
class Terms:
    """What a submission is judged by, besides the rules.

    Attributes:
        require_labels: Whether a run that cannot be scored again is a problem. Only runs on data whose
            labels are nowhere public, or ``unavailable`` this time, are let through, unchecked.
        unavailable: Families of datasets that are public and could not be had this time.
        submitter: The account that proposes; None where nobody vouches for a name.
        rows: Whether rows have to be whole; a part of a row can be judged before it is packed.
        recipes: Has hyper-parameters checked by their method's model, in another process; without it they are
            checked by structure only.
    """

    require_labels: bool = False
    unavailable: frozenset[str] = frozenset()
    submitter: str | None = None
    rows: bool = True
    recipes: RecipeReader | None = None


@dataclass
class _Case:
    """What all runs of one folder are judged with."""

    root: Path
    base: str | None
    terms: Terms
    earlier: list[SubmittedRun]
    known: dict[str, SubmittedRun]
    desk: DataDesk
    recipes: RecipeDesk
    result: Validation


def validate(
    paths: Sequence[Path],
    *,
    base: str | None = None,
    terms: Terms | None = None,
    comment: bool = False,
    progress: Progress | None = None,
) -> tuple[Validation, str]:
    """Judge submissions.

    Args:
        paths: Folders of submissions, parts of them (a dataset's, a method's or a run's folder, or a
            run's file), and folders of methods. A path that is gone may be named where there is a base.
        base: What was accepted before: a folder of submissions, a checkout, or a revision. Runs that
            are the same there are not judged again; those that are missing or changed are problems. Without
            it, runs are not judged again that a closed version of the leaderboards names with these files.
        terms: What else to judge them by.
        comment: Whether to compare new runs with the best earlier ones.
        progress: Where to report.

    Returns:
        What was found, and the comparison as Markdown (empty unless asked for).

    Raises:
        UsageError: A path does not exist or is no submission, or the base is neither a folder nor a revision.
    """
    terms = Terms() if terms is None else terms
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
            raise UsageError("The path does not exist.", where=path, expected="a run, or a folder of runs")
        if path.exists() and not path.is_dir() and path.name not in (RECORD_FILE, PREDICTIONS_FILE):
            expected = f"a run, a folder of runs, or a run's {RECORD_FILE} or {PREDICTIONS_FILE}"
            raise UsageError("This is not a submission.", where=path, expected=expected, found="another file")
        roots.setdefault(root, []).append(below)
    for root, selected in roots.items():
        with open_base(base, root) as accepted:
            parts.append(_judge_root(root, selected, accepted, base, terms, result, comment, progress))
    result.conformance = sorted(set(result.conformance))
    result.ok = not result.problems
    return result, "\n".join(part for part in parts if part)


def _judge_root(
    root: Path,
    selected: Sequence[str],
    accepted: Path | None,
    base: str | None,
    terms: Terms,
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
    result.problems += [] if accepted is None else check_receipts_kept(root, accepted)
    new = {path: folder for path, folder in found.items() if path not in before}
    same = [path for path in found if path in before and same_bytes(before[path], found[path])]
    result.unchanged += len(same)
    if accepted is None:
        released = released_runs(root.parent / LEADERBOARDS)
        kept = {path for path in new if path in released and is_of(new[path], released[path])}
        new = {path: folder for path, folder in new.items() if path not in kept}
        result.unchanged += len(kept)
        before = {path: folder for path, folder in run_folders(root).items() if path not in new}
    earlier = with_verdicts(root if accepted is None else accepted, _readable(before))
    submissions = []
    for path, folder in new.items():
        submission, problems = _read(folder, path)
        result.problems += problems
        submissions += [] if submission is None else [submission]
    known = {run.record.run_id: run for run in earlier} | {s.record.run_id: s.run for s in submissions}
    case = _Case(root, base, terms, earlier, known, DataDesk(), RecipeDesk(terms.recipes), result)
    result.compared.runs += len(new)
    progress.start("validate", len(new))
    try:
        for submission in submissions:
            result.problems += _judge_run(submission, case)
            progress.advance()
    finally:
        progress.close()
    judged = [submission.run for submission in submissions]
    result.problems += _between_runs(judged, case)
    if root.name == FOLDER:
        result.problems += [
            problem
            for problem in check_receipts(root, [*earlier, *judged])
            if any(Path(problem.path).is_relative_to(Path(RECEIPTS, below)) for below in selected)
        ]
    if comment:
        from aqa_bench.boards.submission.comment import compare_with_best

        return compare_with_best(judged, earlier, case.desk, result.consistency_only.keys())
    return ""


def _between_runs(judged: Sequence[SubmittedRun], case: _Case) -> list[Problem]:
    """What holds or does not between runs: copies, rows, names."""
    problems = [*_duplicates(judged, case.earlier)]
    told = {problem.path.partition("/" + PREDICTIONS_FILE)[0] for problem in problems}
    near = [*check_neighbours([run for run in judged if run.path not in told], case.earlier)]
    problems += [item for item in near if isinstance(item, Problem)]
    case.result.compared.neighbours += len({item.path for item in near if isinstance(item, SubmittedRun)})
    code = [*check_code(judged, case.earlier)]
    problems += [item for item in code if isinstance(item, Problem)]
    case.result.compared.code += sum(1 for item in code if isinstance(item, SubmittedRun))
    if case.terms.rows:
        problems += check_rows(judged, case.earlier)
    if case.terms.submitter is not None:
        problems += check_submitter(judged, case.terms.submitter)
    return problems


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
    try:
        read_record(folder)
    except Damaged as error:
        where = f"{path}/{RECORD_FILE}"
        rule = "the record is as it was written"
        problems.append(
            Problem(path=where, rule=rule, expected=error.expected or "", found=error.found or error.what)
        )
    return Submission(path, folder, record, table), problems


def _judge_run(submission: Submission, case: _Case) -> Iterator[Problem]:
    record, result = submission.record, case.result
    card = known_dataset(record.dataset)
    kinds = task_kinds(submission, {} if card is None else {task.id: task.kind for task in card.tasks})
    problems = [
        *check_identity(submission),
        *check_record(submission, kinds),
        *check_facts(submission),
        *check_predictions(submission, kinds),
        *check_cards(submission, case.root),
        *(() if case.base is None else check_version(submission)),
        *check_licence(submission),
        *check_migrated(submission, case.root),
    ]
    if record.members:
        problems += check_members(submission, case.known)
        result.compared.members += 1
    else:
        owner = recipe_owner(submission, case.root, case.base)
        odd = owner if isinstance(owner, str) else case.recipes.check(submission, owner)
        if isinstance(odd, str):
            result.by_structure[submission.path] = odd
        else:
            problems += odd
            result.compared.recipes += 1
    yield from problems
    if record.method not in methods() and is_new_plugin(case.root, "methods", record.method):
        result.conformance.append(record.method)
    if _blocks_scoring(submission, problems):
        return
    dataset = case.desk.of(record.dataset, record.dataset_fingerprint)
    if isinstance(dataset, Dataset):
        result.rescored.append(submission.path)
        result.compared.labels += 1
        yield from check_against_data(submission, dataset, case.desk)
        return
    result.consistency_only[submission.path] = dataset
    yield from _unscored(submission, card, dataset, case)
    at_hand = case.desk.fingerprint(record.dataset)
    peers = [r for r in case.earlier if r.record.dataset == record.dataset]
    known = {r.record.dataset_fingerprint for r in peers}
    if at_hand is not None and record.dataset_fingerprint not in known:
        yield submission.about_record(
            "dataset_fingerprint",
            "the dataset is the one available, or one that earlier runs used",
            at_hand,
            record.dataset_fingerprint,
        )
    yield from check_against_earlier(submission, peers)


def _unscored(submission: Submission, card: DatasetCard | None, why: str, case: _Case) -> Iterator[Problem]:
    """A run whose numbers cannot be computed again: unchecked, or a problem where that is asked for."""
    private = card is not None and not card.public_labels
    absent = family_of(submission.record.dataset) in case.terms.unavailable
    if case.terms.require_labels and not private and not absent:
        yield submission.about_record(
            "metrics", "every number is recomputed from the labels", "the labels of the dataset", why
        )
    else:
        case.result.unchecked[submission.path] = why


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
    runs: dict[tuple[str, ...], SubmittedRun] = {}
    predictions: dict[tuple[str, ...], list[SubmittedRun]] = defaultdict(list)
    fresh = {run.path for run in new}
    for run in (*earlier, *new):
        record = run.record
        place = (record.dataset, record.scheme)
        first = runs.setdefault((*place, record.run_id), run)
        alike = predictions[(*place, record.predictions_sha256)]
        if run.path in fresh and first.path != run.path:
            yield _twice(run, first, "a run is submitted once", f"run-id {record.run_id} again")
        elif run.path in fresh:
            other = next((other for other in alike if _should_differ(other, run)), None)
            if other is not None:
                yield _twice(run, other, "two runs do not share their predictions", "the same predictions")
        # One of each method, kind and seed says all that another one could: the search stays short.
        if not any(_same_standing(other, run) for other in alike):
            alike.append(run)


def _same_standing(first: SubmittedRun, second: SubmittedRun) -> bool:
    a, b = first.record, second.record
    return (a.method, a.seed, a.control) == (b.method, b.seed, b.control)


def _should_differ(first: SubmittedRun, second: SubmittedRun) -> bool:
    """Whether equal predictions of two runs cannot be chance: other seeds, or other contenders."""
    a, b = first.record, second.record
    if a.method != b.method:
        return not (a.control and b.control)
    plugin = methods().get(b.method)
    return a.seed != b.seed and (plugin is None or plugin.card.stochastic)


def _twice(run: SubmittedRun, first: SubmittedRun, rule: str, found: str) -> Problem:
    return Problem(path=run.path, rule=rule, expected=f"a run that differs from {first.path}", found=found)
