from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.heads.build import build_head
from aqa_bench.learn.supervised.targets import forward
from aqa_bench.learn.supervised.training import (
    Examples,
    TrainingConfig,
    selection_score,
    supervised_loss,
    train_head,
)
from aqa_bench.learn.training.complexity import giga_multiply_adds
from aqa_bench.learn.training.device import deterministic

CPU = torch.device("cpu")


def examples(n: int, seed: int, *shape: int) -> Examples:
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(n, *shape, generator=generator), torch.arange(n) % 2
    # Every other feature: the attention's layer norm takes a shift of all of them away.
    x[y == 1] += 2 * (torch.arange(shape[-1]) % 2 == 0)
    return Examples(x, y)


@pytest.mark.parametrize(
    ("kind", "shape"), [("resnet1d", (32, 6)), ("attentive", (8, 6)), ("linear", (6,)), ("mlp", (4, 6))]
)
def test_every_head_separates_shifted_classes(kind: str, shape: tuple[int, ...]) -> None:
    with deterministic(0):
        head = build_head(kind, 6, 2, width=16, blocks=1)
        config = TrainingConfig(lr=0.02, epochs=15)
        result = train_head(
            head, examples(40, 0, *shape), examples(20, 1, *shape), config, is_score=False, seed=3, device=CPU
        )
    test = examples(40, 2, *shape)
    assert (forward(head, test.x, 7).argmax(dim=1) == test.y).float().mean() > 0.85
    assert result.best_epoch is not None


def test_scores_are_fitted_with_squared_error() -> None:
    x = torch.randn(60, 3, generator=torch.Generator().manual_seed(0))
    y = x @ torch.tensor([1.0, -2.0, 0.5])
    head = build_head("linear", 3, 1, dropout=0.0)
    config = TrainingConfig(lr=0.1, epochs=80, weight_decay=0.0)
    train_head(head, Examples(x, y), Examples(x, y), config, is_score=True, seed=0, device=CPU)
    torch.testing.assert_close(forward(head, x, 16)[:, 0], y, rtol=0.05, atol=0.05)


def test_f1_chooses_and_the_loss_breaks_ties() -> None:
    y = torch.tensor([0, 1, 1])
    config = TrainingConfig(class_weights=False)
    loss = supervised_loss(y, config, is_score=False)

    def score(margin: float, select: str = "f1") -> float:
        outputs = torch.tensor([[0.0, -margin], [0.0, margin], [0.0, -0.1]])
        chosen = TrainingConfig(select=select, class_weights=False)
        return selection_score(outputs, y, loss, chosen, is_score=False)

    assert score(2.0) > score(1.0)
    assert score(1.0) == pytest.approx(2 / 3, abs=1e-5)
    outputs = torch.tensor([[0.0, -1.0], [0.0, 1.0], [0.0, -0.1]])
    assert score(1.0, "loss") == pytest.approx(-float(F.cross_entropy(outputs, y)))


def test_attention_needs_a_width_that_divides() -> None:
    with pytest.raises(RecipeError, match="width"):
        build_head("attentive", 6, 2, width=30)


def test_the_cost_of_attention_can_be_counted() -> None:
    assert (
        giga_multiply_adds(build_head("attentive", 6, 2, width=16), torch.zeros(1, 8, 6)) > 8 * 6 * 16 / 1e9
    )


def test_an_unknown_head_is_refused() -> None:
    with pytest.raises(RecipeError, match="resnet1d"):
        build_head("transformer", 3, 2)
