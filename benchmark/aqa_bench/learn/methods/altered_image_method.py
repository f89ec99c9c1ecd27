"""Image controls: a fixed backbone on clips of which something was taken away."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.method import FitContext, Predictor
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.methods.fixed_image_method import FixedImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe

__all__ = ["AlteredClip", "AlteredImageMethod", "AlteredPredictor"]

ImageRecipeT = TypeVar("ImageRecipeT", bound=ImageRecipe)


class AlteredClip(Media):
    """A clip of which frames alone are left; subclasses say which and how they look.

    Args:
        clip: The clip's own media.
        change: What is done to the frames, for the keys of caches.
    """

    provides = frozenset({Modality.FRAMES})

    def __init__(self, clip: Media, change: str) -> None:
        self.clip = clip
        self.change = change

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.clip.length

    @property
    def content_key(self) -> str:
        """Hash of the clip's content and of what is done to it."""
        return sha256_bytes(f"{self.change}\x1f{self.clip.content_key}".encode())


@dataclass(frozen=True)
class AlteredPredictor:
    """A predictor of altered samples.

    Attributes:
        predictor: The predictor.
        alter: What is done to every sample first.
    """

    predictor: Predictor
    alter: Callable[[Media], Media]

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.floating[Any]]:
        """Scores ``(n,)`` of samples."""
        return self.predictor.predict([_altered(sample, self.alter) for sample in samples])


class AlteredImageMethod(FixedImageMethod[ImageRecipeT]):
    """Features and head of the method ``imagenet``, on clips altered in training and tests alike."""

    @abstractmethod
    def alter(self, clip: Media) -> Media:
        """What is left of a clip."""

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Train the head on what is left of labelled clips.

        Args:
            train: Labelled clips of both classes.
            val: Chooses the epoch that is kept; may be empty.
            pool: Not used.
            ctx: Task, seeds, device and cache.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: Samples have no frames.
        """
        self.check((*train.samples, *val.samples))
        parts = [
            LabeledSet(tuple(_altered(sample, self.alter) for sample in part.samples), part.targets)
            for part in (train, val)
        ]
        return AlteredPredictor(super().fit(parts[0], parts[1], pool, ctx), self.alter)


def _altered(sample: Sample, alter: Callable[[Media], Media]) -> Sample:
    return replace(sample, media=alter(sample.media))
