"""A method's recipe, and recorded values of it: read and checked by its own model, in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.task import Modality
from aqa_bench.protocol.worker.failures import shown, strange
from aqa_bench.protocol.worker.folders import private_folder
from aqa_bench.protocol.worker.plain_recipe import PlainRecipe
from aqa_bench.protocol.worker.session import Job, Launcher, do, forked

__all__ = ["Told", "check_values", "read_recipe"]

_MOST, _SHOWN = 20, 200


@dataclass(frozen=True, slots=True)
class Told:
    """What a method says of itself.

    Attributes:
        recipe: Its hyper-parameters, as plain values.
        prepares: Whether it does anything without labels.
        embeds: Whether it has features of frames that can be looked at.
        saves: Whether what it is fitted to can be saved.
        reads: What it reads besides what the method's card needs.
        fields: Names of all hyper-parameters.
        left_out: Defaults of those that documents leave out at their default.
        pretraining: Those that its pre-trained weights depend on; None where it does not say.
    """

    recipe: Recipe
    prepares: bool = False
    embeds: bool = False
    saves: bool = False
    reads: frozenset[Modality] = frozenset()
    fields: frozenset[str] = frozenset()
    left_out: Mapping[str, object] = field(default_factory=dict)
    pretraining: Mapping[str, object] | None = None


def read_recipe(
    plugin: MethodPlugin, name: str, overrides: Sequence[str] = (), launch: Launcher = forked
) -> Told:
    """Have a method's recipe read and checked, by its own model.

    Args:
        plugin: The method.
        name: Name of the recipe.
        overrides: ``key=value`` texts over it.
        launch: Starts the worker.

    Raises:
        RecipeError: There is no such recipe, or a value does not fit.
        MethodError: The method cannot be imported.
    """
    where = f"{plugin.card.id}, recipe {name}"
    with private_folder() as cache:
        told = {"name": name, "overrides": list(overrides)}
        answer = do(Job(plugin, "recipe", where, told, cache=cache), launch=launch)
    recipe = PlainRecipe.of(answer.header.get("recipe"), where)
    said = answer.header
    left_out, pretraining = said.get("left_out"), said.get("pretraining")
    return Told(
        recipe,
        prepares=said.get("prepares") is True,
        embeds=said.get("embeds") is True,
        saves=said.get("saves") is True,
        reads=frozenset(name for name in plugin.card.reads if name in _texts(said.get("reads"))),
        fields=_texts(said.get("fields")),
        left_out=left_out if isinstance(left_out, dict) else {},
        pretraining=pretraining if isinstance(pretraining, dict) else None,
    )


def check_values(plugin: MethodPlugin, values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Have a method's own model check hyper-parameters that somebody recorded.

    Args:
        plugin: The method.
        values: As a record has them.

    Returns:
        Place, what is expected there and what is found, of everything that does not fit; none where all does.

    Raises:
        AqaBenchError: The method cannot be imported here, or does not answer.
    """
    where = f"{plugin.card.id}, recorded hyper-parameters"
    with private_folder() as cache:
        odd = do(Job(plugin, "values", where, {"values": dict(values)}, cache=cache)).header.get("odd")
    if not isinstance(odd, list) or not all(_is_odd(entry) for entry in odd):
        raise strange(plugin.card.id, where, "no list of what does not fit")
    texts = ([shown(text, _SHOWN) for text in entry] for entry in odd[:_MOST])
    return [(place, expected, found) for place, expected, found in texts]


def _is_odd(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 3 and all(isinstance(text, str) for text in entry)


def _texts(said: object) -> frozenset[str]:
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()
