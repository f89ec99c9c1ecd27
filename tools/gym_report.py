"""Rewrites the tables of docs/gym-results.md from the runs in submissions/; ``--check`` only compares."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from neighbours import neighbours
from sklearn.metrics import roc_auc_score

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.building.problems import committed_boards
from aqa_bench.boards.curves import read_curves
from aqa_bench.boards.model import DatasetBoards, Row, board_name
from aqa_bench.boards.runs import SubmittedRun, find_runs
from aqa_bench.boards.slices import read_slices
from aqa_bench.core.files import canonical_json
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.schemes import LABEL_COUNTS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gym-results.md"
MARK = "<!-- Everything below is written by tools/gym_report.py. -->\n"
BOARDS = ROOT / "leaderboards" / BENCHMARK_VERSION
#: Exercises of the study that have a board.
DATASETS = tuple(
    dataset
    for name in ("backsquat", "overhead-press", "barbell-row", "diving")
    if (BOARDS / board_name(dataset := f"synthetic-gym/{name}@study") / "table.json").is_file()
)
PAIR = ("synthetic-gym/backsquat@study", "kie", "kfe")
WATCHED = {
    "initial_triplet_accuracy_30": "before",
    "triplet_accuracy_30": "after",
    "effective_rank": "effective rank",
    "pc1_share": "first component's share",
}
Name = tuple[str, str, str]


def report() -> str:
    """The generated part of the page."""
    runs = [
        run
        for run in find_runs(ROOT / "submissions")
        if run.record.dataset in DATASETS and run.record.benchmark_version == BENCHMARK_VERSION
    ]
    boards = {dataset: committed_boards(BOARDS / board_name(dataset)) for dataset in DATASETS}
    parts = [_results(each) for each in boards.values() if each]
    parts += [_labels(dataset) for dataset in DATASETS]
    parts += [_order(each, runs) for each in boards.values() if each]
    parts += [_failures(dataset) for dataset in DATASETS]
    parts += [_specificity(runs), _watched(runs)]
    return "\n".join(parts)


def _labels(dataset: str) -> str:
    """AUROC against labelled clips."""
    lines: list[str] = []
    for task in read_curves(BOARDS / board_name(dataset)):
        counts = sorted({count for curve in task.curves for count in curve.labels})
        lines += [
            f"## {dataset}, {task.task}: AUROC against labelled clips",
            "",
            f"| method | {' | '.join(f'{count:,}' for count in counts)} |",
            "|---|" + "---:|" * len(counts),
        ]
        for curve in task.curves:
            known = dict(zip(curve.labels, curve.values, strict=True))
            mark = " *(control)*" if curve.control else " *(oracle)*" if curve.oracle else ""
            cells = " | ".join(_number(known.get(count)) for count in counts)
            lines.append(f"| {_told((curve.method, curve.recipe, curve.variant))}{mark} | {cells} |")
        lines.append("")
    return "\n".join(lines)


def _order(boards: DatasetBoards, runs: Sequence[SubmittedRun]) -> str:
    """How sure the order of the default scheme's binary boards is."""
    lines: list[str] = []
    dataset = open_dataset(boards.dataset)
    own = [run for run in runs if run.record.dataset == boards.dataset]
    for board in boards.boards:
        if board.scheme != dataset.card.schemes[0].id or board.positive is None:
            continue
        lines += [
            f"## {boards.dataset}, {board.task}: each row against the next",
            "",
            "| row | next row | AUROC, difference | p | F1, difference | p |",
            "|---|---|---:|---:|---:|---:|",
        ]
        for row, following, found in neighbours(board, dataset, own):
            cells = " | ".join(
                f"{each.value:+.3f} [{each.low:+.3f}, {each.high:+.3f}] | {each.p:.4f}" for each in found
            )
            lines.append(f"| {_named_row(row)} | {_named_row(following)} | {cells} |")
        lines.append("")
    return "\n".join(lines)


