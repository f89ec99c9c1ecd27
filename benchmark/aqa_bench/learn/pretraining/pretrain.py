"""Pre-training on a pool: the loop, what is watched, and what is kept of it."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from aqa_bench.core.files import write_atomic
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.shared_recipe import PoolRecipe
from aqa_bench.learn.pretraining.collapse import Collapse
from aqa_bench.learn.pretraining.image_monitor import PretrainingMonitor
from aqa_bench.learn.pretraining.pretext import Pretext
from aqa_bench.learn.pretraining.trained_weights import TrainedWeights
from aqa_bench.learn.training.device import Precision, autocast, deterministic
from aqa_bench.learn.training.distributed import World, data_parallel, distributed
from aqa_bench.learn.training.loop import fit, to_device
from aqa_bench.learn.training.memory import out_of_memory_explained
from aqa_bench.learn.training.optimizers import optimizer
from aqa_bench.media.images import encode_png

__all__ = ["pretrain"]

_log = logging.getLogger(__name__)
_CHECKPOINTS = 10
_COLLAPSE = frozenset({*(f.name for f in fields(Collapse)), "collapsed"})


def pretrain(
    build: Callable[[], Pretext[Any]],
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
    started = time.perf_counter()
    with deterministic(seed), distributed(device) as world:
        pretext = build()
        network = pretext.network.to(device)
        per_epoch = max(pretext.per_epoch(recipe.batch_size) // world.size, 1)
        epochs = recipe.epochs if recipe.steps is None else math.ceil(recipe.steps / per_epoch)
        monitor = pretext.monitor or PretrainingMonitor(watched or frames.samples, frames.spec, device)
        before = monitor.figures(network, pretext.embed, pretext.measure)
        frames.prepare(cache / "frames", device, progress=progress)
        steps = epochs * math.ceil(per_epoch / recipe.accumulate)
        optimiser, schedule = _optimisation(pretext, recipe, steps)
        draws = pretext.batches(recipe.batch_size, world)
        with out_of_memory_explained(
            recipe.batch_size, try_step=_trial(pretext, device), accumulate=recipe.accumulate
        ):
            result = fit(
                data_parallel(network, world, device, idle=pretext.idle),
                draws,
                pretext.loss,
                optimizer=optimiser,
                scheduler=schedule,
                schedule_by="step",
                epochs=epochs,
                device=device,
                precision=Precision.default(device),
                accumulate=recipe.accumulate,
                checkpoint=weights.checkpoint,
                checkpoint_every=1 if after_epoch else max(epochs // _CHECKPOINTS, 1),
                after_epoch=after_epoch if world.is_main else None,
                log=weights.log if world.is_main else None,
                progress=progress,
                task=f"pre-training {name}",
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
        "watched": f"{len(watched)} other clips" if watched else "the pre-training's own clips",
        **{f"initial_{k}": v for k, v in before.items() if k not in _COLLAPSE},
        **after,
    }
    if picture is not None:
        write_atomic(weights.picture, encode_png(picture))
        facts["picture"] = weights.picture.relative_to(cache).as_posix()
    if world.is_main:
        lines = weights.log.read_text(encoding="utf-8")
        write_atomic(
            weights.log,
            lines + "".join(f"{json.dumps(figures)}\n" for figures in ({"before": before}, {"after": after})),
        )
    _log.info("%s pre-trained in %.0f s: %s", name, time.perf_counter() - started, after)
    return facts


def _optimisation(
    pretext: Pretext[Any], recipe: PoolRecipe, steps: int
) -> tuple[torch.optim.Optimizer, LRScheduler | None]:
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
            return (step + 1) / (recipe.warmup + 1)
        if recipe.schedule == "constant":
            return 1.0
        done = (step - recipe.warmup) / max(steps - recipe.warmup, 1)
        return (1 + math.cos(math.pi * min(done, 1.0))) / 2

    rates: list[Callable[[int], float]] = [rate, lambda _: 1.0]
    return built, LambdaLR(built, rates[: len(groups)])


def _trial(pretext: Pretext[Any], device: torch.device) -> Callable[[int], None]:
    """One step with a batch size, to find one that a GPU has memory for."""

    def step(batch_size: int) -> None:
        pretext.network.zero_grad(set_to_none=True)
        for batch in islice(pretext.batches(batch_size, World())(0), 1):
            with autocast(device, Precision.default(device)):
                loss = pretext.loss(pretext.network, to_device(batch, device))
            loss.backward()  # type: ignore[no-untyped-call]
        pretext.network.zero_grad(set_to_none=True)

    return step
