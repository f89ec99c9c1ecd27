"""What a stage of a worker works with: its job, the method, samples and context that the job tells of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.plugin import load_method
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.recipe import build_recipe
from aqa_bench.core.sample import LabeledSet
from aqa_bench.protocol.worker.job import context_of, labelled_of
from aqa_bench.protocol.worker.remote_media import Reception
from aqa_bench.protocol.worker.runner_link import RemoteProgress, RunnerLink

__all__ = ["Bench"]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a stage works with.

    Attributes:
        told: The job's header.
        body: The targets.
        link: To the runner.
        reception: Makes samples.
    """

    told: Mapping[str, Any]
    body: bytes | bytearray
    link: RunnerLink
    reception: Reception

    def kind(self) -> type[Method[Any]]:
        """Import the method's class: here first, and nowhere else."""
        return load_method(str(self.told["factory"]))

    def method(self) -> Method[Any]:
        """A fresh instance of the method."""
        kind = self.kind()
        return kind(build_recipe(kind.recipe_type(), self.told["recipe"], str(self.told["method"])))

    def context(self, leaked: LabeledSet | None = None) -> FitContext:
        """The fit's context."""
        shown = RemoteProgress(self.link) if self.told.get("progress") else NullProgress()
        return context_of(self.told["context"], leaked, shown)

    def fitted(self) -> tuple[Any, FitContext, LabeledSet, LabeledSet]:
        """A predictor, the context that it was fitted in, train and val."""
        parts = labelled_of(self.told["labelled"], self.body, self.reception)
        train, val = parts["train"], parts["val"]
        ctx = self.context(parts.get("leaked"))
        pool = self.reception.samples(self.told["pool"])
        return self.method().fit(train, val, pool, ctx), ctx, train, val
