"""Recipes: named sets of hyper-parameters."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from aqa_bench.core.bounded import parse_json
from aqa_bench.core.errors import RecipeError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.lines import odd_in_plain

__all__ = ["ADDED_LATER", "Recipe", "build_recipe", "odd_values", "unknown_key"]

R = TypeVar("R", bound="Recipe")

_MOST_ODD, _SHOWN = 5, 120


class _Mark(Enum):
    ADDED_LATER = "added later"


ADDED_LATER: Final = _Mark.ADDED_LATER
"""Marks a hyper-parameter younger than runs of its recipes: ``name: Annotated[kind, ADDED_LATER] = default``.

It is left out of documents while it has its default, so that run-ids and keys of weights stay what they were.
Its default must be what the code did before the field, and must never change.
"""


class Recipe(BaseModel):
    """Base of every method's hyper-parameters.

    Attributes:
        scheme: Split scheme that the recipe is made for; None means the dataset's default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    scheme: str | None = None

    @model_serializer(mode="wrap")
    def _document(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """All values, but those of fields added later that have their default."""
        values: dict[str, Any] = plain(self)
        for name, field in type(self).model_fields.items():
            if ADDED_LATER in field.metadata and getattr(self, name) == field.get_default():
                values.pop(name, None)
        return values

    def with_overrides(self, overrides: Sequence[str], where: str) -> Self:
        """Apply ``key=value`` texts.

        Values are read as JSON where they parse and as plain text otherwise.

        Raises:
            RecipeError: A text has no ``=``, names no hyper-parameter or holds an unfit value.
        """
        values, known = self.model_dump(), type(self).model_fields
        for text in overrides:
            key, equals, value = text.partition("=")
            if not equals:
                raise RecipeError(
                    "An override is not of the form key=value.",
                    where=where,
                    expected="--set key=value",
                    found=text,
                )
            if key not in known:
                raise unknown_key(key, list(known), where)
            try:
                values[key] = parse_json(value)
            except ValueError:
                values[key] = value
        return build_recipe(type(self), values, where)


def unknown_key(key: str, known: Sequence[str], where: str) -> RecipeError:
    """The error for a hyper-parameter that does not exist."""
    near = difflib.get_close_matches(key, known, n=1)
    return RecipeError(
        f"There is no hyper-parameter {key!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        where=where,
        expected=", ".join(known),
        found=key,
    )


def build_recipe(kind: type[R], values: Mapping[str, Any], where: str) -> R:
    """A recipe of values.

    Args:
        kind: The method's recipe model.
        values: Hyper-parameters by name.
        where: Where they stand, for messages.

    Raises:
        RecipeError: A key is no hyper-parameter, or a value does not fit.
    """
    for key in values:
        if key not in kind.model_fields:
            raise unknown_key(key, list(kind.model_fields), where)
    try:
        recipe = kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(
            "A hyper-parameter has an invalid value.",
            where=f"{where} {'.'.join(str(part) for part in first['loc'])}",
            expected=first["msg"],
            found=repr(first.get("input")),
        ) from error
    if reason := odd_in_plain(recipe.model_dump(mode="json")):
        raise RecipeError(
            "A hyper-parameter cannot be recorded.",
            where=where,
            expected="plain values of bounded size, texts of one line",
            found=reason,
        )
    return recipe


def odd_values(kind: type[Recipe], values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What of recorded hyper-parameters is not what the method's recipe makes of them.

    Args:
        kind: The method's recipe model.
        values: As a record has them.

    Returns:
        Place (a name, or names with dots between), what is expected there and what is found.
    """
    try:
        recipe = kind.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        return [
            (".".join(map(str, detail["loc"])), detail["msg"], repr(detail.get("input"))[:_SHOWN])
            for detail in error.errors()[:_MOST_ODD]
        ]
    resolved = recipe.model_dump(mode="json")
    if canonical_json(resolved) == canonical_json(values):
        return []
    names = sorted(n for n in resolved.keys() | values.keys() if resolved.get(n) != values.get(n))
    name = names[0] if names else ""
    return [(name, repr(resolved.get(name))[:_SHOWN], repr(values.get(name))[:_SHOWN])]
