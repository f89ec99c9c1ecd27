"""Skeletons of plug-ins: templates of this package, filled in with a name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from aqa_bench.core.checkout import checkout_root
from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import write_atomic
from aqa_bench.core.registry import dataset_cards, methods

__all__ = ["create"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 20
_MARKS = ("benchmark/aqa_bench", "pyproject.toml")


def create(kind: str, name: str, root: Path | None = None) -> list[Path]:
    """Write the folder of a new plug-in, and its test where there is a template of one.

    In a checkout the folder stands among the others. An installed benchmark writes a package of its own below
    the current folder, which ``pip install -e`` makes known by its entry point.

    Args:
        kind: ``methods`` or ``datasets``.
        name: Id of the plug-in: lower-case words joined by hyphens.
        root: Checkout of the benchmark; by default the one that this package runs from, if it does.

    Returns:
        The files written.

    Raises:
        UsageError: The name cannot be used or is taken, or ``root`` is no checkout.
    """
    module = name.replace("-", "_")
    _check_name(kind, name, module)
    inside = root is not None or checkout_root() is not None
    place = _checkout(root) if inside else Path.cwd() / name
    folder, tests = (place / kind, place / "tests" / kind) if inside else (place, place / "tests")
    _check_free(kind, name, [folder / module, tests / module] if inside else [place])
    words = {
        "name": name,
        "kind": kind,
        "module": module,
        "package": f"aqa_bench.{kind}.{module}" if inside else module,
        "class_name": "".join(word.capitalize() for word in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
    }
    written = []
    for file in _templates(kind):
        called = file.name.removesuffix(".txt").replace("test_plugin", f"test_{module}")
        own = tests / module if inside else tests
        target = (own if called.startswith("test_") else folder / module) / called
        written.append(write_atomic(target, _filled(file, words)))
    if not inside:
        written.append(write_atomic(folder / module / "__init__.py", f'"""{words["title"]}."""\n'))
        (project,) = _templates("package")
        written.append(write_atomic(place / "pyproject.toml", _filled(project, words)))
    return sorted(written)


def _templates(kind: str) -> list[Traversable]:
    folder = resources.files("aqa_bench.cli") / "templates" / kind
    return sorted(folder.iterdir(), key=lambda entry: entry.name)


def _filled(file: Traversable, words: Mapping[str, str]) -> str:
    return Template(file.read_text(encoding="utf-8")).substitute(words)


def _check_name(kind: str, name: str, module: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(module):
        raise UsageError(
            f"A {kind.removesuffix('s')} cannot have this name.",
            where="NAME",
            expected=f"lower-case words joined by hyphens, a letter first, at most {_LONGEST} characters,"
            " not a Python keyword",
            found=name,
        )


def _checkout(root: Path | None) -> Path:
    place = checkout_root() if root is None else root.absolute()
    if place is None or not all((place / mark).exists() for mark in _MARKS):
        raise UsageError(
            "There is no checkout of the benchmark here.",
            where="--root",
            expected=f"a folder with {' and '.join(_MARKS)}",
            found=str(place),
            remedy="Clone the repository and pass it with --root. Without --root, an installed aqa-bench "
            "writes a separate package.",
        )
    return place


def _check_free(kind: str, name: str, folders: list[Path]) -> None:
    taken = set(methods()) if kind == "methods" else {card.partition("/")[0] for card in dataset_cards()}
    there = next((folder for folder in folders if folder.exists()), None)
    if name in taken or there is not None:
        raise UsageError(
            f"A {kind.removesuffix('s')} of this name already exists; nothing was written.",
            where=there,
            expected="a new name",
            found=name,
            remedy=f"To see the existing names, run aqa-bench list {kind}.",
        )
