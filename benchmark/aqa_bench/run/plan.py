"""From a request to a fully resolved run with its run-id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.recipe import Recipe, load_recipe
from aqa_bench.core.registry import find_dataset, find_method, find_scheme, find_task, open_dataset
from aqa_bench.core.split import Scheme, Split, check_repeats, check_split, splits_fingerprint
from aqa_bench.core.task import Task

__all__ = ["Request", "ResolvedRun", "resolve", "run_id_of"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for; None means the default.

    Attributes:
        dataset: Dataset id.
        method: Method id.
        recipe: Name of a recipe of the method.
        seed: The run's seed; ignored by deterministic methods.
        scheme: Split scheme. Default: the recipe's, then the dataset's first.
        tasks: Task ids. Default: every task that the method can do.
        overrides: ``key=value`` texts over the recipe.
    """

    dataset: str
    method: str
    recipe: str | None = None
    seed: int = 0
    scheme: str | None = None
    tasks: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResolvedRun:
    """A run that can start: everything looked up, checked and opened."""

    run_id: str
    dataset: Dataset
    plugin: MethodPlugin
    recipe_name: str
    recipe: Recipe
    seed: int
    scheme: Scheme
    tasks: tuple[Task, ...]
    splits: dict[str, tuple[Split, ...]]
    fingerprint: str

    @property
    def folder(self) -> str:
        """Path of the run below an output folder."""
        return f"{self.dataset.card.id}/{self.plugin.card.id}/{self.run_id}"


def resolve(request: Request) -> ResolvedRun:
    """Look up, check and open everything a run needs.

    Raises:
        UsageError: An id, recipe, scheme or task does not exist, or the method cannot do the tasks.
        DataError: The dataset has not been prepared, is damaged, or a split cannot be trusted.
    """
    plugin = find_method(request.method)
    card = find_dataset(request.dataset)
    recipe_name = request.recipe or plugin.default_recipe
    where = f"{plugin.card.id}, recipe {recipe_name}"
    recipe = load_recipe(plugin.package, plugin.load().recipe_type(), recipe_name)
    recipe = recipe.with_overrides(request.overrides, where)
    scheme = find_scheme(card, request.scheme or recipe.scheme or card.schemes[0].id)
    chosen = [find_task(card, name) for name in request.tasks] or list(card.tasks)
    tasks = tuple(task for task in chosen if task.kind.value in plugin.card.tasks)
    if not tasks or (request.tasks and len(tasks) < len(chosen)):
        raise UsageError(
            f"Method {plugin.card.id!r} cannot do this.",
            where=card.id,
            expected=f"a task of kind {' or '.join(sorted(plugin.card.tasks))}",
            found=", ".join(f"{task.id} ({task.kind})" for task in chosen),
        )
    missing = plugin.card.needs - card.provides
    if missing:
        raise UsageError(
            f"Method {plugin.card.id!r} needs what {card.id} does not have.",
            expected=", ".join(sorted(plugin.card.needs)),
            found=", ".join(sorted(card.provides)) or "nothing",
            remedy="aqa-bench list methods shows what each method needs.",
        )
    dataset = open_dataset(request.dataset)
    splits = {task.id: _checked_splits(dataset, task.id, scheme) for task in tasks}
    seed = request.seed if plugin.card.stochastic else 0
    fingerprint = dataset.fingerprint()
    run_id = run_id_of(
        dataset=card.id,
        fingerprint=fingerprint,
        splits={name: splits_fingerprint(parts) for name, parts in splits.items()},
        method=plugin.card,
        recipe=recipe.model_dump(mode="json"),
        seed=seed,
    )
    return ResolvedRun(run_id, dataset, plugin, recipe_name, recipe, seed, scheme, tasks, splits, fingerprint)


def run_id_of(
    *,
    dataset: str,
    fingerprint: str,
    splits: dict[str, str],
    method: MethodCard,
    recipe: dict[str, Any],
    seed: int,
    members: Sequence[str] = (),
) -> str:
    """Hash of everything that decides a run's result: 16 hexadecimal digits."""
    identity: dict[str, Any] = {
        "benchmark": BENCHMARK_VERSION,
        "dataset": dataset,
        "fingerprint": fingerprint,
        "splits": splits,
        "method": method.id,
        "method_version": method.version,
        "recipe": recipe,
        "seed": seed,
    }
    if members:
        identity["members"] = sorted(members)
    return sha256_bytes(canonical_json(identity).encode())[:16]


def _checked_splits(dataset: Dataset, task: str, scheme: Scheme) -> tuple[Split, ...]:
    samples = dataset.samples(task)
    groups = dict.fromkeys(dataset.targets(task), "") | {
        name: sample.group for name, sample in samples.items()
    }
    splits = tuple(dataset.splits(task, scheme.id))
    where = f"{dataset.card.id} {task}, scheme {scheme.id}"
    for split in splits:
        check_split(split, groups, where)
    check_repeats(splits, where)
    return splits
