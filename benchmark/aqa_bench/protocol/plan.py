"""From a request to a fully resolved run with its run-id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

from pydantic import ConfigDict

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.registry import find_dataset, find_method, find_scheme, find_task, open_dataset
from aqa_bench.core.run_id import hash_identity
from aqa_bench.core.split import Scheme, Split, check_repeats, check_split, splits_fingerprint
from aqa_bench.core.targets import check_targets
from aqa_bench.core.task import Modality, Task
from aqa_bench.protocol.feature_folder import FeatureFolder
from aqa_bench.protocol.imported_features import FeaturedDataset, bind_features, with_features
from aqa_bench.protocol.keypoints import KeypointFolder, bind_keypoints, open_keypoints, posed, with_keypoints
from aqa_bench.protocol.regions import cut_out, region_of
from aqa_bench.protocol.worker.recipes import Told, read_recipe
from aqa_bench.protocol.worker.session import Launcher, forked

__all__ = ["Choice", "Request", "ResolvedRun", "RunFolders", "fits", "resolve", "run_id_of"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for; None means the default.

    Attributes:
        dataset: Dataset id; the record has it as the dataset's card spells it.
        method: Method id.
        recipe: Name of a recipe of the method.
        seed: The run's seed; ignored by deterministic methods.
        scheme: Split scheme. Default: the recipe's, then the dataset's first.
        tasks: Task ids. Default: every task that the method can do.
        overrides: ``key=value`` texts over the recipe.
        pretrain_on: Id of another dataset whose unlabelled samples take the place of the dataset's own.
        shuffle_labels: Whether training labels are permuted first: the control that should learn nothing.
        keypoints: Folder of poses that take the place of the dataset's own.
        people: Who is taken of several people in them, ``nearest`` or ``largest``; by default what their
            manifest says.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    dataset: str
    method: str
    recipe: str | None = None
    seed: int = 0
    scheme: str | None = None
    tasks: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    pretrain_on: str | None = None
    shuffle_labels: bool = False
    keypoints: str | None = None
    people: str | None = None


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
    foreign: Dataset | None = None
    features: FeatureFolder | None = None
    shuffled_labels: bool = False
    keypoints: KeypointFolder | None = None
    prepares: bool = False
    embeds: bool = False
    reads: frozenset[Modality] = frozenset()
    saves: bool = False

    @property
    def told(self) -> Told:
        """What the method says of itself."""
        return Told(self.recipe, self.prepares, self.embeds, self.saves, self.reads)

    @property
    def folder(self) -> str:
        """Path of the run below an output folder."""
        return f"{self.dataset.card.id}/{self.plugin.card.id}/{self.run_id}"


def resolve(request: Request, *, launch: Launcher = forked) -> ResolvedRun:
    """Look up, check and open everything a run needs.

    Args:
        request: What is asked for.
        launch: Starts the worker that reads the method's recipe.

    Raises:
        UsageError: An id, recipe, scheme or task does not exist, or the method cannot do the tasks.
        DataError: The dataset has not been prepared, is damaged, or a split cannot be trusted.
    """
    choice = _choose(request, partial(read_recipe, launch=launch), open_keypoints)
    region = region_of(choice.recipe)
    foreign = None if choice.pool is None else cut_out(open_dataset(choice.pool.id), region)
    dataset = open_dataset(request.dataset)
    for task in choice.tasks:
        check_targets(dataset, task)
    splits = {task.id: _checked_splits(dataset, task.id, choice.scheme) for task in choice.tasks}
    if choice.features is not None:
        dataset = _featured(dataset, choice.features, splits)
    if choice.keypoints is not None:
        dataset = posed(dataset, choice.keypoints, splits)
    dataset = cut_out(dataset, region)
    fingerprint = dataset.fingerprint()
    run_id = choice.run_id(
        fingerprint,
        {name: splits_fingerprint(parts) for name, parts in splits.items()},
        "" if foreign is None else foreign.fingerprint(),
    )
    return ResolvedRun(
        run_id,
        dataset,
        choice.plugin,
        choice.recipe_name,
        choice.recipe,
        choice.seed,
        choice.scheme,
        choice.tasks,
        splits,
        fingerprint,
        foreign,
        choice.features,
        request.shuffle_labels,
        choice.keypoints,
        choice.told.prepares,
        choice.told.embeds,
        choice.told.reads,
        choice.told.saves,
    )


class RunFolders:
    """Folders of many requests' runs: every recipe, dataset and split is read and checked once.

    What it has read stays open; drop it before long work.
    """

    def __init__(self) -> None:
        self._recipe = cache(read_recipe)
        self._keypoints = cache(open_keypoints)
        self._dataset = cache(open_dataset)
        self._fingerprint = cache(lambda dataset: self._dataset(dataset).fingerprint())
        self._splits = cache(self._splits_of)
        self._failed: dict[tuple[str, str | None], AqaBenchError] = {}

    def __call__(self, request: Request) -> str:
        """``resolve(request).folder``.

        Raises:
            AqaBenchError: As :func:`resolve`.
        """
        choice = self.choice(request)
        place = request.dataset, request.pretrain_on
        if place in self._failed:
            raise self._failed[place].with_traceback(None)
        try:
            pool = "" if choice.pool is None else self._fingerprint(choice.pool.id)
            fingerprint = self._fingerprint(choice.card.id)
        except AqaBenchError as error:
            self._failed[place] = error
            raise
        name = choice.card.id
        splits = {task.id: self._splits(name, task.id, choice.scheme) for task in choice.tasks}
        return f"{name}/{request.method}/{choice.run_id(fingerprint, splits, pool)}"

    def choice(self, request: Request) -> Choice:
        """A request with its defaults filled in; no data are read for it.

        Raises:
            UsageError: As :func:`resolve`.
        """
        return _choose(request, self._recipe, self._keypoints)

    def dataset(self, request: Request) -> Dataset:
        """The dataset of a request, opened once.

        Raises:
            AqaBenchError: It cannot be opened.
        """
        return self._dataset(find_dataset(request.dataset).id)

    def _splits_of(self, dataset: str, task: str, scheme: Scheme) -> str:
        return splits_fingerprint(_checked_splits(self._dataset(dataset), task, scheme))


@dataclass(frozen=True)
class Choice:
    """A request with its defaults filled in, looked up and checked; no data are read for it."""

    plugin: MethodPlugin
    card: DatasetCard
    recipe_name: str
    recipe: Recipe
    scheme: Scheme
    tasks: tuple[Task, ...]
    seed: int
    pool: DatasetCard | None
    features: FeatureFolder | None
    shuffled: bool
    keypoints: KeypointFolder | None
    told: Told

    def run_id(self, fingerprint: str, splits: dict[str, str], pool_fingerprint: str = "") -> str:
        """The run-id, with fingerprints of dataset, splits and another dataset's pool."""
        return run_id_of(
            dataset=self.card.id,
            fingerprint=fingerprint,
            splits=splits,
            method=self.plugin.card,
            recipe=self.recipe.model_dump(mode="json"),
            seed=self.seed,
            pool=None if self.pool is None else {"dataset": self.pool.id, "fingerprint": pool_fingerprint},
            shuffled_labels=self.shuffled,
            keypoints=None if self.keypoints is None else self.keypoints.record().identity(),
        )


