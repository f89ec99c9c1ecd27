"""Where a method's backbone comes from: the weights that it has, or a pre-training on a pool."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch

from aqa_bench.core.method import FitContext
from aqa_bench.core.report import FitReport
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.backbone import Backbone
from aqa_bench.learn.features.extractor import is_whole, load_state, save_state, state_sha256
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.pool import (
    PoolTraining,
    TrainedWeights,
    divided,
    kept_weights,
    own_device,
    usable_clips,
)
from aqa_bench.learn.pretraining.pretrain import PoolRecipe, Pretext, pretrain

__all__ = ["Choose", "Fixed", "Prepared", "Pretrained", "Source"]

BackboneT = TypeVar("BackboneT", bound=Backbone)
_log = logging.getLogger(__name__)

Choose = Callable[[BackboneT, Sequence[Path]], Mapping[str, Any]]
"""Loads one of the weights after each epoch into a backbone, and says why that one."""


@dataclass(frozen=True)
class Prepared(Generic[BackboneT]):
    """A backbone that is ready for labels, and what the record says of it.

    Attributes:
        backbone: The network, on its device.
        weights: Name of its weights.
        pretrained_on: What they have seen before.
        extras: Further facts, as plain JSON.
    """

    backbone: BackboneT
    weights: str
    pretrained_on: str
    extras: Mapping[str, Any] = field(default_factory=dict)

    def report(self, report: FitReport) -> None:
        """Write it into a fit's report."""
        report.update(weights=self.weights, pretrained_on=self.pretrained_on)
        report.extras |= self.extras


class Source(Protocol[BackboneT]):
    """Gives a method its backbone, once for all tasks and splits of a run."""

    def __call__(
        self,
        build: Callable[[int], BackboneT],
        pool: Sequence[Sample],
        ctx: FitContext,
        device: torch.device,
        choose: Choose[BackboneT] | None = None,
    ) -> Prepared[BackboneT]:
        """The backbone.

        Args:
            build: Builds it with its initial weights, random ones from a seed.
            pool: Unlabelled samples.
            ctx: The run's seed, cache and progress.
            device: Where to compute.
            choose: Chooses among the weights after each epoch of a pre-training, anew for every task and
                split; the last epoch's where None.
        """
        ...

    def learn(
        self,
        build: Callable[[int], BackboneT],
        pool: Sequence[Sample],
        ctx: FitContext,
        device: torch.device,
        *,
        snapshots: bool = False,
    ) -> dict[str, Any]:
        """Do what needs no label, and say what a call finds in ``ctx.prepared``.

        Args:
            build: As for a call.
            pool: Unlabelled samples.
            ctx: The run's seed, cache and progress.
            device: Where to compute.
            snapshots: Whether the weights after each epoch are kept, to choose among.
        """
        ...


class Fixed(Generic[BackboneT]):
    """The weights that the backbone comes with.

    Args:
        **extras: Facts for the record.
    """

    def __init__(self, **extras: Any) -> None:
        self._extras = extras
        self._known: dict[int, BackboneT] = {}

    def __call__(
        self,
        build: Callable[[int], BackboneT],
        pool: Sequence[Sample],
        ctx: FitContext,
        device: torch.device,
        choose: Choose[BackboneT] | None = None,
    ) -> Prepared[BackboneT]:
        """The backbone; see :class:`Source`."""
        if ctx.run_seed not in self._known:
            # The run's seed, not the fit's: random weights are the same for all tasks
            # and splits, as loaded ones are.
            seed = derive_seed(ctx.method, "backbone", ctx.dataset, ctx.run_seed)
            # Only the last is kept: a run has one seed, and old backbones would fill the memory.
            self._known = {ctx.run_seed: build(seed).to(device)}
        backbone = self._known[ctx.run_seed]
        name = backbone.weights_name
        seen = "nothing" if name == "random" else name.partition(",")[0]
        return Prepared(backbone, name, seen, self._extras)

    def learn(
        self,
        build: Callable[[int], BackboneT],
        pool: Sequence[Sample],
        ctx: FitContext,
        device: torch.device,
        *,
        snapshots: bool = False,
    ) -> dict[str, Any]:
        """Nothing: the weights are there."""
        return {}


