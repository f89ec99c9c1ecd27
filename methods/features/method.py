"""A head on precomputed features that come from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import plain_state, rebuilt
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.learn.features.head_inputs import FeatureScaler
from aqa_bench.learn.heads.build import HeadKind, build_head
from aqa_bench.learn.supervised.targets import FitData, HeadPredictor, TargetCoding
from aqa_bench.learn.supervised.training import fit_head
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import deterministic, resolve_device
from aqa_bench.learn.training.network_state import load_network
from aqa_bench.media.clips import resample_time

from .recipe import ImportedFeaturesRecipe

__all__ = ["ImportedFeatures"]


@dataclass(frozen=True)
class FeatureInputs:
    """Makes the head's inputs.

    Attributes:
        scaler: Fitted to the training features.
        length: Frames that sequences are resampled to.
    """

    scaler: FeatureScaler
    length: int

    def __call__(self, samples: Sequence[Sample]) -> Tensor:
        """``(n, length, K)`` of sequences or ``(n, K)`` of vectors, float32."""
        return _inputs(_read(samples), self.scaler, self.length)

    def state(self) -> State:
        """All of it."""
        return plain_state(self)


class ImportedFeatures(Method[ImportedFeaturesRecipe]):
    """Features as they come, scaled by what the training samples say, into a head."""

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Train the head.

        Args:
            train: Labelled samples; both classes for binary tasks.
            val: Chooses the epoch that is kept; may be empty.
            pool: Not used.
            ctx: Task, seed and device; ``report`` receives the cost of the head and how long was trained.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: Samples have no features, or sequences and vectors are mixed.
        """
        recipe, coding = self.recipe, TargetCoding.of(train, ctx, "A head on precomputed features")
        device = resolve_device(ctx.device)
        known = _read(train.samples)
        scaler = FeatureScaler.fit(known, standardise=recipe.standardise, components=recipe.components)

        inputs, x = FeatureInputs(scaler, recipe.length), _inputs(known, scaler, recipe.length)
        with deterministic(ctx.seed):
            head = self._head(recipe.vector_head if x.ndim == 2 else recipe.head, x.shape[-1], coding)
            result = fit_head(head, x, inputs, FitData(train, val, coding), recipe.training(), ctx, device)
        # Of the head alone: what the extractor cost is known to whoever made the features.
        ctx.report.update(
            parameters=parameter_count(head),
            gflops=round(giga_multiply_adds(head, x[:1].to(device)), 6),
            dtype="float32",
            device=str(device),
            batch_size=recipe.batch_size,
            **result.facts(),
        )
        return HeadPredictor(inputs, head, coding, device, recipe.batch_size)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """The head, on the device of ``ctx``.

        Raises:
            DataError: The state is of another recipe.
        """
        told, coding = state.part("head"), TargetCoding.restored(state.part("coding"))
        head = load_network(self._head(told.fact("kind"), told.fact("in_features"), coding), told)
        inputs = rebuilt(state.part("inputs"), FeatureInputs, parts=(FeatureScaler,))
        device = resolve_device(ctx.device)
        return HeadPredictor(inputs, head.to(device), coding, device, self.recipe.batch_size)

    def _head(self, kind: HeadKind, in_features: int, coding: TargetCoding) -> nn.Module:
        recipe = self.recipe
        return build_head(
            kind,
            in_features,
            coding.num_outputs,
            width=recipe.width,
            blocks=recipe.blocks,
            dropout=recipe.dropout,
        )


def _read(samples: Sequence[Sample]) -> list[npt.NDArray[np.float32]]:
    arrays = [np.asarray(sample.media.features(), np.float32) for sample in samples]
    shapes = {(array.ndim, array.shape[-1]) for array in arrays}
    if len(shapes) > 1:
        raise DataError(
            "The samples' features differ in kind or length.",
            expected="all (T, D) or all (D,), with the same D",
            found=" and ".join(f"{d} features{' per frame' * (n - 1)}" for n, d in sorted(shapes)),
        )
    return arrays


def _inputs(arrays: Sequence[npt.NDArray[np.float32]], scaler: FeatureScaler, length: int) -> Tensor:
    """``(n, length, K)`` of sequences or ``(n, K)`` of vectors, float32."""
    scaled = [scaler(array) for array in arrays]
    return torch.from_numpy(np.stack([resample_time(f, length) if f.ndim > 1 else f for f in scaled])).float()
