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

__all__ = ["PluginFolder", "card_folder", "plugin_folders"]


class PluginFolder(NamedTuple):
    """One plug-in.

    Attributes:
        name: What to call it before its card is read: the folder's name, or the entry point's.
        folder: The folder that holds ``card.toml``; None where an entry point names no such folder.
        package: Its import path.
        origin: How it was found, for messages.
    """

    name: str
    folder: Path | None
    package: str
    origin: str


def plugin_folders(kind: Literal["methods", "datasets"]) -> Iterator[PluginFolder]:
    """The plug-ins of the harness or of its checkout, and those that other distributions announce."""
    ours = import_module(f"aqa_bench.{kind}")
    for place in ours.__path__:
        for file in sorted(Path(place).glob(f"*/{CARD_FILE}")):
            if file.parent.name.isidentifier() and file.is_file():
                name = file.parent.name
                yield PluginFolder(name, file.parent, f"{ours.__name__}.{name}", str(file))
    for entry in entry_points(group=f"aqa_bench.{kind}"):
        origin = f"entry point {entry.name} = {entry.value}"
        yield PluginFolder(entry.name, _folder(entry), entry.value, origin)


def card_folder(found: PluginFolder) -> Path:
    """The folder with a plug-in's card.

    Raises:
        AqaBenchError: Its entry point names no package with a card.
    """
    if found.folder is not None:
        return found.folder
    raise AqaBenchError(
        "A plug-in cannot be found.",
        where=found.origin,
        expected=f"the name of a package whose folder holds {CARD_FILE}",
        found=found.package,
        remedy="Correct or uninstall the plug-in.",
    )


def _folder(entry: EntryPoint) -> Path | None:
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
    return None
