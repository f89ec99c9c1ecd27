"""What a worker is asked to do, as it travels: plain JSON, and targets as float64 bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import Task
from aqa_bench.protocol.worker.media_desk import MediaDesk
from aqa_bench.protocol.worker.remote_media import Reception

__all__ = ["context_of", "labelled_of", "told_context", "told_labelled"]

_PLAIN = ("dataset", "split", "seed", "device", "pool_dataset", "run_seed", "method")


def told_context(ctx: FitContext) -> dict[str, Any]:
    """What a context is, but for labels, progress and report."""
    plain = {name: getattr(ctx, name) for name in _PLAIN}
    folders = {"cache": str(ctx.cache), "shared": [str(folder) for folder in ctx.shared]}
    return plain | folders | {"task": ctx.task.model_dump(mode="json"), "prepared": dict(ctx.prepared)}


def context_of(told: Mapping[str, Any], leaked: LabeledSet | None, progress: Progress) -> FitContext:
    """The context that was told of."""
    return FitContext(
        **{name: told[name] for name in _PLAIN},
        task=Task.model_validate(told["task"]),
        cache=Path(told["cache"]),
        shared=tuple(map(Path, told["shared"])),
        prepared=told["prepared"],
        leaked=leaked,
        progress=progress,
    )


def told_labelled(desk: MediaDesk, parts: Mapping[str, LabeledSet]) -> tuple[dict[str, Any], bytes]:
    """Labelled sets by name, their samples entered at a desk, and all targets one behind the other."""
    samples = {name: desk.enter(part.samples) for name, part in parts.items()}
    targets = [np.asarray(part.targets, "<f8").tobytes() for part in parts.values()]
    return samples, b"".join(targets)


def labelled_of(
    told: Mapping[str, Any], body: bytes | bytearray, reception: Reception
) -> dict[str, LabeledSet]:
    """The labelled sets that were told of."""
    targets = np.frombuffer(bytes(body), "<f8").astype(np.float64)
    found: dict[str, LabeledSet] = {}
    for name, entered in told.items():
        samples = reception.samples(entered)
        found[name] = LabeledSet(samples, targets[: len(samples)].copy())
        targets = targets[len(samples) :]
    if len(targets):
        raise MethodError("There are more targets than samples.", found=len(targets))
    return found
