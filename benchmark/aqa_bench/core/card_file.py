"""``card.toml``: what a plug-in says of itself, read without importing any of its code."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.dataset_id import family_of, split_preset
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.plugin import DatasetPlugin, MethodPlugin
from aqa_bench.core.schemes import STANDARD_SCHEMES
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Task
from aqa_bench.core.toml_file import read_toml

__all__ = ["CARD_FILE", "cards_beside", "read_family", "read_methods"]

CARD_FILE = "card.toml"

_ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_FACTORY = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"

T = TypeVar("T")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _OfMethod(_Strict):
    """What a method's table says besides the card."""

    id: str = Field(pattern=_ID)
    factory: str = Field(pattern=_FACTORY)
    default_recipe: str = "quick"


class _OfFamily(_Strict):
    """What a family's file says besides its cards."""

    name: str = Field(pattern=_ID)
    factory: str = Field(pattern=_FACTORY)
    own: bool = False


def read_methods(folder: Path, package: str) -> tuple[MethodPlugin, ...]:
    """The methods of a folder: one, or one per ``[[method]]``, which takes what stands above it.

    Args:
        folder: The folder that holds ``card.toml``.
        package: Import path of the folder; factories are written relative to it.

    Raises:
        AqaBenchError: The file cannot be read, lacks a key, or has one that does not fit.
    """
    file = folder / CARD_FILE
    document = _read(file)
    common = {key: value for key, value in document.items() if key != "method"}
    found = []
    for place, own in _tables(document, "method", file) if "method" in document else [("", {})]:
        values = common | own
        about = _fit(_OfMethod, _of(values, _OfMethod), file, place)
        card = {key: value for key, value in values.items() if key not in ("factory", "default_recipe")}
        found.append(
            MethodPlugin(
                _fit(MethodCard, card, file, place),
                f"{package}.{about.factory}",
                folder,
                about.default_recipe,
            )
        )
    return tuple(found)


def read_family(folder: Path, package: str) -> DatasetPlugin:
    """The family of datasets of a folder.

    A dataset names its tasks and schemes by id. They are defined by ``[task.ID]`` and ``[scheme.ID]``, for
    all above the first ``[[dataset]]`` or for one as ``[dataset.scheme.ID]`` below it; the schemes of
    :mod:`aqa_bench.core.schemes` need no definition. Whatever else stands above holds for all. The family of
    own data (``own = true``) has none: their cards are kept beside them, see :mod:`aqa_bench.core.own`.

    Args:
        folder: The folder that holds ``card.toml``.
        package: Import path of the folder; the factory is written relative to it.

    Raises:
        AqaBenchError: The file cannot be read, lacks a key, or has one that does not fit; an id is not
            the family's or stands twice.
    """
    file = folder / CARD_FILE
    document = _read(file)
    own = _of(document, _OfFamily)
    family = _fit(_OfFamily, own, file)
    common = {key: value for key, value in document.items() if key not in (*own, "dataset")}
    tables = [] if family.own else _tables(document, "dataset", file)
    cards = tuple(_dataset_card(common, each, file, place) for place, each in tables)
    ids = [card.id for card in cards]
    for name in ids:
        if family_of(name) != family.name or split_preset(name) != (name, None) or ids.count(name) > 1:
            raise AqaBenchError(
                f"The dataset plug-in {family.name!r} has an invalid id.",
                where=file,
                expected=f"{family.name} or {family.name}/NAME, each id once",
                found=name,
            )
    return DatasetPlugin(family.name, cards, f"{package}.{family.factory}", folder)


def cards_beside(module_file: str) -> tuple[DatasetCard, ...]:
    """The cards of the ``card.toml`` beside a module of a dataset: ``cards_beside(__file__)``.

    Raises:
        AqaBenchError: As :func:`read_family`.
    """
    folder = Path(module_file).parent
    return read_family(folder, folder.name).cards


def _dataset_card(common: Mapping[str, Any], own: Mapping[str, Any], file: Path, place: str) -> DatasetCard:
    values = {**common, **own}
    tasks = _defined("task", Task, common, own, file, place)
    schemes = dict(STANDARD_SCHEMES) | _defined("scheme", Scheme, common, own, file, place)
    for key, known in (("task", tasks), ("scheme", schemes)):
        values.pop(key, None)
        values[f"{key}s"] = _named(f"{key}s", values, known, file, place)
    return _fit(DatasetCard, values, file, place)


def _defined(
    key: str,
    kind: type[T],
    common: Mapping[str, Any],
    own: Mapping[str, Any],
    file: Path,
    place: str,
) -> dict[str, T]:
    """Tasks or schemes by id: those of the whole file, and over them those of one dataset."""
    found: dict[str, T] = {}
    for prefix, tables in ((key, common.get(key, {})), (f"{place}.{key}", own.get(key, {}))):
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise _unfit(file, prefix, f"tables [{prefix.rpartition('.')[2]}.ID]", tables)
        for name, table in tables.items():
            found[name] = _fit(kind, {"id": name} | table, file, f"{prefix}.{name}")
    return found


def _named(
    key: str, values: Mapping[str, Any], known: Mapping[str, object], file: Path, place: str
) -> list[object]:
    names = values.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise _unfit(file, _path(place, key), "a list of ids, at least one", names)
    for name in names:
        if name not in known or names.count(name) > 1:
            raise _unfit(
                file, _path(place, key), f"each at most once, from {', '.join(known) or 'none'}", name
            )
    return [known[name] for name in names]


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file)
    except (OSError, ValueError) as error:
        raise AqaBenchError(
            "A card cannot be read.", where=file, expected="the TOML of a plug-in's card", found=str(error)
        ) from error


def _tables(document: Mapping[str, Any], key: str, file: Path) -> list[tuple[str, dict[str, Any]]]:
    """Place and content of every table of an array."""
    tables = document.get(key)
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise _unfit(file, key, f"tables [[{key}]], at least one", tables)
    return [(f"{key}.{number}", table) for number, table in enumerate(tables)]


def _fit(kind: type[T], values: Mapping[str, Any], file: Path, place: str = "") -> T:
    """Values as a model. As JSON, since pydantic's strict mode takes names of enums from nothing else."""
    known = [*getattr(kind, "model_fields", ()), *getattr(kind, "__dataclass_fields__", ())]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            expected = f"the key {near[0]}" if near else f"one of the keys {', '.join(known)}"
            raise _unfit(file, _path(place, key), expected, values[key])
    try:
        return cast(
            T, _adapter(cast(Any, kind)).validate_json(json.dumps(values, default=_plain), strict=True)
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        missing = first["type"] in ("missing", "missing_argument")
        expected = "a value, because this key is required" if missing else first["msg"]
        raise _unfit(file, _path(place, key), expected, None if missing else first["input"]) from error


def _of(values: Mapping[str, Any], kind: type[BaseModel]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in kind.model_fields}


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _path(place: str, key: str) -> str:
    return ".".join(part for part in (place, key) if part)


def _unfit(file: Path, key: str, expected: str, found: object) -> AqaBenchError:
    shown = "nothing" if found is None else repr(found)
    return AqaBenchError(
        "A card has an invalid value.",
        where=f"{file} {key}".rstrip(),
        expected=expected,
        found=shown if len(shown) <= 200 else f"{shown[:200]}...",
        remedy="Correct card.toml; docs/adding-a-method.md and docs/adding-a-dataset.md show complete "
        "examples.",
    )
