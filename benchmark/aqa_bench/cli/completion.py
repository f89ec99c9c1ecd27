"""Ids for the shell to complete: read from cards and recipe files, with nothing of a plug-in imported.

A completer never fails and never prints: a shell would show either in the middle of the line that is typed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path

import typer

from aqa_bench.core.errors import AqaBenchError

__all__ = ["complete_dataset", "complete_method", "complete_recipe", "complete_task"]

Found = list[tuple[str, str]]


def _quietly(names: Callable[[typer.Context], Mapping[str, str]]) -> Callable[[typer.Context, str], Found]:
    @wraps(names)
    def complete(ctx: typer.Context, incomplete: str) -> Found:
        logging.disable()
        try:
            return [(name, said) for name, said in names(ctx).items() if name.startswith(incomplete)]
        except (AqaBenchError, OSError):
            return []
        finally:
            logging.disable(logging.NOTSET)

    # What typer tells the arguments apart by.
    complete.__annotations__ = {"ctx": typer.Context, "incomplete": str, "return": Found}
    del complete.__wrapped__
    return complete


@_quietly
def complete_method(ctx: typer.Context) -> Mapping[str, str]:
    """Method ids with what they look at."""
    from aqa_bench.core.registry import methods

    return {name: plugin.card.modality for name, plugin in methods().items()}


@_quietly
def complete_dataset(ctx: typer.Context) -> Mapping[str, str]:
    """Dataset ids with their names; those of other presets after the plain ones."""
    from aqa_bench.core.own import own_cards
    from aqa_bench.core.registry import dataset_cards

    cards = [*dataset_cards().values(), *own_cards().values()]
    plain = {card.id: card.name for card in cards}
    return plain | {card.at(preset).id: card.name for card in cards for preset in card.presets[1:]}


@_quietly
def complete_task(ctx: typer.Context) -> Mapping[str, str]:
    """Tasks of the dataset that is named before them, else of all."""
    from aqa_bench.core.registry import dataset_cards, find_dataset

    named = list(_named(ctx, "dataset"))
    cards = [find_dataset(name) for name in named] or dataset_cards().values()
    return {task.id: task.name for card in cards for task in card.tasks}


@_quietly
def complete_recipe(ctx: typer.Context) -> Mapping[str, str]:
    """Recipes of the method that is named before them, else of all."""
    from aqa_bench.core.registry import find_method, methods

    named = list(_named(ctx, "method"))
    plugins = [find_method(name) for name in named] or methods().values()
    return dict(pair for plugin in plugins for pair in _recipes(plugin.folder))


def _recipes(folder: Path) -> Iterator[tuple[str, str]]:
    from aqa_bench.core.errors import RecipeError
    from aqa_bench.core.recipe_file import read_recipes

    with suppress(RecipeError):
        yield from ((name, written.about) for name, written in read_recipes(folder).items())


def _named(ctx: typer.Context, parameter: str) -> Iterator[str]:
    value = ctx.params.get(parameter)
    yield from [value] if isinstance(value, str) else (value or ())
