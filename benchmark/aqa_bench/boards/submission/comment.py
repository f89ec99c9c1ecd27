"""What a pull request changes: new rows beside the best earlier one, as Markdown."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aqa_bench.boards.model import Standing
from aqa_bench.boards.receipts import standing_of
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.boards.submission.data import DataDesk
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE
from aqa_bench.core.registry import known_dataset
from aqa_bench.core.row_key import row_key
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.task import TaskKind
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.paired import Difference, paired_difference
from aqa_bench.stats.run_scores import primary_metric, task_scores

__all__ = ["compare_with_best"]

_RESAMPLES = 2_000
_HEADER = (
    "| | method | recipe | seeds | value | skill | difference to the best, 95% | p |\n"
    "|---|---|---|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True)
class _Line:
    """The seeds of one method and recipe on one task."""

    runs: tuple[SubmittedRun, ...]
    value: float | None
    skill: float | None
    samples: int

    @property
    def is_reproduced(self) -> bool:
        return standing_of(self.runs)[0] is Standing.REPRODUCED


def compare_with_best(
    new: Sequence[SubmittedRun],
    earlier: Sequence[SubmittedRun],
    desk: DataDesk,
    unchecked: Collection[str] = (),
) -> str:
    """Compare new runs with the best contender that was accepted before: the best reproduced one, if any is.

    Values are means over seeds of what the records say. The difference is `paired_difference` over
    groups on the same samples; it is there where the dataset's labels are available.

    Args:
        new: The new runs.
        earlier: The runs accepted before, with the verdicts of their receipts.
        desk: Datasets available.
        unchecked: Paths of new runs whose numbers nobody has computed again.

    Returns:
        Markdown, one table per dataset, task and scheme; a sentence where there is no new run.
    """
    if not new:
        return "## Submission\n\nNo new runs.\n"
    boards = sorted({(r.record.dataset, task, r.record.scheme) for r in new for task in r.record.tasks})
    parts = [f"## Submission: {len(new)} new {'run' if len(new) == 1 else 'runs'}\n"]
    for dataset, task, scheme in boards:
        card = known_dataset(dataset)
        tasks, schemes = (set(), set()) if card is None else _ids(card)
        if card is None or task not in tasks or scheme not in schemes:
            parts.append(f"### {_title(dataset, task, scheme)}\n\nNot a board of this benchmark.\n")
            continue
        parts.append(_board(card, task, scheme, new, earlier, desk, unchecked))
    return "\n".join(parts)


def _ids(card: DatasetCard) -> tuple[set[str], set[str]]:
    return {task.id for task in card.tasks}, {scheme.id for scheme in card.schemes}


def _board(
    card: DatasetCard,
    task: str,
    scheme: str,
    new: Sequence[SubmittedRun],
    earlier: Sequence[SubmittedRun],
    desk: DataDesk,
    unchecked: Collection[str],
) -> str:
    metric = primary_metric(card.task(task), card.scheme(scheme))
    better = 1 if METRICS[metric].higher_is_better else -1
    lines = _lines(new, card.id, task, scheme, metric)
    known = _lines(earlier, card.id, task, scheme, metric)
    contenders = [line for line in known if line.value is not None and not _stands_apart(line)] or [
        line for line in known if line.value is not None
    ]
    highest = max(contenders, key=lambda line: better * (line.value or 0.0), default=None)
    reproduced = [line for line in contenders if line.is_reproduced]
    best = max(reproduced, key=lambda line: better * (line.value or 0.0), default=highest)
    floor = next((r.record.floors.get(task) for r in (*new, *earlier) if _on(r, card.id, task, scheme)), None)
    rows = []
    for line in sorted(lines, key=lambda line: -better * (line.value or 0.0)):
        difference = None if best is None else _difference(card, task, scheme, metric, line, best, desk)
        claimed = any(run.path in unchecked for run in line.runs)
        rows.append(_row("**new**, unchecked" if claimed else "**new**", line, difference))
    if best is not None:
        rows.append(_row("best so far, reproduced" if best.is_reproduced else "best so far", best, None))
    if highest is not None and highest is not best:
        rows.append(_row("best self-reported", highest, None))
    bottom = "none" if floor is None else f"{floor:.4f}"
    text = f"### {_title(card.id, task, scheme)}\n\n{METRICS[metric].name}; floor {bottom}.\n\n{_HEADER}\n"
    text += "\n".join(rows) + "\n"
    if best is None:
        text += "\nThe first runs on this board.\n"
    elif any(line.samples != best.samples for line in lines):
        text += "\nNot all rows were scored on the same number of samples.\n"
    if any(run.path in unchecked for line in lines for run in line.runs):
        text += (
            "\nUnchecked: the labels were not available, so these values are the submitter's claims. Such a "
            "row is not ranked until somebody with the labels rescores its predictions.\n"
        )
    return text


def _on(run: SubmittedRun, dataset: str, task: str, scheme: str) -> bool:
    record = run.record
    return record.dataset == dataset and record.scheme == scheme and task in record.tasks


def _lines(runs: Iterable[SubmittedRun], dataset: str, task: str, scheme: str, metric: str) -> list[_Line]:
    grouped: dict[str, list[SubmittedRun]] = defaultdict(list)
    for run in runs:
        if _on(run, dataset, task, scheme):
            grouped[row_key(run.record)].append(run)
    return [
        _Line(
            tuple(members),
            _mean(_value(run.record.metrics, task, metric) for run in members),
            _mean(run.record.skill.get(task) for run in members),
            members[0].record.coverage[task].scored if task in members[0].record.coverage else 0,
        )
        for members in grouped.values()
    ]


def _value(metrics: Mapping[str, Mapping[str, object]], task: str, metric: str) -> float | None:
    value = getattr(metrics.get(task, {}).get(metric), "value", None)
    return value if isinstance(value, float | int) else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _difference(
    card: DatasetCard, task: str, scheme: str, metric: str, line: _Line, best: _Line, desk: DataDesk
) -> Difference | None:
    """Paired difference on the samples that both scored; None without labels available."""
    record = line.runs[0].record
    dataset = desk.of(card.id, record.dataset_fingerprint)
    same = {run.record.dataset_fingerprint for run in (*line.runs, *best.runs)}
    if not isinstance(dataset, Dataset) or len(same) > 1:
        return None
    try:
        sides = [_columns(dataset, task, scheme, metric, side.runs) for side in (line, best)]
        targets = dataset.targets(task)
        train = [targets[i] for i in desk.splits(dataset, task, scheme)[0].train]
        return paired_difference(
            metric,
            sides[0][1],
            sides[0][0],
            sides[1][0],
            groups=sides[0][2],
            column_seeds_a=sides[0][3],
            column_seeds_b=sides[1][3],
            n_resamples=_RESAMPLES,
            rng_seed=data_seed(card.id, "bootstrap"),
            train_range=(min(train), max(train)) if card.task(task).kind is TaskKind.SCORE else None,
        )
    except (AqaBenchError, ValueError):
        # Damaged runs are named among the problems; they have no row to compare.
        return None


def _columns(
    dataset: Dataset, task: str, scheme: str, metric: str, runs: Sequence[SubmittedRun]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values ``(n, K)``, targets ``(n,)``, groups ``(n,)`` and seed of every column ``(K,)``."""
    scored = [
        task_scores(
            dataset,
            dataset.card.task(task),
            dataset.card.scheme(scheme),
            read_predictions(run.folder / PREDICTIONS_FILE),
            run.record.decision,
            run.path,
        )
        for run in runs
    ]
    values = np.hstack([scores.values(metric) for scores in scored])
    seeds = np.concatenate([np.full(s.scores.shape[1], i, dtype=np.int64) for i, s in enumerate(scored)])
    return values, scored[0].targets, scored[0].groups, seeds


