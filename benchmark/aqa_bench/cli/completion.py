"""Ids for the shell to complete: read from cards and recipe files, with nothing of a plug-in imported.

A completer never fails and never prints: a shell would show either in the middle of the line that is typed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from itertools import pairwise
from pathlib import Path

import typer

from aqa_bench.core.errors import AqaBenchError

__all__ = ["complete_dataset", "complete_method", "complete_recipe", "complete_task", "whole_words"]

Found = list[tuple[str, str]]

_BREAKS = frozenset("@=:")


def whole_words() -> str:
    """Join what bash takes for several words: it breaks ``synthetic-gym/diving@tiny`` at the ``@``.

    The words stand in the variables in which Typer's script hands them over.

    Returns:
        What stands before the ``@`` of the word under the cursor, where it was broken there: bash keeps that,
        and wants answers that begin with the ``@``.
    """
    if os.environ.get("_AQA_BENCH_COMPLETE") != "complete_bash":
        return ""
    words = os.environ.get("COMP_WORDS", "").split("\n")[: int(os.environ.get("COMP_CWORD", "0")) + 1]
    joined = words[:1]
    for before, word in pairwise(words):
        if word in _BREAKS or before in _BREAKS:
            joined[-1] += word
        else:
            joined.append(word)
    if len(joined) == len(words):
        return ""
    kept = ""
    if "@" in words[-2:]:
        head, at, tail = joined[-1].rpartition("@")
        option, equals, kept = head.rpartition("=")
        joined[-1] = option + equals + at + tail
    os.environ |= {"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(len(joined) - 1)}
    return kept


def _quietly(names: Callable[[typer.Context], Mapping[str, str]]) -> Callable[[typer.Context, str], Found]:
    @wraps(names)
    def complete(ctx: typer.Context, incomplete: str) -> Found:
        logging.disable()
        try:
            kept = ctx.obj or ""
            begin = kept + incomplete
            return [(n.removeprefix(kept), said) for n, said in names(ctx).items() if n.startswith(begin)]
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
