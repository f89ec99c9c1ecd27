"""A recipe as the runner holds it: values, without the model that a stranger wrote for them."""

from __future__ import annotations

from pydantic import ConfigDict, ValidationError

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.recipe import Recipe

__all__ = ["PlainRecipe"]

_MOST = 100_000


class PlainRecipe(Recipe):
    """Hyper-parameters by name, as plain JSON."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    @classmethod
    def of(cls, values: object, where: str) -> PlainRecipe:
        """The recipe of values that a worker told.

        Raises:
            RecipeError: They are no recipe's.
        """
        try:
            if not isinstance(values, dict) or len(canonical_json(values)) > _MOST:
                raise RecipeError(
                    "A method's recipe is not a table of values, or is far too long.", where=where
                )
            return cls.model_validate(values)
        except (ValidationError, ValueError, TypeError) as error:
            raise RecipeError(
                "A method's recipe cannot be stored.",
                where=where,
                expected="plain JSON",
                found=str(error)[:300],
            ) from error
