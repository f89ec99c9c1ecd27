"""Where plug-ins lie: folders with a ``card.toml``, found without importing what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

from aqa_bench.core.card_file import CARD_FILE
from aqa_bench.core.errors import AqaBenchError

__all__ = ["PluginFolder", "plugin_folders"]


class PluginFolder(NamedTuple):
    """One plug-in.

    Attributes:
        folder: The folder that holds ``card.toml``.
        package: Its import path.
        origin: How it was found, for messages.
    """

    folder: Path
    package: str
    origin: str


def plugin_folders(kind: Literal["methods", "datasets"]) -> Iterator[PluginFolder]:
    """The plug-ins of the harness or of its checkout, and those that other distributions announce.

    Raises:
        AqaBenchError: An entry point names no package with a card.
    """
    ours = import_module(f"aqa_bench.{kind}")
    for place in ours.__path__:
        for file in sorted(Path(place).glob(f"*/{CARD_FILE}")):
            if file.parent.name.isidentifier() and file.is_file():
                yield PluginFolder(file.parent, f"{ours.__name__}.{file.parent.name}", str(file))
    for entry in entry_points(group=f"aqa_bench.{kind}"):
        yield PluginFolder(_folder(entry), entry.value, f"entry point {entry.name} = {entry.value}")


def _folder(entry: EntryPoint) -> Path:
    top, *inner = entry.value.split(".")
    if all(part.isidentifier() for part in (top, *inner)):
        # Only the first name is looked up: finding a module in a package would import the package.
        try:
            spec = find_spec(top)
        except (ImportError, ValueError):
            spec = None
        for place in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(place, *inner)
            if (folder / CARD_FILE).is_file():
                return folder
    raise AqaBenchError(
        "A plug-in cannot be found.",
        where=f"entry point {entry.name} = {entry.value}",
        expected=f"the name of a package whose folder holds {CARD_FILE}",
        found=entry.value,
        remedy="Correct or uninstall the plug-in.",
    )
