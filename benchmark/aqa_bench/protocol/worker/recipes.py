"""A method's recipe, read and checked by its own model in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.task import Modality
from aqa_bench.protocol.worker.folders import private_folder
from aqa_bench.protocol.worker.plain_recipe import PlainRecipe
from aqa_bench.protocol.worker.session import Job, Launcher, do, forked

__all__ = ["Told", "read_recipe"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a method says of itself.

    Attributes:
        recipe: Its hyper-parameters, as plain values.
        prepares: Whether it does anything without labels.
        embeds: Whether it has features of frames that can be looked at.
        reads: What it reads besides what the method's card needs.
        fields: Names of all hyper-parameters.
        left_out: Defaults of those that documents leave out at their default.
    """

    recipe: Recipe
    prepares: bool = False
    embeds: bool = False
    reads: frozenset[Modality] = frozenset()
    fields: frozenset[str] = frozenset()
    left_out: Mapping[str, object] = field(default_factory=dict)


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
    left_out = said.get("left_out")
    return Told(
        recipe,
        prepares=said.get("prepares") is True,
        embeds=said.get("embeds") is True,
        reads=frozenset(name for name in plugin.card.reads if name in _texts(said.get("reads"))),
        fields=_texts(said.get("fields")),
        left_out=left_out if isinstance(left_out, dict) else {},
    )


def _texts(said: object) -> frozenset[str]:
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()
