"""What a worker does, each in a process of its own: read or check a recipe, prepare, fit, judge, look."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import Method
from aqa_bench.core.plain_state import state_of
from aqa_bench.core.recipe import ADDED_LATER, odd_values
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.state import pack_state, unpack_state
from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.worker import looking
from aqa_bench.protocol.worker.bench import Bench
from aqa_bench.protocol.worker.wire import Message

__all__ = ["STAGES", "STATE_PART", "Answer", "stage_of"]

STATE_PART = 64 << 20
"""Bytes of a fitted method's state that travel at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stage sends back: plain JSON, and bytes."""

    header: Mapping[str, Any]
    body: bytes = b""


def _recipe(bench: Bench) -> Answer:
    kind, told = bench.kind(), bench.told
    recipe = load_recipe(Path(told["folder"]), kind.recipe_type(), told["name"])
    if told["overrides"]:
        recipe = recipe.with_overrides(told["overrides"], f"{told['method']}, recipe {told['name']}")
    fields = type(recipe).model_fields
    pretraining = getattr(recipe, "pretraining", None)
    facts = {
        "pretraining": None if pretraining is None else pretraining(),
        "prepares": kind.prepare is not Method.prepare,
        "embeds": hasattr(kind, "extractor"),
        "saves": kind.saves(),
        "reads": sorted(kind.reads(recipe)),
        "fields": sorted(fields),
        "left_out": {n: field.get_default() for n, field in fields.items() if ADDED_LATER in field.metadata},
    }
    return Answer({"recipe": recipe.model_dump(mode="json"), **facts})


def _values(bench: Bench) -> Answer:
    return Answer({"odd": odd_values(bench.kind().recipe_type(), bench.told["values"])})


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
    if bench.told.get("keep") is True:
        content = memoryview(pack_state(state_of(predictor)))
        for start in range(0, len(content), STATE_PART):
            bench.link.tell({"say": "part", "bytes": len(content)}, content[start : start + STATE_PART])
    return Answer(header, scores.astype("<f8").tobytes())


def _judge(bench: Bench) -> Answer:
    bare, start, scores = bench.reception.samples(bench.told["bare"]), 0, []
    for fit in bench.told["fits"]:
        where, end = str(fit["where"]), start + int(fit["bytes"])
        ctx = replace(bench.context(), split=str(fit["split"]), seed=int(fit["seed"]))
        state = unpack_state(bytes(memoryview(bench.body)[start:end]), where)
        raw = bench.method().restore(state, ctx).predict(bare)
        kind = TaskKind(ctx.task.kind)
        scores.append(checked_scores(raw, len(bare), kind, str(bench.told["method"]), where))
        start = end
    return Answer({}, np.concatenate(scores).astype("<f8").tobytes())


def _features(bench: Bench) -> Answer:
    return Answer(looking.features(bench))


def _explain(bench: Bench) -> Answer:
    return Answer(looking.explain(bench))


STAGES: Mapping[str, Callable[[Bench], Answer]] = {
    "recipe": _recipe,
    "values": _values,
    "prepare": _prepare,
    "fit": _fit,
    "judge": _judge,
    "features": _features,
    "explain": _explain,
}


def stage_of(message: Message) -> Callable[[Bench], Answer]:
    """The stage that a job names."""
    name = str(message.header.get("stage"))
    if name not in STAGES:
        raise MethodError("There is no such stage.", expected=", ".join(STAGES), found=name)
    return STAGES[name]