def _choose(
    request: Request,
    recipe_of: Callable[[MethodPlugin, str, tuple[str, ...]], Told],
    keypoints_of: Callable[[str | None, str | None], KeypointFolder],
) -> Choice:
    plugin = find_method(request.method)
    card = find_dataset(request.dataset)
    recipe_name = request.recipe or plugin.default_recipe
    told = recipe_of(plugin, recipe_name, request.overrides)
    keypoints = bind_keypoints(plugin.card, request.keypoints, request.people, keypoints_of)
    card = card if keypoints is None else with_keypoints(card, keypoints)
    recipe, features = bind_features(plugin.card, told.recipe)
    card = card if features is None else with_features(card, features)
    scheme = find_scheme(card, request.scheme or recipe.scheme or card.schemes[0].id)
    chosen = [find_task(card, name) for name in request.tasks] or list(card.tasks)
    tasks = tuple(task for task in chosen if plugin.card.can_judge(task))
    if not tasks or (request.tasks and len(tasks) < len(chosen)):
        raise UsageError(
            f"Method {plugin.card.id!r} cannot run this task.",
            where=card.id,
            expected=f"a task of kind {' or '.join(sorted(plugin.card.tasks))}"
            f" on {' or '.join(sorted(plugin.card.units))}",
            found=", ".join(f"{task.id} ({task.kind}, {task.unit})" for task in chosen),
        )
    _check_needs(plugin.card, card)
    seed = request.seed if plugin.card.stochastic else 0
    pool = _foreign_pool(request, plugin.card, card)
    shuffled = request.shuffle_labels
    return Choice(
        plugin,
        card,
        recipe_name,
        recipe,
        scheme,
        tasks,
        seed,
        pool,
        features,
        shuffled,
        keypoints,
        told,
    )


