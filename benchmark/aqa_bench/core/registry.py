"""Look-up of methods and datasets by id, with a suggestion on a miss and an error on a collision.

Cards are read from files: no code of a plug-in runs before it is loaded. A plug-in whose card cannot be read,
or two that claim one id, are left out with a warning; the error is raised when they are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

from aqa_bench.core.card_file import read_family, read_methods
from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.dataset_id import family_of, split_preset
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.guard import refused_to_methods
from aqa_bench.core.lookup import find
from aqa_bench.core.own import own_card, own_cards
from aqa_bench.core.paths import data_home
from aqa_bench.core.plugin import DatasetPlugin, MethodPlugin
from aqa_bench.core.plugin_folders import PluginFolder, card_folder, plugin_folders
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality, Task

if TYPE_CHECKING:
    from aqa_bench.core.dataset import Dataset

__all__ = [
    "broken",
    "dataset_cards",
    "find_dataset",
    "find_family",
    "find_method",
    "find_scheme",
    "find_task",
    "known_dataset",
    "methods",
    "open_dataset",
    "oracle_with",
    "refresh",
]

P = TypeVar("P", MethodPlugin, DatasetPlugin)
_Kind = Literal["methods", "datasets"]

_log = logging.getLogger(__name__)


@cache
def methods() -> Mapping[str, MethodPlugin]:
    """Every installed method by id."""
    plugins = _read("methods", lambda found: read_methods(card_folder(found), found.package))
    return _unique("methods", ((plugin.card.id, plugin, origin) for plugin, origin in plugins))


@cache
def _families() -> Mapping[str, DatasetPlugin]:
    plugins = _read("datasets", lambda found: (read_family(card_folder(found), found.package),))
    return _unique("datasets", ((family.name, family, origin) for family, origin in plugins))


def broken(kind: _Kind) -> dict[str, AqaBenchError]:
    """The plug-ins that are left out, by the name of their folder or entry point with hyphens, or by the id
    that two of them claim."""
    if kind == "methods":
        methods()
    else:
        _families()
    return _broken[kind]


_broken: dict[_Kind, dict[str, AqaBenchError]] = {"methods": {}, "datasets": {}}


def _read(kind: _Kind, read: Callable[[PluginFolder], Iterable[P]]) -> list[tuple[P, str]]:
    plugins: list[tuple[P, str]] = []
    for found in plugin_folders(kind):
        try:
            plugins.extend((plugin, found.origin) for plugin in read(found))
        except AqaBenchError as error:
            _leave_out(kind, found.name.replace("_", "-"), error)
    return plugins


def _leave_out(kind: _Kind, name: str, error: AqaBenchError) -> None:
    _broken[kind][name] = error
    _log.warning("A plug-in is skipped. %s", error)


def _check_broken(kind: _Kind, name: str) -> None:
    """Raise a broken plug-in's own error where it is the one that is asked for."""
    if (error := broken(kind).get(name)) is not None:
        raise error


@cache
def dataset_cards() -> Mapping[str, DatasetCard]:
    """Card of every dataset id, each under its default preset; own datasets (``local/...``) left out."""
    return {card.id: card for family in _families().values() for card in family.cards}


def oracle_with(method: MethodCard) -> tuple[str, ...]:
    """What a method may read that some dataset knows exactly: a run that reads it is an oracle."""
    exact = frozenset[Modality]().union(*(card.exact for card in dataset_cards().values()))
    return tuple(sorted(method.modalities & exact))


def refresh() -> None:
    """Forget what was discovered, so that plug-ins installed since are seen."""
    for cached in (methods, _families, dataset_cards):
        cached.cache_clear()
    for errors in _broken.values():
        errors.clear()


def find_method(method: str) -> MethodPlugin:
    """The method of that id.

    Raises:
        UsageError: There is none; the nearest id is suggested.
        AqaBenchError: There is one, but its card cannot be read.
    """
    if isinstance(method, str) and method not in methods():
        _check_broken("methods", method)
    return find(methods(), method, "method", "aqa-bench list methods")


def find_dataset(dataset: str) -> DatasetCard:
    """The card of that dataset id, which may end in ``@preset``.

    Returns:
        The card. Its id is the one to record: with the preset, unless that is the default.

    Raises:
        UsageError: There is no such dataset or preset; the nearest one is suggested.
        AqaBenchError: Its family's card cannot be read.
    """
    if not isinstance(dataset, str):
        return find(dataset_cards(), dataset, "dataset", "aqa-bench list datasets")
    base, preset = split_preset(dataset)
    own = own_card(base)
    known = dataset_cards() if own is None else {base: own}
    if base not in known:
        known = {**known, **own_cards()}
        _check_broken("datasets", family_of(base))
    card = find(known, base, "dataset", "aqa-bench list datasets")
    return card if preset is None else card.at(preset)


def known_dataset(dataset: str) -> DatasetCard | None:
    """As :func:`find_dataset`; None where there is no such dataset or preset here, or a broken one."""
    try:
        return find_dataset(dataset)
    except AqaBenchError:
        return None


def find_family(name: str) -> DatasetPlugin:
    """The family of a dataset id, or of that name.

    Raises:
        UsageError: There is none.
    """
    family = family_of(name)
    if family not in _families():
        _check_broken("datasets", family)
    return find(_families(), family, "dataset", "aqa-bench list datasets")


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


def _unique(kind: _Kind, found: Iterable[tuple[str, P, str]]) -> Mapping[str, P]:
    plugins: dict[str, P] = {}
    origins: dict[str, str] = {}
    for name, plugin, origin in found:
        if name not in origins:
            plugins[name], origins[name] = plugin, origin
            continue
        # Neither is taken: a stranger's must not pass for ours, and ours must not hide that there are two.
        plugins.pop(name, None)
        error = AqaBenchError(
            f"Two plug-ins claim the id {name!r}.",
            where=f"{origins[name]} and {origin}",
            expected="unique ids",
            remedy="Rename one of them, or uninstall it.",
        )
        _leave_out(kind, name, error)
    return dict(sorted(plugins.items()))
