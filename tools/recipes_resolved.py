"""Write tests/recipes_resolved.json: a digest of the values that every recipe of the checkout resolves to.

Run ``python tools/recipes_resolved.py`` after values of a recipe were changed on purpose, or recipes were
added. It prints what changed; with ``--check`` nothing is written, and the exit status is 1 where the file
is not current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.recipe_file import load_recipe, recipe_names
from aqa_bench.core.registry import methods

__all__ = ["FILE", "changes", "main", "resolved"]

FILE = Path(__file__).resolve().parents[1] / "tests" / "recipes_resolved.json"


def resolved() -> dict[str, str]:
    """SHA-256 of the resolved hyper-parameters as canonical JSON, by ``method/recipe``."""
    found = {}
    for name, plugin in sorted(methods().items()):
        if plugin.package.startswith("aqa_bench.methods."):
            kind = plugin.load().recipe_type()
            for recipe in recipe_names(plugin.folder):
                values = load_recipe(plugin.folder, kind, recipe).model_dump(mode="json")
                found[f"{name}/{recipe}"] = sha256_bytes(canonical_json(values).encode())
    return found


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What differs, in words."""
    return [
        f"{name}: {'new' if name not in before else 'gone' if name not in after else 'other values'}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def main(arguments: list[str]) -> int:
    before = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    after = resolved()
    found = changes(before, after)
    print("\n".join(found) or "current")
    if "--check" in arguments:
        return int(bool(found))
    FILE.write_text(json.dumps(after, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
