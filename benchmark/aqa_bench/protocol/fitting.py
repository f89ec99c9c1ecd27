"""What a method is given to fit one split, and how its failures are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError, DataError, MethodError
from aqa_bench.core.guard import method_running
from aqa_bench.core.method import FitContext
from aqa_bench.core.paths import cache_home
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import data_seed, fit_seed
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.plan import ResolvedRun

__all__ = ["Fitting", "materialise", "method_at_work", "prepare_fit"]


@dataclass(frozen=True)
class Fitting:
    """The arguments of a method's fit, sealed.

    Attributes:
        train: Labelled samples to learn from.
        val: Labelled samples to select on.
        pool: Unlabelled samples.
        ctx: Everything else.
        where: Dataset, task and split, for errors.
        everyone: All samples of the task, where train is of one class: whoever is prepared with or before the
            rest would be known to be of it in other splits.
    """

    train: LabeledSet
    val: LabeledSet
    pool: Sequence[Sample]
    ctx: FitContext
    where: str
    everyone: Sequence[Sample] = ()


def prepare_fit(
    resolved: ResolvedRun,
    task: Task,
    split: Split,
    custodian: Custodian,
    device: str,
    progress: Progress | None = None,
) -> Fitting:
    """Gather what the method of a run is given for one split.

    Args:
        resolved: The run.
        task: One of its tasks.
        split: One of the task's splits.
        custodian: Holds the task's samples and targets.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: Where the method reports.

    Raises:
        DataError: Unlabelled samples overlap with those that are held out.
    """
    card = resolved.plugin.card
    where = f"{resolved.dataset.card.id} {task.id}, {split.id}"
    pool: Sequence[Sample] = ()
    if resolved.foreign is not None:
        pool = _by_content(_foreign_pool(resolved.foreign, custodian.salt))
    elif card.uses_pool:
        held_out = frozenset((*split.val, *split.test))
        free = resolved.dataset.unlabeled(task.id, held_out)
        pool = _by_content(custodian.pool(free, held_out, where, shares_groups=resolved.scheme.shares_groups))
    ctx = FitContext(
        dataset=resolved.dataset.card.id,
        task=task,
        split=split.id,
        seed=fit_seed(resolved.dataset.card.id, card.id, resolved.seed, task.id, split.id),
        device=device,
        cache=cache_home(),
        progress=progress or NullProgress(),
        leaked=custodian.labeled(split.leaked) if split.leaked else None,
        pool_dataset="" if resolved.foreign is None else resolved.foreign.card.id,
        run_seed=resolved.seed,
        method=card.id,
    )
    train, val = custodian.labeled(split.train), custodian.labeled(split.val)
    if resolved.shuffled_labels:
        names = resolved.dataset.card.id, "shuffled labels", task.id, split.id, resolved.seed
        train, val = (_shuffled(part, data_seed(*names, i)) for i, part in enumerate((train, val)))
    of_one_class = task.kind is not TaskKind.SCORE and len(set(train.targets)) == 1
    return Fitting(train, val, pool, ctx, where, custodian.everyone() if of_one_class else ())


def materialise(resolved: ResolvedRun, progress: Progress) -> None:
    """Make readable what the method of a run needs of its tasks' samples and of its pool."""
    card, dataset = resolved.plugin.card, resolved.dataset
    wanted = card.needs | card.one_of | resolved.reads
    images = {task.unit is Unit.IMAGE for task in resolved.tasks}
    # A sample of an image task has no video, and a clip no stills.
    unseen = {Modality.FRAMES} if False not in images else {Modality.IMAGE} if True not in images else set()
    needs = wanted & dataset.card.provides
    if resolved.foreign is None:
        dataset.materialise(needs - unseen, progress, needs if card.uses_pool else frozenset())
    else:
        dataset.materialise(needs - unseen, progress)
        resolved.foreign.materialise(frozenset(), progress, wanted & resolved.foreign.card.provides)


@contextmanager
def method_at_work(method: str, where: str) -> Iterator[None]:
    """Mark the block as code of a method: datasets do not answer it, and its failures name it.

    Args:
        method: Method id.
        where: Dataset, task and split, for errors.

    Raises:
        MethodError: The block raised anything that is not an :class:`AqaBenchError`; those that are say
            where, unless they did already.
    """
    try:
        with method_running(method):
            yield
    except AqaBenchError as error:
        error.where = error.where or where
        raise
    except Exception as error:
        # A method is foreign code and may raise anything.
        raise MethodError(
            f"Method {method!r} failed.",
            where=where,
            found=f"{type(error).__name__}: {error}",
            remedy="For the traceback, run with aqa-bench --debug; finished splits are kept.",
        ) from error


def _shuffled(part: LabeledSet, seed: int) -> LabeledSet:
    return LabeledSet(part.samples, np.random.default_rng(seed).permutation(part.targets))


def _by_content(pool: Sequence[Sample]) -> Sequence[Sample]:
    """The pool in an order that depends on content alone, as pre-trainings draw from it.

    A method could not make it: the content keys that it sees differ from machine to machine.
    """

    def key(sample: Sample) -> str:
        try:
            return sample.media.content_key
        except (DataError, OSError):
            return ""

    return tuple(sorted(pool, key=key))


def _foreign_pool(dataset: Dataset, salt: bytes) -> Sequence[Sample]:
    """The pool that a run on the dataset's first task and scheme would get, so that weights are shared."""
    task, scheme = dataset.card.tasks[0].id, dataset.card.schemes[0]
    split = dataset.splits(task, scheme.id)[0]
    held_out = frozenset((*split.val, *split.test))
    return Custodian(dataset, task, salt).pool(
        dataset.unlabeled(task, held_out),
        held_out,
        f"{dataset.card.id} {task}, {split.id}",
        shares_groups=scheme.shares_groups,
    )
