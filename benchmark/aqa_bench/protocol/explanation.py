"""Explanations: which parts of the frames a fitted method's judgement rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.task import Modality, Task, TaskKind
from aqa_bench.learn.looking.attribution import Attribution
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.fitting import materialise, prepare_fit
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.looked import explained

__all__ = ["Explained", "Explanation", "explain", "share_on_person"]

_LAYOUT = "coco-17"
_MARGIN = 0.1


@dataclass(frozen=True)
class Explained:
    """One sample.

    Attributes:
        sample: The sample, sealed.
        id: Its id in the release.
        target: Its label.
        score: What the method says.
        attribution: What its frames contribute to that.
        on_person: Share of the attribution, without its sign, within the box around the keypoints; and
            that box's share of the area the method sees. None without keypoints.
    """

    sample: Sample
    id: str
    target: float
    score: float
    attribution: Attribution
    on_person: tuple[float, float] | None


@dataclass(frozen=True)
class Explanation:
    """Samples of one part of a split, explained.

    Attributes:
        card: The dataset's card.
        task: The task.
        scheme: Id of the split scheme.
        split: Id of the split that the method was fitted on.
        part: ``val``, or ``train`` where the split has no val.
        method: Method id.
        recipe: Name of its recipe.
        facts: What the method tells of its fit.
        samples: The samples.
    """

    card: DatasetCard
    task: Task
    scheme: str
    split: str
    part: str
    method: str
    recipe: str
    facts: dict[str, Any]
    samples: tuple[Explained, ...]


def explain(
    request: Request, *, samples: int = 4, device: str = "auto", progress: Progress | None = None
) -> Explanation:
    """Fit a method on a task's first split, and explain its judgement of some val samples.

    Test samples are never read. For binary tasks errors and others alternate, as far as there are any.

    Args:
        request: The run; its first task is explained.
        samples: Most samples to explain, drawn by the run's seed.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: Where to report.

    Raises:
        UsageError: An id does not exist, or the method cannot tell what its judgements rest on.
        DataError: The dataset is not prepared.
    """
    progress = NullProgress() if progress is None else progress
    run = resolve(request)
    task = run.tasks[0]
    split = run.splits[task.id][0]
    materialise(run, progress)
    custodian = Custodian(run.dataset, task.id)
    given = prepare_fit(run, task, split, custodian, device, progress)
    part, ids = ("val", split.val) if len(given.val) else ("train", split.train)
    known = given.val if len(given.val) else given.train
    chosen = _chosen(known.targets, task, samples, data_seed(run.dataset.card.id, "explain", request.seed))
    shown = [known.samples[i] for i in chosen]
    name = run.plugin.card.id
    found = explained(Hand(run.plugin, run.told, progress=progress), given, shown, task.kind)
    names = custodian.available(ids)
    return Explanation(
        card=run.dataset.card,
        task=task,
        scheme=run.scheme.id,
        split=split.id,
        part=part,
        method=name,
        recipe=run.recipe_name,
        facts=found.facts,
        samples=tuple(
            Explained(
                sample, names[i], float(known.targets[i]), float(score), looked, _on_person(sample, looked)
            )
            for i, sample, score, looked in zip(chosen, shown, found.scores, found.attributions, strict=True)
        ),
    )


def share_on_person(
    attribution: Attribution, boxes: npt.NDArray[np.floating[Any]]
) -> tuple[float, float] | None:
    """How much of an attribution lies within boxes, and how much would if it lay everywhere alike.

    Args:
        attribution: Of T frames.
        boxes: ``(T, 4)`` left, top, right and bottom as shares of the picture; NaN where unknown.

    Returns:
        Share of the absolute attribution, and of the area seen, in [0, 1], over frames with a box;
        None where there is none, or no attribution.
    """
    maps = np.abs(attribution.maps.astype(np.float64))
    height, width = maps.shape[1:]
    left, top, right, bottom = attribution.area.T
    x = left[:, None] + (right - left)[:, None] * (np.arange(width) + 0.5) / width
    y = top[:, None] + (bottom - top)[:, None] * (np.arange(height) + 0.5) / height
    in_x = (x >= boxes[:, :1]) & (x <= boxes[:, 2:3])
    in_y = (y >= boxes[:, 1:2]) & (y <= boxes[:, 3:4])
    inside = in_y[:, :, None] & in_x[:, None, :]
    framed = np.isfinite(boxes).all(axis=1)
    total = maps[framed].sum()
    if not framed.any() or total == 0:
        return None
    return float(maps[framed][inside[framed]].sum() / total), float(inside[framed].mean())


def _on_person(sample: Sample, attribution: Attribution) -> tuple[float, float] | None:
    media = sample.media
    # The keypoints of a still image may be those of the frame that it was cut from.
    if not {Modality.KEYPOINTS, Modality.FRAMES} <= media.provides:
        return None
    try:
        return share_on_person(attribution, _person_boxes(media, attribution.indices))
    except (DataError, IndexError):
        return None


def _person_boxes(media: Media, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Boxes around visible joints, widened, as shares of the picture: ``(T, 4)``."""
    points = media.keypoints(_LAYOUT)[indices].astype(np.float64)
    height, width = media.frames([int(indices[0])]).shape[1:3]
    boxes = np.full((len(points), 4), np.nan)
    for t, frame in enumerate(points):
        seen = frame[frame[:, 2] > 0, :2] / (width, height)
        if len(seen):
            low, high = seen.min(axis=0), seen.max(axis=0)
            margin = _MARGIN * (high - low)
            boxes[t] = (*(low - margin), *(high + margin))
    return boxes


def _chosen(targets: npt.NDArray[np.float64], task: Task, count: int, seed: int) -> list[int]:
    order = np.random.default_rng(seed).permutation(len(targets))
    if task.kind is TaskKind.SCORE:
        return [int(i) for i in order[:count]]
    # Position within its class first: errors and others alternate until one class is used up.
    rank = np.empty(len(order), np.int64)
    for value in (0.0, 1.0):
        members = np.flatnonzero(targets[order] == value)
        rank[members] = np.arange(len(members))
    sequence: Sequence[int] = np.lexsort((-targets[order], rank)).tolist()
    return [int(order[i]) for i in sequence[:count]]
