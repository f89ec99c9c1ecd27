"""What a worker does for those who look into a method: features of frames, and what a judgement rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.worker.arrays import described
from aqa_bench.protocol.worker.bench import Bench

__all__ = ["explain", "features"]

_BATCH = 64
_REFERENCE = 32


def features(bench: Bench) -> Mapping[str, Any]:
    """Features of frames of bare samples, one part each; and what is known of the extractor."""
    from aqa_bench.learn.methods.image_method import ImageMethod
    from aqa_bench.learn.training.device import resolve_device

    method, told = bench.method(), bench.told
    if not isinstance(method, ImageMethod):
        raise UsageError(
            f"Method {told['method']!r} has no frame features.",
            where="--method",
            expected="an image method, such as imagenet",
            found=told["method"],
            remedy="To see what each method reads, run aqa-bench list methods.",
        )
    ctx, samples = bench.context(), bench.reception.samples(told["bare"])
    device = resolve_device(ctx.device)
    method.check(samples)
    prepared = method.backbone(bench.reception.samples(told["pool"]), ctx, device)
    prepared.report(ctx.report)
    frames = method.recipe.frames if told["frames_per_clip"] is None else told["frames_per_clip"]
    extractor = method.extractor(prepared.backbone, frames, device)
    for start in range(0, len(samples), _BATCH):
        for array in extractor.extract_cached(samples[start : start + _BATCH], ctx):
            found = np.ascontiguousarray(array, np.float32)
            bench.link.tell({"say": "part", "array": described(found)}, found.tobytes())
    return {
        "report": ctx.report.document(),
        "document": extractor.document(),
        "weights": extractor.weights_sha256,
        "pretrained_on": prepared.pretrained_on,
    }


def explain(bench: Bench) -> Mapping[str, Any]:
    """Scores of bare samples, and what their frames contribute: three arrays for each, one part each."""
    from aqa_bench.learn.looking.attribution import Explainable

    told = bench.told
    fitted, ctx, train, _ = bench.fitted()
    if not isinstance(fitted, Explainable):
        raise UsageError(
            f"Method {told['method']!r} cannot show which parts of a picture its scores depend on.",
            where="--method",
            expected="an image or video method, such as imagenet or kinetics",
            found=told["method"],
            remedy="To see what each method reads, run aqa-bench list methods.",
        )
    shown = bench.reception.samples(told["bare"])
    raw = fitted.predict(shown)  # type: ignore[attr-defined]
    scores = checked_scores(raw, len(shown), ctx.task.kind, told["method"], told["where"])
    for found in fitted.attribution(shown, train.samples[:_REFERENCE]):
        arrays = (
            np.ascontiguousarray(found.indices, np.int64),
            np.ascontiguousarray(found.maps, np.float32),
            np.ascontiguousarray(found.area, np.float64),
        )
        for array in arrays:
            bench.link.tell({"say": "part", "array": described(array)}, array.tobytes())
        ends = [float(found.output), float(found.baseline)]
        bench.link.tell({"say": "part", "ends": [e if math.isfinite(e) else None for e in ends]})
    return {"report": ctx.report.document(), "scores": scores.tolist()}
