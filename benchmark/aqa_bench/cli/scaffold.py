"""Skeletons of plug-ins: templates of this package, filled in with a name."""

from __future__ import annotations

import keyword
import re
from importlib import resources
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

    Args:
        kind: ``methods`` or ``datasets``.
        name: Id of the plug-in: lower-case words joined by hyphens.
        root: Checkout of the benchmark; by default the one that this package runs from.

    Returns:
        The files written.

    Raises:
        UsageError: The name cannot be used or is taken, or ``root`` is no checkout.
    """
    module = name.replace("-", "_")
    _check_name(kind, name, module)
    place = _checkout(root)
    _check_free(kind, name, place, module)
    words = {
        "name": name,
        "module": module,
        "class_name": "".join(word.capitalize() for word in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
    }
    templates = resources.files("aqa_bench.cli") / "templates" / kind
    written = []
    for file in sorted(templates.iterdir(), key=lambda entry: entry.name):
        target = (
            place
            / (f"tests/{kind}/{module}" if file.name.startswith("test_") else f"{kind}/{module}")
            / file.name.removesuffix(".txt").replace("test_plugin", f"test_{module}")
        )
        text = Template(file.read_text(encoding="utf-8")).substitute(words)
        written.append(write_atomic(target, text))
    return written


def _check_name(kind: str, name: str, module: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(module):
        raise UsageError(
            f"A {kind.removesuffix('s')} cannot have this name.",
            where="NAME",
            expected=f"lower-case words joined by hyphens, a letter first, at most {_LONGEST} characters,"
            " no keyword of Python",
            found=name,
        )


def _checkout(root: Path | None) -> Path:
    place = checkout_root() if root is None else root.absolute()
    if place is None or not all((place / mark).exists() for mark in _MARKS):
        raise UsageError(
            "There is no checkout of the benchmark to write to.",
            where="--root" if root is not None else None,
            expected=f"a folder with {' and '.join(_MARKS)}",
            found="an installed package" if place is None else str(place),
            remedy="Clone the repository and name it with --root. Plug-ins in packages of their own: "
            "entry-point groups aqa_bench.methods and aqa_bench.datasets.",
        )
    return place


def _check_free(kind: str, name: str, place: Path, module: str) -> None:
    taken = set(methods()) if kind == "methods" else {card.partition("/")[0] for card in dataset_cards()}
    folders = [place / kind / module, place / "tests" / kind / module]
    there = next((folder for folder in folders if folder.exists()), None)
    if name in taken or there is not None:
        raise UsageError(
            f"There is a {kind.removesuffix('s')} of this name already; nothing was written.",
            where=there,
            expected="a new name",
            found=name,
            remedy=f"aqa-bench list {kind} shows what is taken.",
        )
