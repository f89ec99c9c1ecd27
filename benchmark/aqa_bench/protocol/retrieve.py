"""Pose retrieval: how like the query are the frames that a method's features hold nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import UsageError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import find_dataset, find_method, find_task
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.task import Task, Unit
from aqa_bench.learn.looking.retrieval import (
    elevation_errors,
    keypoint_errors,
    nearest_of_each_group,
    nearest_of_other_groups,
    random_of_other_groups,
    spread_queries,
)
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.fitting import materialise, prepare_fit
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.protocol.pose_frames import PoseFrames, collect_frames
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.looked import embedded
from aqa_bench.stats.bootstrap import Interval, group_weights, percentile_bounds

__all__ = ["MethodRetrieval", "Retrieval", "RetrievalRequest", "retrieve"]

Array = npt.NDArray[np.float64]
_CHANCE_DRAWS = 32
_RESAMPLES = 2000
_LEVEL = 0.95
_UNKNOWN = {
    "elevation_error": "no clip has a usable trajectory of the barbell",
    "keypoint_error": "no clip has usable keypoints",
}


@dataclass(frozen=True, slots=True)
class RetrievalRequest:
    """What a person asks for; None means the default.

    Attributes:
        dataset: Dataset id.
        methods: Method ids with the names of their recipes.
        task: Task whose clips are used. Default: the dataset's first task of clips.
        scheme: Split scheme. Default: the dataset's first.
        seed: Seed of the methods' runs, of the choice of clips and of the queries shown.
        frames: Frames per clip, spread evenly.
        clips: Most clips, drawn by seed; all where None.
        queries: Frames to show.
        top: Neighbours, ``k``.
        overrides: ``key=value`` texts over every recipe.
        pretrain_on: Id of another dataset whose unlabelled samples are learned from.
    """

    dataset: str
    methods: tuple[tuple[str, str | None], ...]
    task: str | None = None
    scheme: str | None = None
    seed: int = 0
    frames: int = 32
    clips: int | None = None
    queries: int = 6
    top: int = 5
    overrides: tuple[str, ...] = ()
    pretrain_on: str | None = None


@dataclass(frozen=True)
class MethodRetrieval:
    """What one method retrieved.

    Attributes:
        method: Method id.
        recipe: Name of its recipe.
        facts: What the method tells of its weights.
        nearest: ``(N, k)`` frames retrieved for every frame.
        similarity: ``(N, k)`` their cosine similarity.
        shown_nearest: ``(q, k)`` for the frames to show as queries, the nearest frame of each of the
            nearest other videos.
        shown_similarity: ``(q, k)`` their cosine similarity.
        errors: By measure, the mean over queries and neighbours with its interval over videos.
        against_first: Likewise, the difference to the first method, over the same resamples.
    """

    method: str
    recipe: str
    facts: dict[str, Any]
    nearest: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float32]
    shown_nearest: npt.NDArray[np.int64]
    shown_similarity: npt.NDArray[np.float32]
    errors: dict[str, Interval]
    against_first: dict[str, Interval]


@dataclass(frozen=True)
class Retrieval:
    """What several methods retrieved of the same frames.

    Attributes:
        card: The dataset's card.
        task: The task whose clips were used.
        scheme: Id of the split scheme.
        split: Id of the split whose train and val parts were used.
        frames: The frames; all of them are queries.
        methods: The methods, in the order asked for.
        chance: By measure, the error of frames drawn at random from other videos.
        left_out: Measures that these data do not allow, and why.
        shown: ``(q,)`` frames to show as queries.
    """

    card: DatasetCard
    task: Task
    scheme: str
    split: str
    frames: PoseFrames
    methods: tuple[MethodRetrieval, ...]
    chance: dict[str, Interval]
    left_out: dict[str, str]
    shown: npt.NDArray[np.int64]


def retrieve(
    request: RetrievalRequest, *, device: str = "auto", progress: Progress | None = None
) -> Retrieval:
    """Retrieve, for every frame of clips, the nearest frames of other videos, and measure the difference.

    Clips are those of the train and val parts of the task's first split; test clips are never read.
    Backbones are those that a run with the same recipe and seed gets, from its cache where it ran before.

    Args:
        request: What is asked for.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: Where to report.

    Raises:
        UsageError: An id does not exist, or a method has no features of images.
        DataError: The dataset is not prepared, or has too few videos or frames.
    """
    progress = NullProgress() if progress is None else progress
    task, runs = _resolved(request)
    for run in runs:
        materialise(run, progress)
    custodian = Custodian(runs[0].dataset, task.id)
    split = runs[0].splits[task.id][0]
    rng = np.random.default_rng(data_seed(runs[0].dataset.card.id, "retrieve", request.seed))
    ids = np.array(custodian.available((*split.train, *split.val)))
    if request.clips is not None and request.clips < len(ids):
        ids = ids[np.sort(rng.choice(len(ids), request.clips, replace=False))]
    frames = collect_frames(custodian.bare(ids.tolist()), request.frames)
    chance = _errors(frames, random_of_other_groups(frames.groups, _CHANCE_DRAWS, rng))
    shown = spread_queries(frames.elevation, frames.groups, request.queries, rng)
    unknown = {name for name, values in chance.items() if not np.isfinite(values).any()}
    methods: list[MethodRetrieval] = []
    first: dict[str, Array] = {}
    for run in runs:
        embeddings, facts = _embed(run, task, custodian, frames, request.frames, device, progress)
        nearest, similarity = nearest_of_other_groups(embeddings, frames.groups, request.top)
        errors = {k: v for k, v in _errors(frames, nearest).items() if k not in unknown}
        apart = {k: _interval(v - first[k], frames.groups) for k, v in errors.items() if first}
        first = first or errors
        means = {k: _interval(v, frames.groups) for k, v in errors.items()}
        name = run.plugin.card.id
        apiece = nearest_of_each_group(embeddings, frames.groups, shown, request.top)
        methods.append(
            MethodRetrieval(name, run.recipe_name, facts, nearest, similarity, *apiece, means, apart)
        )
    return Retrieval(
        card=runs[0].dataset.card,
        task=task,
        scheme=runs[0].scheme.id,
        split=split.id,
        frames=frames,
        methods=tuple(methods),
        chance={k: _interval(v, frames.groups) for k, v in chance.items() if k not in unknown},
        left_out={k: reason for k, reason in _UNKNOWN.items() if k in unknown},
        shown=shown,
    )


def _resolved(request: RetrievalRequest) -> tuple[Task, list[ResolvedRun]]:
    card = find_dataset(request.dataset)
    first = next((task for task in card.tasks if task.unit is Unit.CLIP), card.tasks[0])
    task = find_task(card, request.task) if request.task else first
    scheme = request.scheme or card.schemes[0].id
    runs = [
        resolve(
            Request(
                dataset=card.id,
                method=name,
                recipe=recipe,
                seed=request.seed,
                scheme=scheme,
                tasks=(task.id,),
                overrides=request.overrides,
                pretrain_on=request.pretrain_on if find_method(name).card.uses_pool else None,
            )
        )
        for name, recipe in request.methods
    ]
    for run in runs:
        if not run.embeds:
            raise _without_features(run.plugin.card)
    return task, runs


def _without_features(card: MethodCard) -> UsageError:
    return UsageError(
        f"Method {card.id!r} has no image features to compare.",
        where="--method",
        expected="an image method, such as imagenet",
        found=f"{card.id}, which reads {card.modality}",
        remedy="To see what each method reads, run aqa-bench list methods.",
    )


def _embed(
    run: ResolvedRun,
    task: Task,
    custodian: Custodian,
    frames: PoseFrames,
    count: int,
    device: str,
    progress: Progress,
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Embeddings ``(N, D)`` of the frames, and facts about the weights."""
    given = prepare_fit(run, task, run.splits[task.id][0], custodian, device, progress)
    found = embedded(Hand(run.plugin, run.told, progress=progress), given, frames.samples, count)
    lengths = np.bincount(frames.clip).tolist()
    rows = [f.reshape(n, -1) for f, n in zip(found.features, lengths, strict=True)]
    return np.concatenate(rows), found.facts


def _errors(frames: PoseFrames, retrieved: npt.NDArray[np.int64]) -> dict[str, Array]:
    values = (elevation_errors(frames.elevation, retrieved), keypoint_errors(frames.poses, retrieved))
    return dict(zip(_UNKNOWN, values, strict=True))


def _interval(errors: Array, groups: npt.NDArray[np.str_]) -> Interval:
    """Mean over queries; videos are drawn anew, the same ones in every call on the same frames."""
    known = np.isfinite(errors)
    names, index = np.unique(groups, return_inverse=True)
    sums = np.bincount(index[known], errors[known], len(names))
    counts = np.bincount(index[known], minlength=len(names))
    weights = group_weights(names, _RESAMPLES, np.random.default_rng(0))
    drawn = weights @ counts
    means = np.divide(weights @ sums, drawn, out=np.full(len(drawn), np.nan), where=drawn > 0)
    value = float(errors[known].mean()) if known.any() else float("nan")
    low, high = percentile_bounds(value, means, _LEVEL)
    return Interval(value, low, high, _LEVEL, _RESAMPLES, int(np.isnan(means).sum()))
