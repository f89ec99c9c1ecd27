"""``aqa-bench list``: what there is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, note, table

__all__ = ["EXAMPLES", "list_things"]

EXAMPLES = "Examples:  aqa-bench list datasets  |  aqa-bench list methods --json"


class Thing(StrEnum):
    """What can be listed."""

    DATASETS = "datasets"
    METHODS = "methods"
    TABLES = "tables"


def list_things(
    what: Annotated[Thing, typer.Argument(help="datasets, methods or tables", show_default=False)],
    as_json: Json = False,
) -> None:
    """List datasets, methods or tables."""
    if what is Thing.DATASETS:
        _datasets(as_json)
    elif what is Thing.METHODS:
        _methods(as_json)
    else:
        _tables(as_json)


def _datasets(as_json: bool) -> None:
    from aqa_bench.core.own import own_cards
    from aqa_bench.core.registry import dataset_cards

    cards = {**dataset_cards(), **own_cards()}
    if as_json:
        return emit([card.model_dump(mode="json") for card in cards.values()])
    rows = [
        [
            card.id,
            ", ".join(task.id for task in card.tasks),
            ", ".join(scheme.id for scheme in card.schemes),
            ", ".join(sorted(card.provides)),
            ", ".join(card.presets) or "-",
        ]
        for card in cards.values()
    ]
    return table(["dataset", "tasks", "schemes", "provides", "presets"], rows)


def _methods(as_json: bool) -> None:
    from aqa_bench.core.registry import methods, oracle_with

    plugins = methods()
    recipes = {name: _recipes(plugin.folder) for name, plugin in plugins.items()}
    if as_json:
        return emit(
            [
                plugin.card.model_dump(mode="json")
                | {"recipes": recipes[name], "default_recipe": plugin.default_recipe}
                | {"oracle_with": list(oracle_with(plugin.card))}
                for name, plugin in plugins.items()
            ]
        )
    rows = [
        [
            name,
            plugin.card.modality,
            plugin.card.regime.value,
            plugin.card.needed() or "-",
            ", ".join(oracle_with(plugin.card)) or "-",
            ", ".join(recipes[name]) or "-",
            plugin.card.summary,
        ]
        for name, plugin in plugins.items()
    ]
    return table(["method", "modality", "regime", "needs", "oracle with", "recipes", "idea"], rows)


def _recipes(folder: Path) -> list[str]:
    """Names of recipes; none where the file is broken, which must not hide the other methods."""
    from aqa_bench.core.errors import RecipeError
    from aqa_bench.core.recipe_file import recipe_names

    try:
        return recipe_names(folder)
    except RecipeError as error:
        note(f"warning: {error}")
        return []


def _tables(as_json: bool) -> None:
    from aqa_bench.boards.papers.tables import TABLES

    if as_json:
        return emit([{"id": name, "title": title} for name, title in TABLES.items()])
    return table(["table", "what it compares"], [[name, title] for name, title in TABLES.items()])
