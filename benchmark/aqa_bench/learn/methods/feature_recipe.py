"""What recipes of methods have in common that are given features instead of media."""

from __future__ import annotations

from pydantic import Field

from aqa_bench.core.recipe import Recipe

__all__ = ["FeatureRecipe"]


class FeatureRecipe(Recipe):
    """Names the features; the runner reads them, so that a method never learns which sample is which.

    Attributes:
        path: Folder with ``manifest.json`` and the arrays. A run replaces it by ``sha256``, so that
            what decides the result stands in its record and where the files lay does not.
        sha256: Hex SHA-256 of ``manifest.json``; where given, a folder with another one is refused.
    """

    path: str | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
