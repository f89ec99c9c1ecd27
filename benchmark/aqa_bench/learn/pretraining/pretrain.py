"""Pre-training on a pool: what a pretext task is, the loop, what is watched, and what is kept of it."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol

import torch
import torch.distributed as dist
from pydantic import Field
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from typing_extensions import TypeVar

from aqa_bench.core.files import write_atomic
from aqa_bench.core.progress import Progress
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.collapse import Collapse
from aqa_bench.learn.pretraining.pool import TrainedWeights
from aqa_bench.learn.training.device import Precision, autocast, deterministic, out_of_memory_explained
from aqa_bench.learn.training.distributed import World, data_parallel, distributed
from aqa_bench.learn.training.loop import fit, optimizer, to_device

__all__ = ["OF_THE_BACKBONE", "Monitor", "PoolRecipe", "Pretext", "PretextTraining", "pretrain"]

BackboneT = TypeVar("BackboneT", bound=nn.Module, contravariant=True)
BatchT = TypeVar("BatchT", default=Any)


class Monitor(Protocol):
    """Watches a network on clips that it does not learn from."""

    @property
    def frames(self) -> FrameIndex:
        """The frames that are watched."""
        ...

    def figures(
        self,
        module: nn.Module,
        embed: Callable[[Tensor], Tensor],
        measure: Callable[[FrameIndex], Mapping[str, float]] | None = None,
    ) -> dict[str, float | bool]:
        """Signs of collapse, and further figures.

        Args:
            module: Put into evaluation mode, and back.
            embed: Embeddings of decoded images or clips; part of ``module``.
            measure: Further figures of the frames that are watched.
        """
        ...


@dataclass(frozen=True)
class PretextTraining(Generic[BatchT]):
    """A network, the batches that it learns from, and the loss.

    Attributes:
        network: Backbone and what stands between it and the loss.
        embed: Embeddings ``(N, D)`` of decoded images or clips, for the monitor.
        batches: The batches of an epoch, for a batch size and this process' share.
        per_epoch: Batches per epoch of one process, for a batch size.
        loss: Mean loss of what :meth:`inputs` makes of a batch; it calls the network that it is given.
        monitor: Watches the training.
        prepare: Makes what the loss takes of a batch on the device, all draws of chance included. With it the
            loss may then wait for nothing on the device, so that it can be replayed as a graph. Where None,
            the loss takes the batch itself.
        fixed_rate: Parameters whose learning rate no schedule changes.
        idle: Whether the loss leaves some of the network's parameters without a gradient.
        measure: Figures of its own on clips that are watched, with the network in evaluation mode.
        picture: What was learnt, drawn from such clips: ``(H, W, 3)`` uint8 RGB.
    """

    network: nn.Module
    embed: Callable[[Tensor], Tensor]
    batches: Callable[[int, World], Callable[[int], Iterator[BatchT]]]
    per_epoch: Callable[[int], int]
    loss: Callable[[nn.Module, Any], Tensor]
    monitor: Monitor
    prepare: Callable[[BatchT], tuple[Tensor, ...]] | None = None
    fixed_rate: Sequence[Parameter] = field(default=())
    idle: bool = False
    measure: Callable[[FrameIndex], Mapping[str, float]] | None = None
    picture: Callable[[FrameIndex], UInt8Array] | None = None

    def inputs(self, batch: BatchT, device: torch.device) -> Any:
        """What the loss takes of a batch, on the device."""
        moved = to_device(batch, device)
        return moved if self.prepare is None else self.prepare(moved)


def _every_clip(pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
    return range(len(pool)), {}


def _alone(clip: Sample) -> str:
    return clip.media.content_key


def _nothing(_: Sequence[Sample]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Pretext(Generic[BackboneT]):
    """A pretext task: which clips it can use, and how a backbone is trained on them.

    Attributes:
        training: Makes the training of a backbone (on its device) on a pool, from clips to learn from,
            clips to watch (the same where there are no others) and the seed of batches. It draws initial
            weights from PyTorch's default generator, and raises a DataError where the pool cannot be used.
        usable: Numbers of the clips of a pool that can be used, and how many cannot, by reason.
        unit: Names what a clip stays together with where some of the pool only watch.
        annotations: What the weights depend on besides content and trajectories of the clips, as JSON.
        learns_from: What the pool is to the method, for the record.
    """

    training: Callable[[BackboneT, FrameIndex, FrameIndex, int], PretextTraining]
    usable: Callable[[FrameIndex], tuple[Sequence[int], Mapping[str, int]]] = _every_clip
    unit: Callable[[Sample], str] = _alone
    annotations: Callable[[Sequence[Sample]], Mapping[str, Any]] = _nothing
    learns_from: str = "unlabelled clips"


_log = logging.getLogger(__name__)
_CHECKPOINTS = 10
_COLLAPSE = frozenset({*(f.name for f in fields(Collapse)), "collapsed"})


#: What pre-trained weights depend on besides the pre-training's own hyper-parameters.
OF_THE_BACKBONE = frozenset({"backbone", "weights", "weights_sha256", "resize", "crop"})


class PoolRecipe(Recipe):
    """Part of a recipe: pre-training on clips without labels.

    Attributes:
        pool_frames: Frames kept of a clip of the pool, spread evenly; null keeps all.
        held_out: Share of the pool that only watches the pre-training, at most 500 clips.
        epochs: Passes over the pool.
        steps: Batches in all, in place of ``epochs``; rounded up to whole epochs.
        batch_size: What a batch holds: triplets, frames, or clips of the pool.
        accumulate: Batches whose mean gradient makes one step.
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        schedule: ``constant`` or ``cosine`` (to 0, step by step).
        warmup: Steps over which the learning rate rises linearly to its full value.
        augmentation: Name of the augmentation.
        pretraining_seeds: Pre-trainings that the seeds of a run share: seed ``s`` uses the one of number
            ``s`` modulo this. With null every seed has its own.
    """

    pool_frames: int | None = Field(default=None, ge=2)
    held_out: float = Field(default=0.1, ge=0, lt=1)
    epochs: int = Field(ge=1)
    steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(ge=2)
    accumulate: int = Field(default=1, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=0, ge=0)
    augmentation: str
    pretraining_seeds: int | None = Field(default=None, ge=1)

    def pretraining_seed(self, run_seed: int) -> int:
        """Number of the pre-training that a run of this seed uses: the seeds take them in turn."""
        return run_seed if self.pretraining_seeds is None else run_seed % self.pretraining_seeds

    def pool_spec(self) -> FrameSpec:
        """Frames that are kept of a clip of the pool: whole ones where they are augmented."""
        return self.frame_spec(self.pool_frames).augmented_by(self.augmentation)

    def augment(self, flip: float | None = None) -> Compose:
        """The augmentation of frames of :meth:`pool_spec`, cropped last.

        Args:
            flip: Probability of mirroring in place of the augmentation's own.
        """
        return augmentation(self.augmentation, flip=flip, crop=self.pool_spec().shown)

    def pretraining(self) -> dict[str, Any]:
        """The values that the pre-trained weights depend on, as plain JSON."""
        raise NotImplementedError

    def _pretraining(self, of_labels: Container[str], not_the_weights: Container[str]) -> dict[str, Any]:
        own = {name for name in type(self).model_fields if name not in of_labels}
        wanted = {name for name in own | OF_THE_BACKBONE if name not in not_the_weights}
        document = self.model_dump(mode="json", include=wanted)
        # Weights that were learnt from pictures cropped before their augmentation have no such entry.
        return document | ({"cropped": "last"} if self.pool_spec().margin else {})

    # The backbone's part of a recipe says how large frames are.
    if TYPE_CHECKING:

        def frame_spec(self, frames: int | None) -> FrameSpec:
            """Frames of a clip at the recipe's size."""
            raise NotImplementedError


