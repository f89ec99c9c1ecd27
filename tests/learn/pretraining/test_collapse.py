from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from aqa_bench.learn.pretraining.collapse import (
    collapse,
    effective_rank,
    pc1_share,
    relative_std,
    triplet_accuracy,
)


def test_an_even_spread() -> None:
    z = torch.randn(5000, 32, generator=torch.Generator().manual_seed(0))
    figures = collapse(z)
    assert figures.relative_std == pytest.approx(1, abs=0.02)
    assert figures.effective_rank == pytest.approx(32, rel=0.01)
    assert figures.pc1_share == pytest.approx(1 / 32, rel=0.3)
    assert not figures.collapsed
    assert set(figures.facts()) == {"relative_std", "effective_rank", "pc1_share", "collapsed"}


def test_collapse_to_a_point_and_to_a_line() -> None:
    point = torch.ones(50, 8) * 0.3
    assert collapse(point) == collapse(point * 2)
    assert collapse(point).collapsed
    assert (relative_std(point), effective_rank(point), pc1_share(point)) == (0.0, 0.0, 1.0)
    line = torch.linspace(-1, 1, 50)[:, None] * torch.ones(8)
    assert effective_rank(line) == pytest.approx(1)
    assert pc1_share(line) == pytest.approx(1)
    assert collapse(line).collapsed


def test_share_of_the_first_component_is_pcas() -> None:
    z = np.random.default_rng(0).normal(size=(60, 6)) * [3, 2, 1, 1, 1, 0.1] + 5
    share = PCA().fit(z).explained_variance_ratio_[0]
    assert pc1_share(torch.from_numpy(z)) == pytest.approx(share)


def test_triplet_accuracy() -> None:
    a = torch.zeros(4, 2)
    p = torch.tensor([[1.0, 0], [1, 0], [1, 0], [1, 0]])
    n = torch.tensor([[2.0, 0], [0.5, 0], [-1, 0], [3, 3]])
    assert triplet_accuracy(a, p, n) == pytest.approx(2.5 / 4)
    assert triplet_accuracy(a, a, a) == 0.5