def _named_row(row: Row) -> str:
    if row.method == "constant":
        return "*always error*"
    mark = " *(control)*" if row.control else " *(oracle)*" if row.oracle else ""
    return _told((row.method, row.recipe, row.variant)) + mark


def _failures(dataset: str) -> str:
    """F1 on thirds of the test samples."""
    lines: list[str] = []
    for board in read_slices(BOARDS / board_name(dataset)):
        parts = [f"{part.low:.2g} to {part.high:.2g}" for part in board.parts]
        lines += [
            f"## {dataset}, {board.task}: F1 by {board.condition}",
            "",
            f"| {board.unit} | {' | '.join(parts)} |",
            "|---|" + "---:|" * len(parts),
            f"| *always error* | {' | '.join(_number(part.floor) for part in board.parts)} |",
        ]
        for row in board.rows:
            cells = " | ".join(
                f"{_number(value)} [{_number(low)}, {_number(high)}]"
                for value, low, high in zip(row.values, row.low, row.high, strict=True)
            )
            mark = " *(oracle)*" if row.oracle else ""
            lines.append(f"| {_told((row.method, row.recipe, row.variant))}{mark} | {cells} |")
        lines.append("")
    return "\n".join(lines)


def _results(boards: DatasetBoards) -> str:
    lines = [f"## {boards.dataset}", ""]
    for board in boards.model_dump(mode="json")["boards"]:
        if board["scheme"] in LABEL_COUNTS:
            continue
        scheme = "" if board["scheme"] == "official" else f", scheme {board['scheme']}"
        score = board["positive"] is None
        first, second = ("Spearman within difficulty", "Spearman") if score else ("AUROC", "F1")
        key = "spearman_within" if score else "auroc"
        sizes = f"{board['samples']} test samples" + ("" if score else f", {board['positive']} positive")
        lines += [
            f"### {board['task']}: {board['question'].lower()}{scheme}",
            "",
            f"{sizes}; {board['groups']} {'events' if score else 'sessions'}.",
            "",
            f"| group | method | {first} | {second} | 95% interval | seeds | pre-trained on |",
            "|---:|---|---:|---:|---:|---:|---|",
        ]
        measured = [row for row in board["rows"] if row["kind"] == "measured"]
        leading = [row["value"] if score else row["secondary"].get(key) for row in measured]
        for _, row in sorted(zip(leading, measured, strict=True), key=lambda pair: -(pair[0] or 0)):
            variant = f", {row['variant']}" if row["variant"] else ""
            mark = " *(control)*" if row["control"] else " *(oracle)*" if row.get("oracle") else ""
            name = f"`{row['method']}` {row['recipe']}{variant}{mark}"
            lines.append(
                f"| {row['rank'] or '-'} | {name} | {_number(row['secondary'].get(key))} "
                f"| {_number(row['value'])} | [{_number(row['low'])}, {_number(row['high'])}] "
                f"| {row['seeds']} | {row['pretrained_on']} |"
            )
        lines.append("")
    return "\n".join(lines)


