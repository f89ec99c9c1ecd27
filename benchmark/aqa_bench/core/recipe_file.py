"""The file of a method's recipes: TOML tables, each of which may build on another."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.recipe import Recipe, build_recipe
from aqa_bench.core.toml_file import read_toml

__all__ = ["WrittenRecipe", "load_recipe", "no_such_recipe", "place", "read_recipes", "recipe_names"]

R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True)
class WrittenRecipe:
    """A recipe as its file gives it.

    Attributes:
        about: What it is, in words; empty where the file does not say. It is never inherited.
        values: Hyper-parameters that it states, and those that it takes from its bases.
    """

    about: str
    values: Mapping[str, Any]


def read_recipes(folder: Path) -> dict[str, WrittenRecipe]:
    """Recipes of a method's folder, in the file's order.

    A table may name another one as its ``base``: it takes that one's values and overrides them. A base
    may have a base itself, and may stand further down.

    Args:
        folder: The method's folder.

    Raises:
        RecipeError: There is no ``recipes.toml``, it holds something other than tables, or a base is no
            recipe of the file or leads back to the recipe itself.
    """
    tables = _read(folder)
    return {
        name: WrittenRecipe(str(tables[name].get("about", "")), _resolved(tables, name, folder))
        for name in tables
    }


def recipe_names(folder: Path) -> list[str]:
    """Names of the recipes of a method's folder, in the file's order."""
    return list(read_recipes(folder))


def load_recipe(folder: Path, kind: type[R], name: str) -> R:
    """Read a named recipe from a method's ``recipes.toml``.

    Args:
        folder: The method's folder.
        kind: The method's recipe model.
        name: Name of the recipe.

    Raises:
        RecipeError: No recipe has that name, its keys and values do not fit ``kind``, or the file is wrong.
    """
    recipes, where = read_recipes(folder), place(folder, name)
    if name not in recipes:
        raise no_such_recipe(name, list(recipes), where)
    return build_recipe(kind, recipes[name].values, where)


def place(folder: Path, recipe: str) -> str:
    """Where a recipe stands, for messages."""
    return f"{folder.name}/recipes.toml [{recipe}]"


def no_such_recipe(
    name: str, known: Sequence[str], where: str, remedy: str = "Choose one of them."
) -> RecipeError:
    """The error for a recipe that does not exist."""
    near = difflib.get_close_matches(name, known, n=1)
    return RecipeError(
        f"There is no recipe {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        where=where,
        expected=" | ".join(known),
        found=name,
        remedy=remedy,
    )


def _resolved(tables: Mapping[str, Mapping[str, Any]], name: str, folder: Path) -> dict[str, Any]:
    """A recipe's own values over those of its bases."""
    chain = [name]
    while "base" in tables[chain[-1]]:
        base = _base(tables, chain[-1], folder)
        if base in chain:
            raise RecipeError(
                "The bases of a recipe form a cycle.",
                where=f"{place(folder, name)} base",
                expected="bases that end at a recipe without a base",
                found=" -> ".join([*chain, base]),
                remedy="Give one of them values without a base.",
            )
        chain.append(base)
    values: dict[str, Any] = {}
    for table in reversed(chain):
        values |= tables[table]
    return {key: value for key, value in values.items() if key not in ("about", "base")}


def _base(tables: Mapping[str, Mapping[str, Any]], name: str, folder: Path) -> str:
    base, where = tables[name]["base"], f"{place(folder, name)} base"
    if not isinstance(base, str):
        raise RecipeError(
            "The base of a recipe is not a name.",
            where=where,
            expected="the name of another recipe of this file, as text",
            found=repr(base),
            remedy=f'Write base = "NAME", or rename the hyper-parameter base of [{name}].',
        )
    if base not in tables:
        others = [known for known in tables if known != name]
        raise no_such_recipe(base, others, where, "Choose one of them, or remove the base.")
    return base


def _read(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    file = folder / "recipes.toml"
    try:
        recipes = read_toml(file)
    except FileNotFoundError as error:
        raise RecipeError(
            "The method has no recipes.", where=str(file), remedy="Add recipes.toml next to method.py."
        ) from error
    except (OSError, ValueError) as error:
        raise RecipeError(
            "The recipes cannot be read.", where=str(file), expected="TOML tables", found=str(error)
        ) from error
    for name, values in recipes.items():
        if not isinstance(values, dict):
            raise RecipeError(
                "The recipes cannot be read.",
                where=str(file),
                expected="only TOML tables, one per recipe",
                found=f"{name} outside of a table",
            )
    return recipes