def pretrain(
    build: Callable[[], PretextTraining],
    recipe: PoolRecipe,
    frames: FrameIndex,
    watched: Sequence[Sample],
    weights: TrainedWeights,
    *,
    seed: int,
    device: torch.device,
    cache: Path,
    progress: Progress,
    name: str,
    after_epoch: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Train the pretext's network in place; a killed training goes on from its last checkpoint.

    Under ``torchrun`` processes share batches and average gradients, and all end with the same weights.

    Args:
        build: Makes the pretext, within the seeded block.
        recipe: Length, optimisation and batch size.
        frames: The pool; it is read ahead of the training here.
        watched: Clips to watch; where there are none, the pool's own are watched.
        weights: Names the checkpoint and the log.
        seed: Seed of weights and draws.
        device: Where to compute.
        cache: Folder for decoded frames.
        progress: Where to report.
        name: The method's id, for the display.
        after_epoch: Called with the number of each epoch that is over; every epoch has a checkpoint then.

    Returns:
        Facts of the training: epochs, batches, first and last loss, seconds, and the figures that were
        watched, before (signs of collapse aside) and after; the name of the picture that was drawn, if any.

    Raises:
        DataError: The pool cannot be used.
        MethodError: The loss is not finite, or the GPU's memory is not enough.
    """
    from aqa_bench.learn.training.graph import recorder_for

    started = time.perf_counter()
    with deterministic(seed), distributed(device) as world:
        pretext = build()
        network = pretext.network.to(device)
        # Processes share an epoch: more of them make fewer steps over larger batches,
        # not more passes over the pool.
        per_epoch = max(pretext.per_epoch(recipe.batch_size) // world.size, 1)
        # Whole epochs, so that every clip counts alike and a checkpoint always lies between two epochs.
        epochs = recipe.epochs if recipe.steps is None else math.ceil(recipe.steps / per_epoch)
        monitor = pretext.monitor
        # Measured before the first step, since a figure alone does not say what the training added.
        before = monitor.figures(network, pretext.embed, pretext.measure)
        frames.prepare(cache / "frames", device, progress=progress)
        # The left-over group of an epoch makes a step too, and the schedule counts steps.
        steps = epochs * math.ceil(per_epoch / recipe.accumulate)
        optimiser, schedule = _optimisation(pretext, recipe, steps)
        draws = pretext.batches(recipe.batch_size, world)
        with out_of_memory_explained(
            recipe.batch_size, try_step=_trial(pretext, device), accumulate=recipe.accumulate
        ):
            result = fit(
                data_parallel(network, world, device, idle=pretext.idle),
                lambda epoch: (pretext.inputs(batch, device) for batch in draws(epoch)),
                pretext.loss,
                optimizer=optimiser,
                scheduler=schedule,
                schedule_by="step",
                epochs=epochs,
                device=device,
                precision=Precision.default(device),
                accumulate=recipe.accumulate,
                checkpoint=weights.checkpoint,
                # A snapshot of each epoch is wanted: a resume must not skip one.
                checkpoint_every=1 if after_epoch else max(epochs // _CHECKPOINTS, 1),
                # Trained weights are the same in all processes, so one writes.
                after_epoch=after_epoch if world.is_main else None,
                log=weights.log if world.is_main else None,
                progress=progress,
                per_epoch=per_epoch,
                task=f"pre-training {name}",
                recorder=recorder_for(device, processes=world.size),
            )
        if world.size > 1:
            # Batch norms on CPUs have statistics of their own; all go on with those of the first.
            for tensor in network.state_dict().values():
                dist.broadcast(tensor, 0)
        after = monitor.figures(network, pretext.embed, pretext.measure)
        picture = pretext.picture(monitor.frames) if pretext.picture and world.is_main else None
    facts: dict[str, Any] = {
        "pretraining_epochs": epochs,
        "pretraining_batches": epochs * per_epoch,
        "pretraining_losses": [round(result.losses[0], 6), round(result.losses[-1], 6)],
        "frames": frames.storage,
        "watched": f"{len(watched)} other clips" if watched else "the pre-training's own clips",
        **{f"initial_{k}": v for k, v in before.items() if k not in _COLLAPSE},
        **after,
    }
    if result.replayed:
        facts["pretraining_replayed"] = result.replayed
    if picture is not None:
        from aqa_bench.media.images import encode_png

        write_atomic(weights.picture, encode_png(picture))
        facts["picture"] = weights.picture.relative_to(cache).as_posix()
    if world.is_main:
        # Behind the epochs in the same file, so that one file tells the whole training.
        lines = weights.log.read_text(encoding="utf-8", errors="replace")
        write_atomic(
            weights.log,
            lines + "".join(f"{json.dumps(figures)}\n" for figures in ({"before": before}, {"after": after})),
        )
    _log.info("%s pre-trained in %.0f s: %s", name, time.perf_counter() - started, after)
    return facts


def _optimisation(
    pretext: PretextTraining, recipe: PoolRecipe, steps: int
) -> tuple[torch.optim.Optimizer, LRScheduler | None]:
    # By identity: comparing tensors compares their values.
    fixed = {id(parameter) for parameter in pretext.fixed_rate}
    trained = [p for p in pretext.network.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [{"params": [p for p in trained if id(p) not in fixed]}]
    if fixed:
        groups.append({"params": [p for p in trained if id(p) in fixed]})
    built = optimizer(recipe.optimizer, groups, recipe.lr, weight_decay=recipe.weight_decay)
    if recipe.schedule == "constant" and recipe.warmup == 0:
        return built, None

    def rate(step: int) -> float:
        if step < recipe.warmup:
            # Never 0, or the first step would be lost.
            return (step + 1) / (recipe.warmup + 1)
        if recipe.schedule == "constant":
            return 1.0
        # The cosine starts after the warm-up, or the peak rate would never be reached.
        done = (step - recipe.warmup) / max(steps - recipe.warmup, 1)
        return (1 + math.cos(math.pi * min(done, 1.0))) / 2

    # SimSiam's predictor keeps its rate (Chen & He, section 4.2): the scheduler
    # needs a constant for its group.
    rates: list[Callable[[int], float]] = [rate, lambda _: 1.0]
    return built, LambdaLR(built, rates[: len(groups)])


def _trial(pretext: PretextTraining, device: torch.device) -> Callable[[int], None]:
    """One step with a batch size, to find one that a GPU has memory for."""

    def step(batch_size: int) -> None:
        pretext.network.zero_grad(set_to_none=True)
        for batch in islice(pretext.batches(batch_size, World())(0), 1):
            with autocast(device, Precision.default(device)):
                # The bare network and a world of one: the other processes do not take part in a trial.
                loss = pretext.loss(pretext.network, pretext.inputs(batch, device))
            loss.backward()  # type: ignore[no-untyped-call]
        pretext.network.zero_grad(set_to_none=True)

    return step
