"""What a person asks of a method before running it: its card, recipes, costs, and what it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.building.problems import committed_boards
from aqa_bench.boards.costs import device_of
from aqa_bench.core.cards import MethodCard
from aqa_bench.core.errors import DataError
from aqa_bench.core.own import own_cards
from aqa_bench.core.recipe_file import read_recipes
from aqa_bench.core.record import RECORD_FILE, RowKind, read_record
from aqa_bench.core.registry import dataset_cards, find_method, oracle_with
from aqa_bench.front.folders import leaderboards_folder, submissions_folder
from aqa_bench.protocol.plan import fits

__all__ = ["MethodInfo", "RecipeInfo", "method_info"]

Span = tuple[float, float]
_TRAINING = ("steps", "epochs", "head_epochs", "batch_size")


@dataclass(frozen=True)
class RecipeInfo:
    """A recipe, and what it cost where it was measured; a span is the least and the most.

    Attributes:
        name: Its name.
        default: Whether it is taken where none is named.
        about: What it is, in words.
        training: How long it learns, as its own values say: ``steps``, ``epochs``, ``head_epochs``,
            ``batch_size``.
        boards: Datasets on whose boards it stands.
        parameters: Parameters, trained and frozen.
        gflops: Giga multiply-adds per sample.
        latency_ms: Milliseconds per sample in ``predict``.
        run_seconds: Seconds of a submitted run, the median over runs of each dataset.
        devices: What those were measured on.
    """

    name: str
    default: bool
    about: str
    training: Mapping[str, Any]
    boards: tuple[str, ...] = ()
    parameters: Span | None = None
    gflops: Span | None = None
    latency_ms: Span | None = None
    run_seconds: Span | None = None
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class MethodInfo:
    """All that is known of a method without running it.

    Attributes:
        card: Its card.
        folder: Where its code and README lie.
        recipes: Its recipes, in the file's order.
        oracle_with: What it may read that some dataset knows exactly.
        fits: Task ids that it can do, by dataset id; own datasets are among them.
    """

    card: MethodCard
    folder: Path
    recipes: tuple[RecipeInfo, ...]
    oracle_with: tuple[str, ...]
    fits: Mapping[str, tuple[str, ...]]


def method_info(
    method: str, *, submissions: str | Path | None = None, leaderboards: str | Path | None = None
) -> MethodInfo:
    """Everything about a method that cards, recipes and committed results say; its code is not imported.

    Args:
        method: Method id.
        submissions: Folder of submitted runs; ``submissions`` here or in the checkout by default.
        leaderboards: Folder of leaderboards; those here or that come with the benchmark by default.

    Raises:
        UsageError: There is no such method; the nearest id is suggested.
        RecipeError: Its recipes cannot be read.
    """
    plugin = find_method(method)
    measured = _measured(plugin.card.id, leaderboards_folder(leaderboards))
    seconds = _seconds(plugin.card.id, submissions_folder(submissions))
    recipes = [
        RecipeInfo(
            name=name,
            default=name == plugin.default_recipe,
            about=written.about,
            training={key: written.values[key] for key in _TRAINING if key in written.values},
            run_seconds=_span([median(times) for times in seconds.get(name, {}).values()]),
            **measured.get(name, {}),
        )
        for name, written in read_recipes(plugin.folder).items()
    ]
    cards = {**dataset_cards(), **own_cards()}
    fit = {
        name: tuple(task.id for task in card.tasks if plugin.card.can_judge(task))
        for name, card in cards.items()
        if fits(plugin.card, card)
    }
    return MethodInfo(plugin.card, plugin.folder, tuple(recipes), oracle_with(plugin.card), fit)


def _measured(method: str, leaderboards: Path | None) -> dict[str, dict[str, Any]]:
    """Costs by recipe, from the rows of the current boards."""
    folders = [] if leaderboards is None else sorted((leaderboards / BENCHMARK_VERSION).glob("*/"))
    boards = [board for folder in folders if (found := committed_boards(folder)) for board in found.boards]
    rows = [
        (board.dataset, row)
        for board in boards
        for row in board.rows
        if row.method == method and row.kind is RowKind.MEASURED
    ]
    return {
        recipe: {
            "boards": tuple(dict.fromkeys(dataset for dataset, row in rows if row.recipe == recipe)),
            **{
                name: _span([getattr(row, name) for _, row in rows if row.recipe == recipe])
                for name in ("parameters", "gflops", "latency_ms")
            },
            "devices": tuple(sorted({row.device for _, row in rows if row.recipe == recipe and row.device})),
        }
        for recipe in {row.recipe for _, row in rows}
    }


def _seconds(method: str, submissions: Path | None) -> dict[str, dict[str, list[float]]]:
    """Seconds of whole runs, by recipe and then by dataset and device."""
    found: dict[str, dict[str, list[float]]] = {}
    for recipe, where, seconds in () if submissions is None else _runs(method, submissions):
        found.setdefault(recipe, {}).setdefault(where, []).append(seconds)
    return found


def _runs(method: str, submissions: Path) -> Iterator[tuple[str, str, float]]:
    for file in sorted(submissions.glob(f"*/*/{method}/[!.]*/{RECORD_FILE}")):
        try:
            record = read_record(file.parent)
        except DataError:
            # What is wrong with a submission is the validation's to say.
            continue
        yield record.recipe, f"{record.dataset} {device_of(record)}", record.timings.get("total", 0.0)


def _span(values: Sequence[float | None]) -> Span | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None
