"""A method that pre-trains in steps: it logs each step that it makes, and goes on from its checkpoint."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aqa_bench.core.files import write_atomic
from aqa_bench.core.lock import exclusive
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample

from .method import Scores, log, saw


class LearnerRecipe(Recipe):
    steps: int = 1
    pause: float = 0.0
    fails: bool = False
    shift: float = 0.0
    pretraining_seeds: int | None = 1

    def pretraining(self) -> dict[str, Any]:
        return {"steps": self.steps, "fails": self.fails}


class Learner(Method[LearnerRecipe]):
    def prepare(
        self, pool: Sequence[Sample], samples: Sequence[Sample], ctx: FitContext
    ) -> Mapping[str, Any]:
        if not pool:
            return {}
        number = ctx.run_seed % (self.recipe.pretraining_seeds or 1)
        about = [sorted(s.media.content_key for s in pool), self.recipe.pretraining(), number]
        key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
        weights, checkpoint = (ctx.cache / f"{key}.{name}" for name in ("weights", "checkpoint"))
        with exclusive(ctx.cache / f"{key}.lock"):
            if not weights.exists():
                self._learn(key, checkpoint)
                write_atomic(weights, key)
        return {"key": key}

    def _learn(self, key: str, checkpoint: Path) -> None:
        first = int(checkpoint.read_text()) if checkpoint.exists() else 0
        for step in range(first, self.recipe.steps):
            if self.recipe.fails and not os.environ.get("AQA_TEST_MENDED"):
                raise ZeroDivisionError("by design")
            time.sleep(self.recipe.pause)
            log(f"learnt {key} {step}")
            write_atomic(checkpoint, str(step + 1))

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Scores:
        saw("learner")
        log(f"fitted {ctx.split} {ctx.seed} {ctx.prepared['key']}")
        ctx.report.update(parameters=len(train), device="cpu")
        return Scores(ctx.seed, "", self.recipe.shift)
