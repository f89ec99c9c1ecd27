"""Pose Trainer's learned evaluation: the class whose training clips are nearer on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from aqa_bench.core.errors import MethodError, UsageError
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.media.pose_geometry import LAYOUT

from .dtw import dtw_distances
from .series import SERIES, FeatureSet, SeriesFunction

__all__ = ["DTWPredictor", "DTWRecipe", "PoseTrainerDTW"]


class DTWRecipe(Recipe):
    """Hyper-parameters of the comparison.

    Attributes:
        features: ``released`` picks the shrug's joints as the released code does, ``corrected`` as meant.
        filter_width: Odd window of the two median filters, in frames; 1 switches them off.
    """

    features: FeatureSet = FeatureSet.CORRECTED
    filter_width: int = Field(default=5, ge=1)

    @field_validator("filter_width")
    @classmethod
    def _is_odd(cls, width: int) -> int:
        if width % 2 == 0:
            raise ValueError("an odd number of frames")
        return width


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the series of a clip."""

    series: SeriesFunction
    recipe: DTWRecipe

    def read(self, sample: Sample) -> tuple[npt.NDArray[np.float64], ...]:
        return self.series(sample.media.keypoints(LAYOUT), self.recipe.filter_width, self.recipe.features)


@dataclass(frozen=True, slots=True)
class DTWPredictor:
    """The training clips of both classes.

    Attributes:
        reader: Reads the series of a clip.
        references: By channel, the series of every training clip.
        is_error: ``(n,)`` bool, class of every training clip.
    """

    reader: _Reader
    references: tuple[tuple[npt.NDArray[np.float64], ...], ...]
    is_error: npt.NDArray[np.bool_]

    def class_distances(self, sample: Sample) -> tuple[float, float]:
        """Mean distance from the good and from the bad training clips, summed over the series."""
        good = bad = 0.0
        for query, references in zip(self.reader.read(sample), self.references, strict=True):
            distances = dtw_distances(query, references)
            good += float(distances[~self.is_error].mean())
            bad += float(distances[self.is_error].mean())
        return good, bad

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Share of the good clips in the two distances, ``good / (good + bad)``.

        Returns:
            ``(n,)`` float64 in [0, 1]; at least 0.5 where the bad clips are as near as the good ones.
        """
        distances = np.array([self.class_distances(sample) for sample in samples]).reshape(-1, 2)
        total = distances.sum(axis=1)
        shares = np.full(len(total), 0.5)
        np.divide(distances[:, 0], total, out=shares, where=total > 0)
        return shares

    def state(self) -> State:
        """The series of the training clips, and their classes."""
        series = {
            f"{channel}.{i}": clip
            for channel, clips in enumerate(self.references)
            for i, clip in enumerate(clips)
        }
        return State({"channels": len(self.references)}, {"is_error": self.is_error, **series})


class PoseTrainerDTW(Method[DTWRecipe]):
    """Mean dynamic-time-warping distance to each class (Chen and Yang, Pose Trainer, 2018)."""

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> DTWPredictor:
        """Keep the series of every training clip.

        Args:
            train: Labelled clips of both classes.
            val: Not used.
            pool: Not used.
            ctx: The last part of its dataset id names the exercise.

        Raises:
            UsageError: No series are defined for that exercise.
            MethodError: ``train`` lacks a class.
            DataError: A clip shows too little of the body.
        """
        reader = self._reader(ctx)
        is_error = train.targets == 1
        if is_error.all() or not is_error.any():
            raise MethodError(
                "The method needs training clips of both classes to compare with.",
                where=f"{ctx.dataset}, split {ctx.split}",
                expected="good and bad clips in train",
                found=f"{int((~is_error).sum())} good, {int(is_error.sum())} bad",
                remedy="Choose a scheme that trains on both classes, e.g. --scheme folds, or a one-class "
                "method.",
            )
        clips = [reader.read(sample) for sample in train.samples]
        ctx.report.parameters = 0
        return DTWPredictor(reader, tuple(zip(*clips, strict=True)), is_error)

    def restore(self, state: State, ctx: FitContext) -> DTWPredictor:
        """The training clips' series, and the reader of the exercise that the fit was of."""
        is_error = state.array("is_error").astype(np.bool_)
        channels = range(int(state.fact("channels")))
        references = tuple(tuple(state.array(f"{c}.{i}") for i in range(len(is_error))) for c in channels)
        return DTWPredictor(self._reader(ctx), references, is_error)

    def _reader(self, ctx: FitContext) -> _Reader:
        exercise = ctx.dataset.rpartition("/")[2]
        if exercise not in SERIES:
            raise UsageError(
                "This method defines no series for this exercise.",
                where=ctx.dataset,
                expected=" | ".join(SERIES),
                found=exercise,
                remedy="Choose a dataset of a supported exercise, or another method.",
            )
        return _Reader(SERIES[exercise], self.recipe)