class Pretrained(Generic[BackboneT]):
    """A pre-training on a pool without labels.

    Weights are kept in the cache by what they depend on: the pool's content and trajectories, the
    recipe's values, the number of the pre-training and the initial weights.

    Args:
        recipe: Says how long and how is trained.
        pretext: Says what is learnt.
    """

    def __init__(self, recipe: PoolRecipe, pretext: Pretext[BackboneT]) -> None:
        self.recipe = recipe
        self.pretext = pretext
        self._known: dict[str, BackboneT] = {}

    def __call__(
        self,
        build: Callable[[int], BackboneT],
        pool: Sequence[Sample],
        ctx: FitContext,
        device: torch.device,
        choose: Choose[BackboneT] | None = None,
    ) -> Prepared[BackboneT]:
        """The pre-trained backbone; see :class:`Source`.

        Raises:
            DataError: Fewer than two clips can be used.
            MethodError: The loss is not finite, or the GPU's memory is not enough.
        """
        device = own_device(device)
        told = ctx.prepared or self.learn(build, pool, ctx, device, snapshots=choose is not None)
        folders = [folder / ctx.method for folder in ctx.places("weights")]
        key, facts = told["key"], told["facts"]
        if key not in self._known:
            loaded = build(derive_seed(told["seed"], "backbone")).to(device)
            load_state(loaded, kept_weights(folders, key))
            self._known = {key: loaded}
        backbone = self._known[key]
        if choose is not None:
            # A choice is made for one task and split; the next must begin with the shared weights.
            backbone = deepcopy(backbone)
            epochs = range(facts["pretraining_epochs"])
            facts = {**facts, **choose(backbone, [kept_weights(folders, key, epoch) for epoch in epochs])}
        name = f"{told['start']}, then {ctx.method} (sha256 {state_sha256(backbone)[:12]})"
        return Prepared(backbone, name, told["pretrained_on"], facts)

    def learn(
        self,
        build: Callable[[int], BackboneT],
        pool: Sequence[Sample],
        ctx: FitContext,
        device: torch.device,
        *,
        snapshots: bool = False,
    ) -> dict[str, Any]:
        """Pre-train, or find that it has been done; see :class:`Source`.

        Raises:
            DataError: Fewer than two clips can be used.
            MethodError: The loss is not finite, or the GPU's memory is not enough.
        """
        device = own_device(device)
        recipe, pretext, spec = self.recipe, self.pretext, self.recipe.pool_spec()
        clips, dropped = usable_clips(pool, spec, pretext.usable, ctx)
        learn, watched = divided(clips, recipe.held_out, pretext.unit)
        number = recipe.pretraining_seed(ctx.run_seed)
        training = PoolTraining(
            ctx.method, recipe.pretraining(), number, ctx.pool_dataset, learn, watched, dropped
        )
        # Seeded by the pre-training's number, so that run seeds that share a
        # pre-training start from the same weights.
        backbone = build(derive_seed(training.seed, "backbone")).to(device)
        frames = FrameIndex(learn, spec)
        weights = training.weights(ctx.cache, backbone, frames, device, pretext.annotations(clips))
        start = backbone.weights_name
        facts = self._trained(backbone, frames, watched, weights, training.seed, ctx, device, snapshots)
        if facts.get("collapsed"):
            _log.warning(
                "The embeddings of %s have collapsed, so its features carry little information.", ctx.method
            )
        self._known = {weights.key: backbone}
        return {
            "key": weights.key,
            "seed": training.seed,
            "start": start,
            "pretrained_on": training.pretrained_on(start, pretext.learns_from),
            "facts": facts | training.facts(),
        }

    def _trained(
        self,
        backbone: BackboneT,
        frames: FrameIndex,
        watched: Sequence[Sample],
        weights: TrainedWeights,
        seed: int,
        ctx: FitContext,
        device: torch.device,
        snapshots: bool,
    ) -> dict[str, Any]:
        """Load or learn the weights, with a snapshot of every epoch where one is to be chosen."""
        # The training may come second, after weights were loaded that lack snapshots:
        # it begins where the first began.
        initial = deepcopy(backbone.state_dict())
        seen = FrameIndex(watched, frames.spec) if watched else frames

        def train() -> dict[str, Any]:
            backbone.load_state_dict(initial)
            return pretrain(
                lambda: self.pretext.training(backbone, frames, seen, seed),
                self.recipe,
                frames,
                watched,
                weights,
                seed=seed,
                device=device,
                cache=ctx.cache,
                progress=ctx.progress,
                name=ctx.method,
                after_epoch=(lambda epoch: _keep(backbone, weights, epoch)) if snapshots else None,
            )

        def complete(facts: Mapping[str, Any]) -> bool:
            # Weights may have been learnt before anyone asked for snapshots; the same training gives them.
            epochs = range(facts["pretraining_epochs"]) if snapshots else ()
            return all(is_whole(weights.snapshot(epoch)) for epoch in epochs)

        return weights.once(backbone, train, complete)


def _keep(backbone: Backbone, weights: TrainedWeights, epoch: int) -> None:
    save_state(backbone, weights.snapshot(epoch))
