"""Look-up of methods and datasets by id: lazy, with a suggestion on a miss and an error on a collision."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import TypeVar

from aqa_bench.core.dataset import Dataset, DatasetPlugin
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.dataset_id import family_of, split_preset
from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.guard import refused_to_methods
from aqa_bench.core.lookup import find
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.paths import data_home
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Task

__all__ = [
    "dataset_cards",
    "find_dataset",
    "find_family",
    "find_method",
    "find_scheme",
    "find_task",
    "known_dataset",
    "methods",
    "open_dataset",
    "refresh",
]

P = TypeVar("P", MethodPlugin, DatasetPlugin)


@cache
def methods() -> Mapping[str, MethodPlugin]:
    """Every installed method by id."""
    found = _discover("methods", "METHOD", MethodPlugin)
    return _unique((plugin.card.id, plugin, origin) for plugin, origin in found)


@cache
def _families() -> Mapping[str, DatasetPlugin]:
    found = _discover("datasets", "DATASET", DatasetPlugin)
    return _unique((plugin.name, _checked_ids(plugin, origin), origin) for plugin, origin in found)


@cache
def dataset_cards() -> Mapping[str, DatasetCard]:
    """Card of every dataset id, each under its default preset."""
    return {card.id: card for family in _families().values() for card in family.cards}


def refresh() -> None:
    """Forget what was discovered, so that plug-ins installed since are seen."""
    for cached in (methods, _families, dataset_cards):
        cached.cache_clear()


def find_method(method: str) -> MethodPlugin:
    """The method of that id.

    Raises:
        UsageError: There is none; the nearest id is suggested.
    """
    return find(methods(), method, "method", "aqa-bench list methods")


def find_dataset(dataset: str) -> DatasetCard:
    """The card of that dataset id, which may end in ``@preset``.

    Returns:
        The card. Its id is the one to record: with the preset, unless that is the default.

    Raises:
        UsageError: There is no such dataset or preset; the nearest one is suggested.
    """
    base, preset = split_preset(dataset)
    card = find(dataset_cards(), base, "dataset", "aqa-bench list datasets")
    return card if preset is None else card.at(preset)


def known_dataset(dataset: str) -> DatasetCard | None:
    """As :func:`find_dataset`; None where this installation has no such dataset or preset."""
    try:
        return find_dataset(dataset)
    except UsageError:
        return None


def find_family(name: str) -> DatasetPlugin:
    """The family of a dataset id, or of that name.

    Raises:
        UsageError: There is none.
    """
    return find(_families(), family_of(name), "dataset", "aqa-bench list datasets")


def find_task(card: DatasetCard, task: str) -> Task:
    """A dataset's task by id.

    Raises:
        UsageError: It has no such task.
    """
    return find(
        {t.id: t for t in card.tasks}, task, f"task of {card.id}", f"aqa-bench dataset info {card.id}"
    )


def find_scheme(card: DatasetCard, scheme: str) -> Scheme:
    """A dataset's split scheme by id.

    Raises:
        UsageError: It has no such scheme.
    """
    known = {s.id: s for s in card.schemes}
    return find(known, scheme, f"scheme of {card.id}", f"aqa-bench dataset info {card.id}")


@refused_to_methods
def open_dataset(dataset: str) -> Dataset:
    """Open a dataset id, which may end in ``@preset``, on this machine's data folder.

    Raises:
        UsageError: There is no such dataset or preset.
        DataError: Its data have not been prepared, or are damaged.
    """
    card = find_dataset(dataset)
    family = find_family(card.id)
    return family.load().open(card.id, data_home() / family.name)


def _discover(kind: str, attribute: str, expected: type[P]) -> Iterable[tuple[P, str]]:
    package = import_module(f"aqa_bench.{kind}")
    for module in pkgutil.iter_modules(package.__path__):
        path = f"aqa_bench.{kind}.{module.name}"
        yield _checked(partial(_import_attribute, path, attribute), path, expected), path
    for entry in entry_points(group=f"aqa_bench.{kind}"):
        origin = f"entry point {entry.name} = {entry.value}"
        yield _checked(entry.load, origin, expected), origin


def _import_attribute(module: str, name: str) -> object:
    return getattr(import_module(module), name)


def _checked(load: Callable[[], object], origin: str, expected: type[P]) -> P:
    try:
        plugin = load()
    except Exception as error:
        # Importing foreign code may raise anything.
        raise AqaBenchError(
            "A plug-in cannot be imported.",
            where=origin,
            expected=f"a package that exports a {expected.__name__}",
            found=f"{type(error).__name__}: {error}",
            remedy="Correct or uninstall the plug-in.",
        ) from error
    if not isinstance(plugin, expected):
        raise AqaBenchError(
            "A plug-in is not of the right kind.",
            where=origin,
            expected=expected.__name__,
            found=type(plugin).__name__,
        )
    return plugin


def _checked_ids(plugin: DatasetPlugin, origin: str) -> DatasetPlugin:
    """A family owns the ids that begin with its name, so no id can belong to two."""
    ids = [card.id for card in plugin.cards]
    strange = [
        name
        for name in ids
        if family_of(name) != plugin.name or split_preset(name) != (name, None) or ids.count(name) > 1
    ]
    if strange:
        raise AqaBenchError(
            f"The dataset plug-in {plugin.name!r} has an unfit id.",
            where=origin,
            expected=f"{plugin.name} or {plugin.name}/NAME, each id once",
            found=strange[0],
        )
    return plugin


def _unique(found: Iterable[tuple[str, P, str]]) -> Mapping[str, P]:
    plugins: dict[str, P] = {}
    origins: dict[str, str] = {}
    for name, plugin, origin in found:
        if name in plugins:
            raise AqaBenchError(
                f"Two plug-ins claim the id {name!r}.",
                where=f"{origins[name]} and {origin}",
                expected="each id once",
                remedy="Rename one of them, or uninstall it.",
            )
        plugins[name], origins[name] = plugin, origin
    return dict(sorted(plugins.items()))
