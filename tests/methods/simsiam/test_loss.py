from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from aqa_bench.methods.simsiam.loss import negative_cosine, simsiam_loss
from aqa_bench.methods.simsiam.network import Predictor, Projector


def _cosine(p: np.ndarray, z: np.ndarray) -> float:
    return float(-np.mean((p * z).sum(1) / np.linalg.norm(p, axis=1) / np.linalg.norm(z, axis=1)))


def test_same_as_numpy() -> None:
    p1, p2, z1, z2 = np.random.default_rng(0).normal(size=(4, 7, 5))
    loss = simsiam_loss(*map(torch.from_numpy, (p1, p2, z1, z2)))
    assert loss.item() == pytest.approx(_cosine(p1, z2) / 2 + _cosine(p2, z1) / 2, rel=1e-12)
    assert negative_cosine(torch.from_numpy(p1), torch.from_numpy(3 * p1)).item() == pytest.approx(-1)


def test_gradients_by_hand_and_none_through_the_target() -> None:
    p = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    z = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    negative_cosine(p, z).backward()
    assert z.grad is None
    assert p.grad is not None
    u, v = p.detach().numpy(), z.detach().numpy()
    u_length, v_unit = np.linalg.norm(u, axis=1, keepdims=True), v / np.linalg.norm(v, axis=1, keepdims=True)
    u_unit = u / u_length
    expected = -(v_unit - (u_unit * v_unit).sum(1, keepdims=True) * u_unit) / u_length / len(u)
    np.testing.assert_allclose(p.grad.numpy(), expected, rtol=1e-10)


def test_one_step_equals_an_independent_implementation() -> None:
    """The whole chain in numpy, batch norms included, against the modules."""
    torch.manual_seed(0)
    projector, predictor = Projector(4, 6).double(), Predictor(6, 3).double()
    x1, x2 = torch.randn(2, 8, 4, dtype=torch.float64)

    def linear(layer: nn.Module, x: np.ndarray) -> np.ndarray:
        weight = layer.get_parameter("weight").detach().numpy()
        bias = layer.bias
        return x @ weight.T + (bias.detach().numpy() if isinstance(bias, torch.Tensor) else 0)

    def norm(x: np.ndarray) -> np.ndarray:
        return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)

    def project(x: np.ndarray) -> np.ndarray:
        for block in (projector[0], projector[1]):
            x = np.maximum(norm(linear(block[0], x)), 0)
        return norm(linear(projector[2], x))

    def predict(z: np.ndarray) -> np.ndarray:
        return linear(predictor[1], np.maximum(norm(linear(predictor[0][0], z)), 0))

    z1, z2 = project(x1.numpy()), project(x2.numpy())
    p1, p2 = predict(z1), predict(z2)
    expected = _cosine(p1, z2) / 2 + _cosine(p2, z1) / 2
    a, b = projector(x1), projector(x2)
    assert simsiam_loss(predictor(a), predictor(b), a, b).item() == pytest.approx(expected, rel=1e-9)


def test_published_shapes() -> None:
    projector, predictor = Projector(512), Predictor()
    assert sum(p.numel() for p in projector.parameters()) == 2 * (512 * 512 + 2 * 512) + 512 * 2048
    assert sum(p.numel() for p in predictor.parameters()) == 2 * 2048 * 512 + 2 * 512 + 2048
