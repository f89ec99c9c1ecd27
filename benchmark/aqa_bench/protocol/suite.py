"""Suites: TOML files that name datasets x methods x recipes x seeds."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.checkout import shipped_folder
from aqa_bench.core.dataset_id import split_preset, with_preset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.own import is_own, own_cards
from aqa_bench.core.registry import dataset_cards, find_dataset, find_method, find_scheme, known_dataset
from aqa_bench.core.toml_file import read_toml_as
from aqa_bench.protocol.plan import Request, fits

__all__ = ["Suite", "find_suite", "plan_jobs", "read_suite", "shipped_suites"]


class Block(BaseModel):
    """A product of datasets, methods, recipes, schemes and seeds.

    Attributes:
        datasets: Dataset ids, or patterns such as ``pose-trainer/*`` and ``synthetic-gym/*@study``; methods
            that cannot be run on a dataset, and datasets without the preset, are left out where a pattern
            names them.
        methods: Method ids.
        recipes: Names of recipes; empty means each method's default.
        schemes: Split schemes; empty means the recipe's or the dataset's default.
        pretrain_on: Datasets whose unlabelled samples take the place of each dataset's own.
        shuffle_labels: Whether training labels are permuted first, as a control.
        tasks: Task ids; empty means all that a method can do.
        seeds: Seeds; a deterministic method is run once.
        set: ``key=value`` overrides of the recipe.
        keypoints: Folder of poses that take the place of the datasets' own.
        people: Who is taken of several people in them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    datasets: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = Field(min_length=1)
    recipes: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    pretrain_on: tuple[str, ...] = ()
    shuffle_labels: bool = False
    tasks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    set: tuple[str, ...] = ()
    keypoints: str | None = None
    people: str | None = None


class Suite(BaseModel):
    """A named list of blocks.

    Attributes:
        about: What the suite is for.
        block: The blocks, ``[[block]]`` in the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""
    block: tuple[Block, ...] = Field(min_length=1)


def shipped_suites() -> dict[str, Path]:
    """Files of the suites that come with the benchmark, by name: a checkout's ``suites/``, or the wheel's."""
    return {file.stem: file for file in sorted(shipped_folder("suites").glob("*.toml"))}


def find_suite(name: str) -> Path:
    """The file of a suite: ``name`` as a path, else the shipped suite of that name.

    Raises:
        UsageError: There is neither.
    """
    if Path(name).is_file():
        return Path(name)
    shipped = shipped_suites()
    if name in shipped:
        return shipped[name]
    near = difflib.get_close_matches(name, shipped, n=1, cutoff=0.5)
    raise UsageError(
        "This suite does not exist." + (f" Did you mean {near[0]!r}?" if near else ""),
        where=name,
        expected=f"a TOML file, or one of {', '.join(shipped)}" if shipped else "a TOML file",
        found="no file",
    )


def read_suite(file: Path) -> Suite:
    """Read a suite's file.

    Raises:
        UsageError: It is missing, no TOML, or does not follow the schema.
    """
    return read_toml_as(Suite, file, "suite")


def plan_jobs(suite: Suite) -> list[Request]:
    """Every job of a suite once, in the order of the file.

    Raises:
        UsageError: A dataset, method or scheme does not exist, or a pattern matches nothing.
    """
    return list(dict.fromkeys(job for block in suite.block for job in _expand(block)))


def _expand(block: Block) -> Iterator[Request]:
    for dataset, named in _datasets(block.datasets):
        card = find_dataset(dataset)
        for scheme in block.schemes:
            find_scheme(card, scheme)
        for method in block.methods:
            plugin = find_method(method)
            if not named and not fits(plugin.card, card, block.tasks):
                continue
            yield from (
                Request(
                    card.id,
                    method,
                    recipe,
                    seed,
                    scheme,
                    block.tasks,
                    block.set,
                    pool,
                    block.shuffle_labels,
                    block.keypoints,
                    block.people,
                )
                for recipe in block.recipes or (None,)
                for scheme in block.schemes or (None,)
                for pool in block.pretrain_on or (None,)
                for seed in (block.seeds if plugin.card.stochastic else (0,))
            )


def _datasets(patterns: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Dataset ids, and whether each is named in full."""
    for pattern in patterns:
        base, preset = split_preset(pattern)
        cards = own_cards() if is_own(base) else dataset_cards()
        matches = [with_preset(name, preset) for name in fnmatch.filter(cards, base)]
        known = [name for name in matches if known_dataset(name) is not None]
        if not known:
            find_dataset(matches[0] if matches else pattern)
        for name in known:
            yield name, name == pattern
