"""Committed runs and recipes against the code of today: no change of the code may leave them behind."""

from __future__ import annotations

import importlib.util
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.versions import locked_paths
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.record import RECORD_FILE, RunRecord, read_record
from aqa_bench.core.registry import find_dataset, methods
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.protocol.plan import run_id_of
from aqa_bench.protocol.suite import plan_jobs, read_suite, shipped_suites

ROOT = Path(__file__).resolve().parents[1]
SUBMISSIONS = ROOT / "submissions"


def _folders() -> Mapping[str, list[Path]]:
    """Folders of the committed runs, by the method's id."""
    found = defaultdict(list)
    for file in sorted(SUBMISSIONS.rglob(RECORD_FILE)):
        found[file.parent.parent.name].append(file.parent)
    return found


FOLDERS = _folders()
RUN = sorted(set(FOLDERS) & set(methods()))


@cache
def records(method: str) -> tuple[RunRecord, ...]:
    return tuple(read_record(folder) for folder in FOLDERS[method])


def fitted(method: str) -> Iterator[RunRecord]:
    """Runs of the method itself: an ensemble of runs of one method has the method's name too."""
    return (record for record in records(method) if not record.members)


def of_this_protocol(records: Iterable[RunRecord]) -> Iterator[RunRecord]:
    """Runs that the code of today could make; earlier ones leave with their version."""
    return (record for record in records if record.benchmark_version == BENCHMARK_VERSION)


def test_runs_are_of_this_protocol_or_of_one_whose_leaderboards_name_them() -> None:
    named = cache(lambda version: locked_paths(ROOT / "leaderboards", version))
    for method in FOLDERS:
        for record in records(method):
            place, version = f"{record.dataset}/{record.method}/{record.run_id}", record.benchmark_version
            assert version == BENCHMARK_VERSION or place in named(version), place


@cache
def overrides() -> Mapping[tuple[str, str], set[tuple[str, ...]]]:
    """Overrides with which the suites run a recipe, by method and recipe."""
    found = defaultdict(set)
    for file in shipped_suites().values():
        for job in plan_jobs(read_suite(file)):
            recipe = job.recipe or methods()[job.method].default_recipe
            found[job.method, recipe].add(job.overrides)
    return found


def document(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json")


def named_today(plugin: MethodPlugin, name: str) -> list[dict[str, Any]]:
    """What a recipe resolves to, alone and with the overrides of the suites."""
    recipe = load_recipe(plugin.folder, plugin.load().recipe_type(), name)
    sets = {(), *overrides()[plugin.card.id, name]}
    return [document(recipe.with_overrides(texts, name)) for texts in sorted(sets)]


def test_every_committed_run_is_of_a_method_or_an_ensemble() -> None:
    assert len(FOLDERS) > 20
    for method in set(FOLDERS) - set(RUN):
        assert all(record.members for record in records(method)), method


@pytest.mark.parametrize("method", sorted(FOLDERS))
def test_a_run_lies_where_its_record_says(method: str) -> None:
    for folder, record in zip(FOLDERS[method], records(method), strict=True):
        place = f"{record.dataset}/{record.method}/{record.run_id}"
        assert folder.relative_to(SUBMISSIONS).as_posix() == place
        assert recorded_run_id(record) == record.run_id, place


@pytest.mark.parametrize("method", RUN)
def test_a_committed_run_has_the_run_id_that_the_code_computes_for_it(method: str) -> None:
    plugin = methods()[method]
    kind = plugin.load().recipe_type()
    for record in of_this_protocol(fitted(method)):
        card, place = find_dataset(record.dataset), f"{method}, run {record.run_id}"
        assert record.method_version == plugin.card.version, place
        assert record.scheme in {scheme.id for scheme in card.schemes}, place
        assert set(record.tasks) <= {task.id for task in card.tasks}, place
        values = document(kind.model_validate(record.hyperparameters))
        assert values == record.hyperparameters, place
        pool = {"dataset": record.pool_dataset or "", "fingerprint": record.pool_fingerprint or ""}
        expected = run_id_of(
            dataset=card.id,
            fingerprint=record.dataset_fingerprint,
            splits=record.splits_fingerprint,
            method=plugin.card,
            recipe=values,
            seed=record.seed,
            pool=pool if record.pool_dataset else None,
            shuffled_labels=record.shuffled_labels,
        )
        assert record.run_id == expected, place


@pytest.mark.parametrize("method", RUN)
def test_a_committed_run_is_the_recipe_of_its_name_or_that_with_overrides_of_a_suite(method: str) -> None:
    plugin = methods()[method]
    # A new version of a method may change its recipes.
    made = of_this_protocol(fitted(method))
    current = [record for record in made if record.method_version == plugin.card.version]
    for recipe in {record.recipe for record in current}:
        known = named_today(plugin, recipe)
        for record in current:
            if record.recipe == recipe and record.hyperparameters not in known:
                now, then = known[0], record.hyperparameters
                differing = {key: (now.get(key), then.get(key)) for key in now | then}
                pytest.fail(
                    f"{method}, recipe {recipe}, run {record.run_id}: values today and in the run differ in "
                    f"{ {key: pair for key, pair in differing.items() if pair[0] != pair[1]} }. "
                    "A recipe that has runs keeps its values: give other ones another name. "
                    "A run with --set belongs to a suite that says so (suites/)."
                )


@pytest.mark.parametrize("method", sorted(FOLDERS))
def test_members_of_committed_ensembles_are_committed(method: str) -> None:
    committed = {folder.name for folders in FOLDERS.values() for folder in folders}
    for record in records(method):
        if record.members:
            assert record.hyperparameters["members"] == record.members
            assert record.method_version == 1
            assert set(record.members) <= committed, record.run_id


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipes_resolved", ROOT / "tools" / "recipes_resolved.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_recipes_resolve_to_what_is_committed(tool: ModuleType) -> None:
    found = tool.changes(json.loads(tool.FILE.read_text(encoding="utf-8")), tool.resolved())
    assert not found, (
        "Recipes resolve to other values than before. If that is meant, and none of them has runs that now "
        "belong to other values (then raise the method's version, or name a new recipe), run "
        "python tools/recipes_resolved.py and commit tests/recipes_resolved.json."
    )


def test_changes_of_recipes_are_told_by_name(tool: ModuleType) -> None:
    before, after = {"a/quick": "1", "a/paper": "2", "b/quick": "3"}, {"a/quick": "1", "a/paper": "4"}
    assert tool.changes(before, after | {"c/quick": "5"}) == [
        "a/paper: other values",
        "b/quick: gone",
        "c/quick: new",
    ]