def _stands_apart(line: _Line) -> bool:
    record = line.runs[0].record
    return record.control or bool(record.oracle)


def _row(kind: str, line: _Line, difference: Difference | None) -> str:
    record = line.runs[0].record
    gap = p = "-"
    if difference is not None and math.isfinite(difference.value):
        gap = f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
        p = f"{difference.p:.3f}"
    name = _cell(record.method) + (" (control)" * record.control) + (" (oracle)" * bool(record.oracle))
    cells = [kind, name, _cell(record.recipe), str(len(line.runs)), _number(line.value), _number(line.skill)]
    return f"| {' | '.join([*cells, gap, p])} |"


def _title(*names: str) -> str:
    """Names of a stranger in a heading."""
    return ", ".join("/".join(map(_cell, name.split("/"))) for name in names)


def _cell(text: str) -> str:
    """Text of a stranger as plain text: no link, picture, mention or mark-up of any kind.

    A dot stays between digits alone, since GitHub makes links of host names, and ``@`` inside a word alone,
    since it calls people whose name stands behind a bare one.
    """
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "-_+.@ " else "?" for c in text)
    shown = re.sub(r"(?<!\d)\.|\.(?!\d)|(?<![A-Za-z0-9])@|@(?![A-Za-z0-9])", "?", plain)
    return shown[:80].replace("_", r"\_")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:z.4f}"