def _specificity(runs: Sequence[SubmittedRun]) -> str:
    """How well scores for one error tell clips with only that error from others."""
    dataset, first, second = PAIR
    data = open_dataset(dataset)
    targets = {task: data.targets(task) for task in (first, second)}
    found: dict[Name, list[list[float]]] = defaultdict(list)
    for name, run in _named(runs):
        if run.record.dataset != dataset or not {first, second} <= set(run.record.tasks):
            continue
        if run.record.scheme != "official":
            continue
        found[name].append(
            [
                value
                for a, b in ((first, second), (second, first))
                for value in _told_apart(run, a, b, targets)
            ]
        )
    lines = [
        "## Does a method see the error it is asked for?",
        "",
        f"AUROC of scores for `{first}` between test clips that have only {first} and those that have only "
        f"{second}, and between clips with and without {first} among those free of {second}; then the same "
        "with the roles exchanged. Mean over seeds. A detector of any oddity has about .5 in the first and "
        "third column.",
        "",
        f"| method | {first}, not {second} | {first}, no {second} | {second}, not {first} "
        f"| {second}, no {first} | seeds |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    ordered = sorted(found.items(), key=lambda item: (-float(np.mean(item[1], axis=0)[0]), item[0]))
    for name, values in ordered:
        cells = " | ".join(_number(v) for v in np.mean(values, axis=0))
        lines.append(f"| {_told(name)} | {cells} | {len(values)} |")
    return "\n".join([*lines, ""])


def _told_apart(
    run: SubmittedRun, task: str, other: str, targets: Mapping[str, Mapping[str, float]]
) -> Iterable[float]:
    table = read_predictions(run.folder / PREDICTIONS_FILE)
    rows = table[(table["task"] == task) & (table["split"] == "test")]
    scores = rows["score"].to_numpy(dtype=float)
    here = np.array([targets[task][i] for i in rows["sample_id"]])
    there = np.array([targets[other][i] for i in rows["sample_id"]])
    for chosen in (here != there, there == 0):
        yield float(roc_auc_score(here[chosen], scores[chosen]))


def _watched(runs: Sequence[SubmittedRun]) -> str:
    """What was watched while backbones were pre-trained, once a pre-training."""
    found: dict[tuple[str, Name], dict[str, dict[str, float]]] = defaultdict(dict)
    for name, run in _named(runs):
        facts = run.record.facts
        if "effective_rank" in facts and run.record.pool_dataset is None and not run.record.shuffled_labels:
            key = (run.record.dataset, name)
            found[key][str(facts.get("weights"))] = facts
    lines = [
        "## Pre-training, watched on other clips",
        "",
        "Share of triplets of held-out pool clips whose positive is nearer than their negative (gap 30 of "
        "360), and signs of collapse, in the space of the loss. Mean over pre-trainings.",
        "",
        f"| dataset | method | {' | '.join(WATCHED.values())} | pre-trainings |",
        "|---|---|" + "---:|" * (len(WATCHED) + 1),
    ]
    for (dataset, name), facts in sorted(found.items()):
        cells = []
        for key in WATCHED:
            values = [float(f[key]) for f in facts.values() if key in f]
            digits = 1 if key == "effective_rank" else 3
            cells.append(f"{np.mean(values):.{digits}f}" if values else "-")
        lines.append(f"| {dataset} | {_told(name)} | {' | '.join(cells)} | {len(facts)} |")
    return "\n".join([*lines, ""])


def _named(runs: Sequence[SubmittedRun]) -> list[tuple[Name, SubmittedRun]]:
    """Every run under its method, recipe, and what sets it apart from most runs of them."""
    settings = [{k: v for k, v in run.record.hyperparameters.items() if k != "members"} for run in runs]
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for run, own in zip(runs, settings, strict=True):
        counts[run.record.method, run.record.recipe][canonical_json(own)] += 1
    named = []
    for run, own in zip(runs, settings, strict=True):
        record = run.record
        # Of equally frequent settings the one with the fewest: a setting that others lack is named.
        frequent = max(
            counts[record.method, record.recipe].items(), key=lambda item: (item[1], -len(item[0]))
        )
        usual = json.loads(frequent[0])
        apart = [f"{key}={value}" for key, value in own.items() if usual.get(key) != value]
        apart += ["labels shuffled"] if record.shuffled_labels else []
        named.append(((record.method, record.recipe, ", ".join(apart)), run))
    return named


def _told(name: Name) -> str:
    method, recipe, variant = name
    return f"`{method}` {recipe}" + (f", {variant}" if variant else "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def main() -> int:
    """Rewrite the page, or compare."""
    told = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    wanted = f"{told}{MARK}\n{report()}"
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") == wanted:
            return 0
        sys.stderr.write(f"{PAGE} is not what the runs say: run python tools/gym_report.py\n")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
