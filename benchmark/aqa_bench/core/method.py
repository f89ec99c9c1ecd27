"""The contract of a method: fit on labelled samples, then score bare ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import MethodError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.report import FitReport
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality, Task

__all__ = ["FitContext", "Method", "Predictor", "RecipeT"]

RecipeT = TypeVar("RecipeT", bound=Recipe)


class Predictor(Protocol):
    """A fitted method; one that can be saved is a dataclass of plain values, or has a method ``state()``."""

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.floating[Any]]:
        """Score samples.

        Returns:
            ``(n,)`` finite scores in the order of ``samples``. For binary and one-class tasks the
            probability or decision value of *error*, mapped so that 0.5 is the method's own
            decision; for score tasks the predicted score.
        """
        ...


@dataclass(frozen=True)
class FitContext:
    """What a method may use besides samples.

    Attributes:
        dataset: Dataset id.
        task: The task.
        split: Split id, for logs and cache keys.
        seed: Seed of everything the fit draws.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        cache: Folder for features and weights, safe to delete. Where a label is seen it is the fit's own and
            goes with it; in :meth:`Method.prepare` it is the method's, kept from run to run.
        shared: Folders with what :meth:`Method.prepare` kept, to be read only.
        progress: Where long work reports.
        leaked: Labelled samples, test samples among them, in schemes that are not honest; else None.
        pool_dataset: Dataset id that the pool is of; the dataset itself unless it was chosen otherwise.
        run_seed: The run's own seed, the same for all its tasks and splits: for work that they share.
        method: The method's id, as its card says; it names the method's weights and seeds.
        prepared: What :meth:`Method.prepare` said of the pool; empty where it was not asked.
        report: Filled by the method with what the record should say of the fit.
    """

    dataset: str
    task: Task
    split: str
    seed: int
    device: str
    cache: Path
    progress: Progress = field(default_factory=NullProgress)
    leaked: LabeledSet | None = None
    pool_dataset: str = ""
    run_seed: int = 0
    method: str = ""
    shared: tuple[Path, ...] = ()
    prepared: Mapping[str, Any] = field(default_factory=dict)
    report: FitReport = field(default_factory=FitReport)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool_dataset", self.pool_dataset or self.dataset)

    def places(self, name: str) -> tuple[Path, ...]:
        """Folders of that name in the caches: the first is written to, and all of them are read."""
        return tuple(folder / name for folder in (self.cache, *self.shared))


class Method(ABC, Generic[RecipeT]):
    """A way to judge movement, configured by a recipe.

    Args:
        recipe: Its hyper-parameters.
    """

    def __init__(self, recipe: RecipeT) -> None:
        self.recipe = recipe

    @classmethod
    def recipe_type(cls) -> type[RecipeT]:
        """The pydantic model of its hyper-parameters: the type that the class is written with.

        Example:
            >>> class Guess(Method[Recipe]):
            ...     def fit(self, train, val, pool, ctx): ...
            >>> Guess.recipe_type().__name__
            'Recipe'

        Raises:
            TypeError: The class names none.
        """
        for kind in cls.__mro__:
            for base in getattr(kind, "__orig_bases__", ()):
                for argument in get_args(base):
                    if isinstance(argument, type) and issubclass(argument, Recipe):
                        return argument  # type: ignore[return-value]
        raise TypeError(f"{cls.__name__} has no recipe type: write class {cls.__name__}(Method[MyRecipe])")

    @classmethod
    def reads(cls, recipe: RecipeT) -> frozenset[Modality]:
        """What a recipe reads besides what the method's card needs, so that it is made readable beforehand.

        Only what the card names in ``reads`` counts.

        Args:
            recipe: The hyper-parameters.
        """
        return frozenset()

    def prepare(
        self, pool: Sequence[Sample], samples: Sequence[Sample], ctx: FitContext
    ) -> Mapping[str, Any]:
        """Do what needs no label and may be kept: it runs where no label is, so its results are shared.

        It is asked twice, in processes of their own: first with the pool alone, to pre-train; then with bare
        samples alone, to extract what the fit will look up. Tasks, splits and later runs find in
        ``ctx.shared`` what was written to ``ctx.cache`` here. A method that prepares nothing leaves it out.

        Args:
            pool: Unlabelled samples that share no group with any val or test sample; or none.
            samples: Bare samples, those of val and test among them; or none.
            ctx: Everything else; its ``task`` and ``split`` are only the first of those that are served.

        Returns:
            Of the pool: plain JSON that the second call and every fit find in ``ctx.prepared``.
        """
        return {}

    @abstractmethod
    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Fit to one task and split.

        Args:
            train: Labelled samples to learn from.
            val: Labelled samples to select models on; may be empty.
            pool: Unlabelled samples that share no group with any val or test sample.
            ctx: Everything else.
        """

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """Make again what :meth:`fit` returned, so that it predicts the same to the last digit.

        A method that leaves this out can be run and not saved, and :meth:`saves` says so before anything is
        fitted.

        Args:
            state: That of the predictor: of its ``state()``, or of its fields where they are plain values.
            ctx: As in the fit, but for cache, labels and what was prepared: none of them is there any more.

        Raises:
            DataError: The state is of something else.
        """
        raise MethodError(
            "The method cannot be saved.",
            where=type(self).__name__,
            expected="a method restore(state, ctx)",
            remedy="docs/adding-a-method.md shows how to write it.",
        )

    @classmethod
    def saves(cls) -> bool:
        """Whether what it is fitted to can be saved."""
        return cls.restore is not Method.restore
