from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from scipy.stats import entropy, norm

from aqa_bench.core.errors import DataError
from aqa_bench.learn.losses.score import (
    expected_score,
    gaussian_soft_labels,
    mse_l1_loss,
    score_bins,
    score_distribution_loss,
)

BINS = score_bins(0.0, 104.5, 101)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 104.5), st.floats(2, 20))
def test_soft_labels_are_a_normalised_density(score: float, sigma: float) -> None:
    density = norm.pdf(BINS.numpy().astype(float), loc=score, scale=sigma)
    labels = gaussian_soft_labels(torch.tensor([score]), BINS, sigma)
    np.testing.assert_allclose(labels[0], density / density.sum(), atol=1e-5)


def test_a_score_far_outside_goes_to_the_nearest_bin() -> None:
    labels = gaussian_soft_labels(torch.tensor([1e4, -1e4]), BINS, 1.0)
    assert labels.argmax(dim=1).tolist() == [100, 0]
    assert torch.isfinite(labels).all()
    np.testing.assert_allclose(labels.sum(dim=1), 1, rtol=1e-6)


def test_the_loss_is_scipys_relative_entropy() -> None:
    rng = np.random.default_rng(0)
    logits, scores = rng.normal(size=(6, 101)), rng.uniform(0, 104.5, 6)
    labels = norm.pdf(BINS.numpy().astype(float), loc=scores[:, None], scale=5.0)
    expected = np.mean(entropy(labels, softmax(logits, axis=1), axis=1))
    loss = score_distribution_loss(torch.tensor(logits), torch.tensor(scores), BINS.double(), 5.0)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_the_loss_vanishes_at_the_labels_alone() -> None:
    scores = torch.tensor([10.0, 60.0])
    labels = gaussian_soft_labels(scores, BINS, 5.0)
    assert float(score_distribution_loss(labels.clamp_min(1e-30).log(), scores, BINS, 5.0)) < 1e-5
    assert float(score_distribution_loss(torch.zeros(2, 101), scores, BINS, 5.0)) > 0.5


def test_the_expected_score_is_the_mean_of_the_distribution() -> None:
    logits = np.random.default_rng(1).normal(size=(4, 101))
    expected = np.exp(log_softmax(logits, axis=1)) @ BINS.numpy()
    np.testing.assert_allclose(expected_score(torch.tensor(logits), BINS.double()), expected, rtol=1e-5)


def test_mse_and_l1_of_scaled_scores() -> None:
    outputs, scores = torch.tensor([1.0, 2.0, 5.0]), torch.tensor([17.0, 51.0, 85.0])
    errors = np.array([0.0, -1.0, 0.0])
    assert float(mse_l1_loss(outputs, scores)) == pytest.approx((errors**2).mean() + np.abs(errors).mean())
    assert float(mse_l1_loss(outputs, scores, scale=1.0)) > 100


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(DataError, match="do not match"):
        mse_l1_loss(torch.zeros(3, 1), torch.zeros(3))
    with pytest.raises(DataError, match="do not match"):
        score_distribution_loss(torch.zeros(3, 101), torch.zeros(3, 1), BINS, 5.0)
