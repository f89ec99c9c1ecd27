from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from aqa_bench.core.errors import DataError
from aqa_bench.learn.losses.supervised import class_weights, mse_l1_loss, weighted_cross_entropy


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=2, max_size=50).filter(lambda y: len(set(y)) == 2))
def test_same_as_sklearn_balanced(labels: list[int]) -> None:
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=np.array(labels))
    weights = class_weights(labels)
    assert weights.dtype == torch.float32
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)
    assert float(weights[torch.tensor(labels)].sum()) == pytest.approx(len(labels), rel=1e-5)


@pytest.mark.parametrize(("labels", "expected"), [([0, 0], [1.0, 0.0]), ([1], [0.0, 1.0])])
def test_an_absent_class(labels: list[int], expected: list[float]) -> None:
    assert class_weights(np.array(labels)).tolist() == expected


@pytest.mark.parametrize("labels", [[], [0, 2], [-1, 1], [0.5, 1.0]])
def test_labels_that_are_not_binary(labels: list[int]) -> None:
    with pytest.raises(DataError):
        class_weights(labels)


def test_weighted_cross_entropy_is_torchs() -> None:
    logits, targets = torch.randn(20, 2, requires_grad=True), torch.arange(20) % 3 % 2
    weights = torch.tensor([0.7, 2.5])
    for w in (weights, None):
        expected = torch.nn.CrossEntropyLoss(weight=w)(logits, targets)
        torch.testing.assert_close(weighted_cross_entropy(logits, targets, w), expected)


def test_a_batch_of_weight_zero_has_loss_zero() -> None:
    logits = torch.randn(3, 2, requires_grad=True)
    loss = weighted_cross_entropy(logits, torch.zeros(3), torch.tensor([0.0, 1.0]))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert bool((logits.grad == 0).all())


def test_mse_and_l1_of_scores() -> None:
    outputs, scores = torch.tensor([1.0, 2.0, 5.0]), torch.tensor([1.0, 3.0, 5.0])
    errors = np.array([0.0, -1.0, 0.0])
    assert float(mse_l1_loss(outputs, scores)) == pytest.approx((errors**2).mean() + np.abs(errors).mean())


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(DataError, match="differ"):
        mse_l1_loss(torch.zeros(3, 1), torch.zeros(3))
