from __future__ import annotations

import pytest
import torch

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.training.loop import optimizer


@pytest.mark.parametrize("name", ["adam", "adamw", "adadelta", "sgd"])
def test_names_give_optimisers_that_descend(name: str) -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    built = optimizer(name, [weight], lr=0.05, weight_decay=1e-4)
    assert type(built).__name__.lower() == name
    assert built.param_groups[0]["lr"] == 0.05
    assert built.param_groups[0]["weight_decay"] == 1e-4
    for _ in range(20):
        built.zero_grad()
        weight.square().sum().backward()
        built.step()
    assert abs(weight.item()) < 3.0


def test_sgd_momentum_is_nesterovs() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    assert optimizer("sgd", [weight], 0.1).param_groups[0]["nesterov"]
    assert not optimizer("sgd", [weight], 0.1, momentum=0.0).param_groups[0]["nesterov"]


def test_groups_keep_their_own_rates() -> None:
    body, head = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    built = optimizer("adam", [{"params": [body]}, {"params": [head], "lr": 1e-3}], 1e-4)
    assert [group["lr"] for group in built.param_groups] == [1e-4, 1e-3]


def test_unknown_name() -> None:
    with pytest.raises(RecipeError, match="adadelta, adam, adamw, sgd"):
        optimizer("lion", [torch.nn.Parameter(torch.zeros(1))], 0.1)
