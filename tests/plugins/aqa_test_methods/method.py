"""A method that behaves, or breaks its contract in a way that its recipe names."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample


class TrickyRecipe(Recipe):
    trick: str = ""
    shift: float = 0.0


class Scores:
    def __init__(self, seed: int, trick: str, shift: float) -> None:
        self.seed, self.trick, self.shift = seed, trick, shift

    def predict(self, samples: Sequence[Sample]) -> Any:
        found = _SCORES.get(self.trick, lambda scores: scores)(self._honest(samples))
        if self.trick == "ask in predict":
            _ask_registry()
        return found

    def _honest(self, samples: Sequence[Sample]) -> np.ndarray:
        reach = [float(sample.media.keypoints("openpose-18")[..., 1].min()) for sample in samples]
        noise = np.random.default_rng(self.seed).random(len(samples))
        return 1 / (1 + np.exp(-(np.tanh(np.array(reach) / 500) + noise - 1 + self.shift)))


class Tricky(Method[TrickyRecipe]):
    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Scores:
        log(f"{ctx.split} {ctx.seed}")
        saw("noise")
        ctx.report.update(parameters=len(train), device="cpu")
        ctx.report.extras["note"] = ("a", 1)
        if pool:
            ctx.report.extras |= {
                "pool": sorted(s.media.content_key[:16] for s in pool),
                "pool_dataset": ctx.pool_dataset,
            }
        _FIT.get(self.recipe.trick, lambda *_: None)(train, ctx)
        return Scores(ctx.seed, self.recipe.trick, self.recipe.shift)


def log(line: str) -> None:
    name = os.environ.get("AQA_TEST_LOG")
    if not name:
        return
    with Path(name).open("a") as file:
        file.write(line + "\n")
    if len(Path(name).read_text().splitlines()) == int(os.environ.get("AQA_TEST_HANG_AT", "0")):
        time.sleep(600)


def saw(name: str) -> None:
    """Note which GPUs a method is shown, where a test wants to know."""
    if os.environ.get("AQA_TEST_SEES"):
        log(f"sees {name} {os.environ.get('CUDA_VISIBLE_DEVICES', 'all')}")


def _ask_registry(*_: object) -> None:
    from aqa_bench.core.registry import open_dataset

    open_dataset("stick-figures/shoulder-press").targets("form")


def _ask_adapter(*_: object) -> None:
    from aqa_bench.datasets.stick_figures.adapter import StickFigures

    StickFigures().targets("form")


def _ask_living(*_: object) -> None:
    from aqa_bench.core.dataset import Dataset

    for thing in gc.get_objects():
        if isinstance(thing, Dataset):
            thing.targets("form")


def _ask_in_a_thread(*_: object) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(_ask_registry).result()


def _overwrite(train: LabeledSet, _: FitContext) -> None:
    for sample in train.samples:
        sample.media.keypoints("openpose-18")[:] = 0
    train.targets[:] = 0


def _fail(*_: object) -> None:
    if os.environ.get("AQA_TEST_MENDED"):
        return
    raise ZeroDivisionError("by design")


def _die(*_: object) -> None:
    os._exit(9)


def _hang(*_: object) -> None:
    (Path(os.environ["AQA_TEST_PIDS"]) / str(os.getpid())).touch()
    time.sleep(600)


_FIT: dict[str, Callable[[LabeledSet, FitContext], None]] = {
    "ask the registry": _ask_registry,
    "ask the adapter": _ask_adapter,
    "ask in a thread": _ask_in_a_thread,
    "ask what lives": _ask_living,
    "overwrite": _overwrite,
    "fail": _fail,
    "die": _die,
    "hang": _hang,
    "counts": lambda _, ctx: ctx.report.update(parameters=int(ctx.split[1:].replace("f", ""))),
    "nan fact": lambda _, ctx: ctx.report.extras.update(loss=float("nan")),
    "odd fact": lambda _, ctx: ctx.report.extras.update(note=object()),
    "misspelt fact": lambda _, ctx: ctx.report.update(parameter=3),
    "odd count": lambda _, ctx: ctx.report.update(parameters="many"),
    "odd flops": lambda _, ctx: ctx.report.update(gflops="many"),
}
_SCORES: dict[str, Callable[[np.ndarray], Any]] = {
    "too few": lambda s: s[:-1],
    "too many": lambda s: np.append(s, 0.5),
    "of another split": lambda s: np.concatenate([s, s]),
    "two columns": lambda s: np.stack([1 - s, s], axis=1),
    "nan": lambda s: np.where(np.arange(len(s)) == 3, np.nan, s),
    "inf": lambda s: np.where(np.arange(len(s)) == 0, np.inf, s),
    "negative": lambda s: s - 1,
    "logits": lambda s: s * 10,
    "text": lambda s: ["high"] * len(s),
    "nothing": lambda s: None,
}
