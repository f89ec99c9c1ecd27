"""Time training steps as they are and replayed as CUDA graphs, and compare what both have learnt.

Run ``python tools/bench_steps.py --device cuda --out steps.json``. Each case is a recipe as the program
trains it (sampling, augmentation, optimiser and all), from random weights, on clips drawn in memory. Beside
it stands the bare step: the same passes and the same optimiser on inputs that lie on the device. ``host_ms``
says how long the host takes for each part of a step without waiting for the device; ``waits``, how often it
does wait in one. On a CPU nothing is replayed, and sizes are small: it tries the script.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import torch
from bench_augment import host_waits
from torch import Tensor

from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import methods
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.pretrain import PretextTraining
from aqa_bench.learn.training.device import Precision, autocast, deterministic, device_name
from aqa_bench.learn.training.distributed import World
from aqa_bench.learn.training.graph import CHECKS, WARMUPS, Passes, ReplayedPasses, recorder_for
from aqa_bench.learn.training.loop import fit, optimizer
from aqa_bench.protocol.doctor.clips import unlabelled

__all__ = ["CASES", "Case", "main", "measured"]

_VARIABLE = "AQA_BENCH_GRAPHS"


@dataclass(frozen=True)
class Case:
    """What is timed.

    Attributes:
        method: Id of a method that pre-trains.
        recipe: Its recipe.
        clips: Clips of the pool.
        settings: Values over the recipe.
        small: Further ones for a CPU.
    """

    method: str
    recipe: str
    clips: int
    settings: tuple[str, ...]
    small: tuple[str, ...]


_SMALL = ("resize=32", "crop=28", "batch_size=4")
CASES = (
    Case("cvcspc", "paper", 50, ("pool_frames=16",), _SMALL),
    Case("cvcspc", "quick", 32, ("freeze=0",), _SMALL),
    Case("vanilla-pc", "paper", 50, ("pool_frames=16",), _SMALL),
    Case("simsiam", "paper", 76, ("pool_frames=4", "batch_size=75"), _SMALL),
    Case("md", "paper", 10, (), ("backbone=r2plus1d-small", *_SMALL[:2], "batch_size=2")),
    Case("temporalxform", "quick", 16, (), ("resize=16", "crop=16", "batch_size=2")),
)


@dataclass(frozen=True)
class _Made:
    """A pretext with random weights on a pool that is read already."""

    training: PretextTraining[Any]
    optimiser: torch.optim.Optimizer
    batch_size: int
    precision: Precision
    device: torch.device

    def batches(self) -> Iterator[Any]:
        """Endless."""
        draws = self.training.batches(self.batch_size, World())
        return (batch for epoch in count() for batch in draws(epoch))

    def passes(self) -> Passes:
        """Forward and backward, replayed where the variable asks for it."""
        network = self.training.network.train()

        def usual(inputs: Any) -> Tensor:
            with autocast(self.device, self.precision):
                value = self.training.loss(network, inputs)
            value.backward()  # type: ignore[no-untyped-call]
            return value.detach()

        recorder = recorder_for(self.device)
        return (
            usual
            if recorder is None
            else ReplayedPasses(network, usual, recorder, self.precision, self.device)
        )

    def step(self) -> None:
        """Of the optimiser."""
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)


def measured(case: Case, device: torch.device, steps: int, epochs: int) -> dict[str, Any]:
    """Times and differences of a case, as plain JSON.

    Args:
        case: What is timed.
        device: Where to compute.
        steps: Steps of a block.
        epochs: Blocks of a training; the first is not timed.
    """
    plugin = methods()[case.method]
    kind = plugin.load()
    small = case.small if device.type == "cpu" else ()
    recipe = load_recipe(plugin.folder, kind.recipe_type(), case.recipe).with_overrides(
        ["weights=random", *case.settings, *small], case.recipe
    )
    method = kind(recipe)
    source = method.source()
    pool = FrameIndex(unlabelled(range(case.clips)), recipe.pool_spec())
    found: dict[str, Any] = {"method": case.method, "recipe": case.recipe, "batch_size": recipe.batch_size}
    with tempfile.TemporaryDirectory() as folder, deterministic(0):
        pool.prepare(Path(folder), device)

        @contextmanager
        def made() -> Iterator[_Made]:
            with deterministic(0):
                training = source.pretext.training(method.build(0).to(device), pool, pool, 0)
                network = training.network.to(device)
                trained = [p for p in network.parameters() if p.requires_grad]
                built = optimizer(recipe.optimizer, trained, recipe.lr, weight_decay=recipe.weight_decay)
                yield _Made(training, built, recipe.batch_size, Precision.default(device), device)

        results = {}
        for name, asked in {"usual": "0", "replayed": "1"}.items():
            with _asking(asked), made() as it:
                results[name], weights, losses = _trained(it, Path(folder) / name, steps, epochs)
            with _asking(asked), made() as it:
                results[name] |= _bare(it, steps) | _parts(it, steps)
            if name == "usual":
                wanted, expected = weights, losses
        found |= results
        found["difference"] = {
            "weights": float((weights - wanted).norm() / wanted.norm()),
            "losses": max(abs(a - b) for a, b in zip(losses, expected, strict=True)),
        }
    bare = results["usual"]["bare_ms"]
    found["of_bare"] = {name: round(result["ms"] / bare, 3) for name, result in results.items()}
    return found


def _trained(it: _Made, log: Path, steps: int, epochs: int) -> tuple[dict[str, Any], Tensor, list[float]]:
    """A training as the program does it: time, weights, losses."""
    endless = it.batches()
    result = fit(
        it.training.network,
        lambda _: (it.training.inputs(batch, it.device) for batch in islice(endless, steps)),
        it.training.loss,
        optimizer=it.optimiser,
        epochs=epochs,
        device=it.device,
        precision=it.precision,
        log=log,
        recorder=recorder_for(it.device),
    )
    seconds = [json.loads(line)["seconds"] for line in log.read_text(encoding="utf-8").splitlines()]
    state = it.training.network.state_dict().values()
    weights = torch.cat([tensor.detach().double().flatten().cpu() for tensor in state])
    ms = [round(1000 * s / steps, 3) for s in seconds[1:]]
    return {"ms": min(ms), "all_ms": ms, "replayed": result.replayed}, weights, list(result.losses)


def _bare(it: _Made, steps: int) -> dict[str, Any]:
    inputs = it.training.inputs(next(it.batches()), it.device)
    passes = it.passes()

    def block() -> float:
        _wait(it.device)
        start = time.perf_counter()
        for _ in range(steps):
            passes(inputs)
            it.step()
        _wait(it.device)
        return 1000 * (time.perf_counter() - start) / steps

    for _ in range(WARMUPS + CHECKS + 2):
        passes(inputs)
        it.step()
    times = [round(block(), 3) for _ in range(4)]
    return {"bare_ms": min(times), "bare_all_ms": times}


def _parts(it: _Made, steps: int) -> dict[str, Any]:
    """Milliseconds of the host in each part of a step, and how often it waits."""
    spent: dict[str, list[float]] = {"draw": [], "prepare": [], "passes": [], "optimiser": []}
    endless, passes = it.batches(), it.passes()
    state: dict[str, Any] = {}

    def part(name: str, work: Callable[[], Any]) -> None:
        start = time.perf_counter()
        state[name] = work()
        spent[name].append(1000 * (time.perf_counter() - start))

    def step() -> None:
        part("draw", lambda: next(endless))
        part("prepare", lambda: it.training.inputs(state["draw"], it.device))
        part("passes", lambda: passes(state["prepare"]))
        part("optimiser", it.step)

    for _ in range(WARMUPS + CHECKS + 2):
        step()
    _wait(it.device)
    for times in spent.values():
        times.clear()
    for _ in range(steps):
        step()
    _wait(it.device)
    means = {name: round(statistics.fmean(times), 3) for name, times in spent.items()}
    return {"host_ms": means, "waits": host_waits(step, it.device)}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _asking(value: str) -> Iterator[None]:
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = value
    try:
        yield
    finally:
        os.environ.pop(_VARIABLE)
        if before is not None:
            os.environ[_VARIABLE] = before


def _finetuning(device: torch.device) -> dict[str, Any]:
    from aqa_bench.protocol.doctor.speed import finetuning_speed

    found = {}
    for name, asked in {"usual": "0", "replayed": "1"}.items():
        with _asking(asked):
            found[name] = finetuning_speed(device)
    return found


def main(arguments: Sequence[str]) -> int:
    """Print or write one JSON document; a case that fails has its error there."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s: %(message)s")
    device = torch.device(options.device, 0) if options.device == "cuda" else torch.device(options.device)
    document: dict[str, Any] = {"device": device_name(device), "torch": torch.__version__, "cases": []}
    started = time.perf_counter()
    works: dict[str, Callable[[], dict[str, Any]]] = {
        f"{case.method} {case.recipe}": partial(measured, case, device, options.steps, options.epochs)
        for case in CASES
    }
    works["fine-tuning"] = partial(_finetuning, device)
    for name, work in works.items():
        if time.perf_counter() - started > options.limit:
            document["cases"].append({"name": name, "untried": "the time was up"})
            continue
        try:
            document["cases"].append({"name": name, **work()})
        except Exception as error:
            logging.exception("%s", name)
            document["cases"].append({"name": name, "error": f"{type(error).__name__}: {error}"[:500]})
        print(json.dumps(document["cases"][-1]), flush=True)
        if options.out is not None:
            write_atomic(options.out, pretty_json(document))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--steps", type=int, default=20, help="steps of a block")
    parser.add_argument("--epochs", type=int, default=5, help="blocks of a training")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which no case begins")
    parser.add_argument("--out", type=Path, help="file that is written after each case")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
