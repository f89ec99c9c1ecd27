from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.heads.distribution import DistributionHead


def test_shapes_and_ranges() -> None:
    head = DistributionHead(8, 0.0, 104.5, num_bins=21)
    assert head(torch.zeros(3, 8)).shape == (3, 21)
    assert head(torch.zeros(3, 5, 8)).shape == (3, 21)
    scores = head.predict(torch.randn(50, 8) * 100)
    assert scores.shape == (50,)
    assert scores.min() >= 0
    assert scores.max() <= 104.5 + 1e-3
    assert not any(name.endswith("bins") for name in head.state_dict())


def test_it_learns_to_rank() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    y = 50 + 15 * x[:, 0] - 5 * x[:, 1]
    head = DistributionHead(4, float(y.min()), float(y.max()), num_bins=41, hidden=(32,))
    optimiser = torch.optim.Adam(head.parameters(), lr=0.03)
    losses = []
    for _ in range(60):
        loss = head.loss(head(x), y, sigma=5.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    predicted = head.eval().predict(x).numpy()
    assert spearmanr(predicted, y).statistic > 0.95
    assert np.abs(predicted - y.numpy()).mean() < 5


@pytest.mark.parametrize(("low", "high", "bins"), [(1.0, 1.0, 5), (2.0, 1.0, 5), (0.0, 1.0, 1)])
def test_impossible_bins_are_refused(low: float, high: float, bins: int) -> None:
    with pytest.raises(RecipeError, match="range and bins"):
        DistributionHead(4, low, high, bins)
