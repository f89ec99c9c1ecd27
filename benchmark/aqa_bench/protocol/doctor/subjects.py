"""What a method and recipe are tried on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.registry import dataset_cards, find_family
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.doctor.clips import DrawnClip, DrawnStill, labelled, unlabelled

__all__ = ["Subject", "embedded_figures", "subjects"]


@dataclass(frozen=True)
class Subject:
    """A task with a few samples.

    Attributes:
        name: What they are, in words.
        task: The task.
        train: Samples to learn from.
        val: Samples to select on.
        pool: Samples without labels.
        test: Samples to score.
        leaked: Labelled samples, those of the test among them, under schemes that are not honest.
    """

    name: str
    task: Task
    train: LabeledSet
    val: LabeledSet
    pool: Sequence[Sample]
    test: Sequence[Sample]
    leaked: LabeledSet | None = None


def subjects(card: MethodCard, recipe: Recipe) -> list[Subject]:
    """What a method is tried on: one subject, and still images where the recipe trains on them end to end.

    Methods of keypoints alone get the embedded dataset, all others what is drawn.

    Args:
        card: The method's card.
        recipe: The recipe; its split scheme counts for the embedded dataset.
    """
    if Modality.KEYPOINTS in card.needs and Modality.FRAMES not in card.needs:
        figures = embedded_figures(card)
        if figures is not None:
            return [_of_dataset(figures, card, recipe)]
    clips, dives, stills = _drawn()
    moving = [subject for subject in (clips, dives) if _suits(card, subject, DrawnClip.provides)][:1]
    if moving and not getattr(recipe, "finetune", False):
        return moving
    return moving + ([stills] if _suits(card, stills, DrawnStill.provides) else [])


@cache
def embedded_figures(card: MethodCard) -> Dataset | None:
    """The first dataset of keypoints that can be opened without any data, and that a method can judge."""
    with tempfile.TemporaryDirectory() as nothing:
        for found in dataset_cards().values():
            fit = Modality.KEYPOINTS in found.provides and Modality.FRAMES not in found.provides
            if not (fit and card.needs <= found.provides and any(map(card.can_judge, found.tasks))):
                continue
            try:
                return find_family(found.id).load().open(found.id, Path(nothing))
            except AqaBenchError:
                continue
    return None


@cache
def _drawn() -> tuple[Subject, Subject, Subject]:
    return (
        _subject("clips", DrawnClip, TaskKind.BINARY, Unit.CLIP),
        _subject("dives", DrawnClip, TaskKind.SCORE, Unit.CLIP),
        _subject("stills", DrawnStill, TaskKind.BINARY, Unit.IMAGE),
    )


def _subject(name: str, kind: type[DrawnClip], task_kind: TaskKind, unit: Unit) -> Subject:
    scores = task_kind is TaskKind.SCORE
    primary = "spearman" if scores else "f1"
    task = Task(id="drawn", name="Is the wall red?", kind=task_kind, unit=unit, primary=primary)
    train, val = (labelled(kind, numbers, scores=scores) for numbers in (range(8), range(50, 54)))
    test = labelled(kind, range(100, 104)).samples
    return Subject(f"drawn {name}", task, train, val, unlabelled(range(500, 506)), test)


def _suits(card: MethodCard, subject: Subject, provides: Iterable[Modality]) -> bool:
    offered = frozenset(provides)
    has = card.needs <= offered and (not card.one_of or bool(card.one_of & offered))
    return has and card.can_judge(subject.task)


def _of_dataset(dataset: Dataset, card: MethodCard, recipe: Recipe) -> Subject:
    task = next(task for task in dataset.card.tasks if card.can_judge(task))
    known = [scheme.id for scheme in dataset.card.schemes]
    scheme = dataset.card.scheme(recipe.scheme if recipe.scheme in known else known[0])
    split = dataset.splits(task.id, scheme.id)[0]
    custodian, parts = Custodian(dataset, task.id), _few(dataset, task.id, split)
    held_out = frozenset((*split.val, *split.test))
    free = dataset.unlabeled(task.id, held_out)
    return Subject(
        dataset.card.id,
        task,
        custodian.labeled(parts["train"]),
        custodian.labeled(parts["val"]),
        custodian.pool(free, held_out, dataset.card.id, shares_groups=scheme.shares_groups)[:8],
        custodian.bare(parts["test"]),
        None if scheme.honest else custodian.labeled((*parts["train"], *parts["test"])),
    )


def _few(dataset: Dataset, task: str, split: Split) -> dict[str, tuple[str, ...]]:
    """A few samples of each class of every part."""
    targets = dataset.targets(task)
    parts = {"train": (split.train, 4), "val": (split.val, 2), "test": (split.test, 3)}
    return {
        name: tuple(i for label in (0.0, 1.0) for i in [j for j in ids if targets[j] == label][:most])
        for name, (ids, most) in parts.items()
    }
