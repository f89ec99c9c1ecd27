from __future__ import annotations

import math

import pytest
import torch

from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe
from aqa_bench.learn.pretraining.pretrain import PretextTraining, _optimisation
from aqa_bench.learn.training.loop import fit


def rates(recipe: ImagePoolRecipe, steps: int) -> list[float]:
    network = torch.nn.Linear(2, 1)
    none = lambda *_: None  # noqa: E731
    optimiser, schedule = _optimisation(PretextTraining(network, none, none, none, none, none), recipe, steps)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if schedule is not None:
            schedule.step()
    return found


def test_the_rate_rises_and_then_follows_the_cosine_step_by_step() -> None:
    found = rates(ImagePoolRecipe(lr=1.0, schedule="cosine", warmup=3), 13)
    assert found[:3] == pytest.approx([0.25, 0.5, 0.75])
    assert found[3:] == pytest.approx([(1 + math.cos(math.pi * i / 10)) / 2 for i in range(10)])


def test_a_constant_rate_may_rise_first() -> None:
    assert rates(ImagePoolRecipe(lr=1.0, warmup=1), 4) == pytest.approx([0.5, 1, 1, 1])
    assert rates(ImagePoolRecipe(lr=1.0), 3) == [1, 1, 1]


@pytest.mark.parametrize(("by", "accumulate", "expected"), [("epoch", 1, 2), ("step", 1, 10), ("step", 2, 6)])
def test_a_schedule_advances_by_epoch_or_by_step(by: str, accumulate: int, expected: int) -> None:
    network = torch.nn.Linear(1, 1)
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5**step)
    fit(
        network,
        lambda _: [torch.ones(1, 1)] * 5,
        lambda model, batch: model(batch).mean() * 0,
        optimizer=optimiser,
        scheduler=schedule,
        schedule_by=by,
        epochs=2,
        accumulate=accumulate,
        device=torch.device("cpu"),
    )
    assert optimiser.param_groups[0]["lr"] == 0.5**expected