def run_id_of(
    *,
    dataset: str,
    fingerprint: str,
    splits: dict[str, str],
    method: MethodCard,
    recipe: dict[str, Any],
    seed: int,
    members: Sequence[str] = (),
    pool: dict[str, str] | None = None,
    shuffled_labels: bool = False,
    keypoints: Mapping[str, str | None] | None = None,
) -> str:
    """Hash of everything that decides a run's result: 16 hexadecimal digits."""
    return hash_identity(
        benchmark=BENCHMARK_VERSION,
        dataset=dataset,
        fingerprint=fingerprint,
        splits=splits,
        method=method.id,
        method_version=method.version,
        recipe=recipe,
        seed=seed,
        members=members,
        pool=pool,
        shuffled_labels=shuffled_labels,
        keypoints=keypoints,
    )


def fits(method: MethodCard, dataset: DatasetCard, tasks: Sequence[str] = ()) -> bool:
    """Whether a method can be run on a dataset, as their cards tell.

    Args:
        method: The method's card.
        dataset: The dataset's card.
        tasks: Task ids that it has to be able to do; empty for any one of the dataset's.
    """
    judged = [method.can_judge(task) for task in dataset.tasks if not tasks or task.id in tasks]
    return _has_needs(method, dataset) and (all(judged) if tasks else any(judged))


def _has_needs(method: MethodCard, dataset: DatasetCard) -> bool:
    return method.needs <= dataset.provides and (not method.one_of or bool(method.one_of & dataset.provides))


def _check_needs(method: MethodCard, dataset: DatasetCard) -> None:
    if not _has_needs(method, dataset):
        needed = [*sorted(method.needs), *([" or ".join(sorted(method.one_of))] if method.one_of else [])]
        raise UsageError(
            f"Method {method.id!r} needs data that {dataset.id} does not have.",
            expected=", ".join(needed),
            found=", ".join(sorted(dataset.provides)) or "nothing",
            remedy="To see what each method needs, run aqa-bench list methods.",
        )


def _foreign_pool(request: Request, method: MethodCard, dataset: DatasetCard) -> DatasetCard | None:
    if request.pretrain_on is None or request.pretrain_on == request.dataset:
        return None
    card = find_dataset(request.pretrain_on)
    if card.id == dataset.id:
        return None
    if not method.uses_pool:
        raise UsageError(
            f"Method {method.id!r} does not pre-train.",
            where="--pretrain-on",
            expected="a method that learns from unlabelled samples",
            found=method.id,
            remedy="See uses_pool in aqa-bench list methods --json.",
        )
    _check_needs(method, card)
    return card


def _featured(dataset: Dataset, features: FeatureFolder, splits: dict[str, tuple[Split, ...]]) -> Dataset:
    featured = FeaturedDataset(dataset, features)
    for task, parts in splits.items():
        featured.check_coverage(task, parts)
    return featured


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
