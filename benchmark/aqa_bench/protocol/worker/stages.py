"""What a worker does, each in a process of its own: read a recipe, prepare, fit and predict, look."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.plugin import load_method
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.recipe import ADDED_LATER, build_recipe
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.worker.job import context_of, labelled_of
from aqa_bench.protocol.worker.remote_media import Reception
from aqa_bench.protocol.worker.runner_link import RemoteProgress, RunnerLink
from aqa_bench.protocol.worker.wire import Message

__all__ = ["STAGES", "Answer", "Bench", "stage_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stage sends back: plain JSON, and bytes."""

    header: Mapping[str, Any]
    body: bytes = b""


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

    def labelled(self) -> dict[str, LabeledSet | None]:
        """The labelled sets by name."""
        return labelled_of(self.told["labelled"], self.body, self.reception)

    def context(self, leaked: LabeledSet | None = None) -> FitContext:
        """The fit's context."""
        shown = RemoteProgress(self.link) if self.told.get("progress") else NullProgress()
        return context_of(self.told["context"], leaked, shown)

    def fitted(self) -> tuple[Any, FitContext, LabeledSet, LabeledSet]:
        """A predictor, the context that it was fitted in, train and val."""
        parts = self.labelled()
        train, val = parts["train"], parts["val"]
        assert train is not None
        assert val is not None
        ctx = self.context(parts["leaked"])
        pool = self.reception.samples(self.told["pool"])
        return self.method().fit(train, val, pool, ctx), ctx, train, val


def _recipe(bench: Bench) -> Answer:
    kind, told = bench.kind(), bench.told
    recipe = load_recipe(Path(told["folder"]), kind.recipe_type(), told["name"])
    if told["overrides"]:
        recipe = recipe.with_overrides(told["overrides"], f"{told['method']}, recipe {told['name']}")
    fields = type(recipe).model_fields
    facts = {
        "prepares": kind.prepare is not Method.prepare,
        "embeds": hasattr(kind, "extractor"),
        "fields": sorted(fields),
        "left_out": {n: field.get_default() for n, field in fields.items() if ADDED_LATER in field.metadata},
    }
    return Answer({"recipe": recipe.model_dump(mode="json"), **facts})


def _prepare(bench: Bench) -> Answer:
    pool = bench.reception.samples(bench.told["pool"])
    samples = bench.reception.samples(bench.told["bare"])
    return Answer({"prepared": dict(bench.method().prepare(pool, samples, bench.context()))})


def _fit(bench: Bench) -> Answer:
    started = time.perf_counter()
    predictor, ctx, _, _ = bench.fitted()
    fitted = time.perf_counter()
    bare = bench.reception.samples(bench.told["bare"])
    raw = predictor.predict(bare)
    done = time.perf_counter()
    # Whatever conversion runs of the method's code runs here; the runner gets bytes and checks them again.
    kind, where = TaskKind(ctx.task.kind), str(bench.told["where"])
    scores = checked_scores(raw, len(bare), kind, str(bench.told["method"]), where)
    header = {"report": ctx.report.document(), "seconds": [fitted - started, done - fitted]}
    return Answer(header, scores.astype("<f8").tobytes())


def _features(bench: Bench) -> Answer:
    from aqa_bench.protocol.worker.looking import features

    return Answer(features(bench))


def _explain(bench: Bench) -> Answer:
    from aqa_bench.protocol.worker.looking import explain

    return Answer(explain(bench))


STAGES: Mapping[str, Callable[[Bench], Answer]] = {
    "recipe": _recipe,
    "prepare": _prepare,
    "fit": _fit,
    "features": _features,
    "explain": _explain,
}


def stage_of(message: Message) -> Callable[[Bench], Answer]:
    """The stage that a job names."""
    name = str(message.header.get("stage"))
    if name not in STAGES:
        raise MethodError("There is no such stage.", expected=", ".join(STAGES), found=name)
    return STAGES[name]
