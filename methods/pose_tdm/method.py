"""Temporal distance matrices of joints, judged by a 1-D residual network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from aqa_bench.core.errors import MethodError, RecipeError
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality, TaskKind
from aqa_bench.learn.heads.resnet1d import ResNet1D
from aqa_bench.learn.supervised.targets import TargetCoding, forward
from aqa_bench.learn.supervised.training import Examples
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import deterministic, resolve_device
from aqa_bench.learn.training.network_state import head_state, load_network
from aqa_bench.media.pose import CALIBRATED

from .distances import distance_sequences, estimates, mirror_order
from .recipe import Source, TDMRecipe
from .training import new_head, train_head

__all__ = ["PoseTDM", "TDMPredictor"]


@dataclass(frozen=True)
class TDMPredictor:
    """A trained head.

    Attributes:
        head: The network, in evaluation mode.
        recipe: How its inputs are made.
        device: Where it computes.
        scale: Mean and standard deviation of the training scores; None for binary tasks.
        poses: Folders of estimated poses.
    """

    head: ResNet1D
    recipe: TDMRecipe
    device: torch.device
    scale: tuple[float, float] | None
    poses: tuple[Path, ...] = ()

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Softmax probability of error, or the score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        x = torch.from_numpy(distance_sequences(samples, self.recipe, self.poses))
        views = [x, x[..., mirror_order(self.recipe.layout)]] if self.recipe.mirror else [x]
        scores: npt.NDArray[np.float64] = np.mean([self._judge(v.to(self.device)) for v in views], axis=0)
        return scores

    def _judge(self, x: torch.Tensor) -> npt.NDArray[np.float64]:
        outputs = forward(self.head, x, self.recipe.batch_size).double().cpu()
        if self.scale is not None:
            mean, deviation = self.scale
            return np.asarray(outputs[:, 0].numpy() * deviation + mean)
        return np.asarray(outputs.softmax(dim=1)[:, 1].numpy())

    def state(self) -> State:
        """Head and scale."""
        return State.joined(head=head_state(self.head), coding=State({"scale": self.scale}))


class PoseTDM(Method[TDMRecipe]):
    """TDM -> ResNet1D, trained from random weights (Ogata et al., CVPR Workshops 2019, section 3)."""

    @classmethod
    def reads(cls, recipe: TDMRecipe) -> frozenset[Modality]:
        """Pictures, where poses are estimated from them."""
        return frozenset({Modality.FRAMES, Modality.IMAGE}) if estimates(recipe) else frozenset()

    def prepare(
        self, pool: Sequence[Sample], samples: Sequence[Sample], ctx: FitContext
    ) -> Mapping[str, Any]:
        """Estimate poses, where the recipe wants them estimated.

        Args:
            pool: Not used.
            samples: Bare samples.
            ctx: Its cache keeps the poses.
        """
        if samples and estimates(self.recipe):
            distance_sequences(samples, self.recipe, ctx.places("pose"), ctx.progress)
        return {}

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> TDMPredictor:
        """Train the head.

        Args:
            train: Labelled samples; both classes for binary tasks.
            val: Chooses the epoch that is kept, and when to stop; may be empty.
            pool: Not used.
            ctx: Task, seed and device; ``report`` receives the cost and how long was trained.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: A sample cannot give poses of the recipe's source.
        """
        is_score, poses = ctx.task.kind is TaskKind.SCORE, ctx.places("pose")
        _check(train, ctx, is_score=is_score)
        if self.recipe.mirror and self.recipe.source is Source.HMR:
            raise RecipeError(
                "Distances cannot be mirrored without their joints.", expected="mirror = false", found="hmr"
            )
        device = resolve_device(ctx.device)
        mean, deviation = (float(train.targets.mean()), float(train.targets.std()) or 1.0)

        def examples(part: LabeledSet, width: int | None = None) -> Examples:
            if not len(part):
                return Examples(torch.empty(0, self.recipe.length, width or 0), torch.empty(0))
            x = torch.from_numpy(distance_sequences(part.samples, self.recipe, poses))
            if is_score:
                return Examples(x, torch.from_numpy((part.targets - mean) / deviation).float())
            return Examples(x, torch.from_numpy(part.targets).long())

        learn = examples(train)
        if self.recipe.mirror:
            mirrored = learn.x[..., mirror_order(self.recipe.layout)]
            learn = Examples(torch.cat([learn.x, mirrored]), torch.cat([learn.y, learn.y]))
        with deterministic(ctx.seed):
            head, result = train_head(
                learn,
                examples(val, learn.x.shape[2]),
                self.recipe,
                is_score=is_score,
                seed=ctx.seed,
                device=device,
                progress=ctx.progress,
            )
        ctx.report.update(
            parameters=parameter_count(head),
            gflops=round(giga_multiply_adds(head, learn.x[:1].to(device)), 6),
            dtype="float32",
            device=str(device),
            batch_size=self.recipe.batch_size,
            weights="random",
            **result.facts(),
        )
        source = self.recipe.source
        ctx.report.extras["pose"] = CALIBRATED.name if source is Source.NOISY else source.value
        return TDMPredictor(head, self.recipe, device, (mean, deviation) if is_score else None, poses)

    def restore(self, state: State, ctx: FitContext) -> TDMPredictor:
        """The head, on the device of ``ctx``.

        Raises:
            DataError: The state is of another recipe.
        """
        device, told = resolve_device(ctx.device), state.part("head")
        scale = TargetCoding.restored(state.part("coding")).scale
        head = load_network(new_head(self.recipe, told.fact("in_features"), is_score=scale is not None), told)
        return TDMPredictor(head.to(device), self.recipe, device, scale, ctx.places("pose"))


def _check(train: LabeledSet, ctx: FitContext, *, is_score: bool) -> None:
    classes = np.unique(train.targets)
    if len(train) < 2 or (not is_score and len(classes) < 2):
        raise MethodError(
            "The training split has only one class, so Pose TDM, a classifier, cannot learn.",
            where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
            expected="at least two training samples"
            if is_score
            else "training samples with and without error",
            found=f"{len(train)} of class {', '.join(f'{value:g}' for value in classes) or 'none'}",
            remedy="Choose a scheme that trains on both classes, e.g. --scheme folds, or a one-class method.",
        )
