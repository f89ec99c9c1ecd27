from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import MethodError
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss


def _reference(a: np.ndarray, p: np.ndarray, n: np.ndarray, terms: int, squared: bool) -> float:
    def d(x: np.ndarray, y: np.ndarray) -> float:
        length = math.sqrt(sum((u - v) ** 2 for u, v in zip(x, y, strict=True)))
        return length**2 if squared else length

    losses = []
    for x, y, z in zip(a, p, n, strict=True):
        bottom = math.exp(-d(x, y)) + math.exp(-d(x, z)) + (math.exp(-d(y, z)) if terms == 3 else 0)
        losses.append(-math.log(math.exp(-d(x, y)) / bottom))
    return sum(losses) / len(losses)


@pytest.mark.parametrize(("terms", "squared"), list(product((2, 3), (False, True))))
def test_is_the_formula(terms: int, squared: bool) -> None:
    a, p, n = np.random.default_rng(1).normal(size=(3, 6, 5))
    loss = distance_ratio_loss(*map(torch.from_numpy, (a, p, n)), terms=terms, squared=squared)
    assert loss.item() == pytest.approx(_reference(a, p, n, terms, squared), rel=1e-12)


@pytest.mark.parametrize("squared", [False, True])
def test_value_at_collapse(squared: bool) -> None:
    x = F.normalize(torch.ones(4, 8), dim=1)
    assert distance_ratio_loss(x, x, x, squared=squared).item() == pytest.approx(math.log(2))
    assert distance_ratio_loss(x, x, x, terms=3, squared=squared).item() == pytest.approx(math.log(3))


@pytest.mark.parametrize(("squared", "widest"), [(False, 2), (True, 4)])
def test_lower_bounds_are_reached_by_opposite_unit_vectors(squared: bool, widest: float) -> None:
    x = F.normalize(torch.randn(4, 8, dtype=torch.float64), dim=1)
    two = distance_ratio_loss(x, x, -x, squared=squared).item()
    three = distance_ratio_loss(x, x, -x, terms=3, squared=squared).item()
    assert two == pytest.approx(math.log1p(math.exp(-widest)))
    assert three == pytest.approx(math.log1p(2 * math.exp(-widest)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]), st.booleans())
def test_unit_vectors_stay_within_the_bounds(seed: int, terms: int, squared: bool) -> None:
    a, p, n = F.normalize(
        torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=2
    )
    loss = distance_ratio_loss(a, p, n, terms=terms, squared=squared).item()  # type: ignore[arg-type]
    widest = 4 if squared else 2
    assert loss >= math.log1p((terms - 1) * math.exp(-widest)) - 1e-9
    assert loss <= math.log1p((terms - 1) * math.exp(widest)) + 1e-9


@pytest.mark.parametrize(("terms", "squared"), list(product((2, 3), (False, True))))
def test_gradients_are_those_of_finite_differences(terms: int, squared: bool) -> None:
    x = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda y: distance_ratio_loss(y[0], y[1], y[2], terms=terms, squared=squared), x
    )


def test_gradients_are_finite_at_collapse() -> None:
    x = torch.ones(4, 8, requires_grad=True)
    distance_ratio_loss(x, x, x).backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_half_precision_is_summed_in_float32() -> None:
    a, p, n = torch.randn(3, 4, 8).bfloat16()
    loss = distance_ratio_loss(a, p, n)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, distance_ratio_loss(a.float(), p.float(), n.float()))


def test_errors() -> None:
    x = torch.randn(3, 4)
    with pytest.raises(MethodError):
        distance_ratio_loss(x, x, x[:2])
    with pytest.raises(MethodError):
        distance_ratio_loss(x, x, x, terms=4)  # type: ignore[arg-type]
