from __future__ import annotations

import pytest
import torch

from aqa_bench.learn.heads.attentive import AttentiveHead
from aqa_bench.learn.heads.build import Projection
from aqa_bench.learn.heads.linear import LinearHead
from aqa_bench.learn.heads.mlp import MLPHead


@pytest.mark.parametrize("hidden", [(), (32,), (32, 16)])
def test_projection_gives_unit_vectors(hidden: tuple[int, ...]) -> None:
    head = Projection(20, 8, hidden)
    y = head(torch.randn(6, 20))
    assert y.shape == (6, 8)
    torch.testing.assert_close(y.norm(dim=1), torch.ones(6))
    assert sum(isinstance(m, torch.nn.Linear) for m in head.modules()) == len(hidden) + 1


def test_projection_off_the_sphere_is_its_layers_alone() -> None:
    head, x = Projection(20, 8, sphere=False), torch.randn(6, 20)
    torch.testing.assert_close(head(x), head.layers(x))


@pytest.mark.parametrize("head", [LinearHead(10, 2), MLPHead(10, 2, (16,))])
def test_sequences_are_averaged(head: torch.nn.Module) -> None:
    x = torch.randn(4, 5, 10)
    head.eval()
    assert head(x).shape == (4, 2)
    torch.testing.assert_close(head(x), head(x.mean(dim=1)))


def test_attention_is_blind_to_order_and_weighs_frames() -> None:
    torch.manual_seed(0)
    head = AttentiveHead(10, 2, width=16).eval()
    x = torch.randn(3, 7, 10)
    torch.testing.assert_close(head(x), head(x.flip(1)))
    weights = head.weights(x)
    assert weights.shape == (3, 7)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    loss = head(x).sum()
    loss.backward()
    assert head.query.grad is not None
