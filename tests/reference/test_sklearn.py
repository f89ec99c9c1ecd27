"""The loss of unbalanced errors beside scikit-learn's log loss with balanced sample weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_sample_weight

from aqa_bench.learn.losses.supervised import class_weights, weighted_cross_entropy


@pytest.mark.parametrize("errors", [1, 8, 20, 39])
def test_training_on_all_samples_at_once_minimises_sklearns_balanced_log_loss(errors: int) -> None:
    labels = np.random.default_rng(0).permutation(np.arange(40) < errors).astype(np.int64)
    logits = np.random.default_rng(errors).normal(scale=3, size=(len(labels), 2))
    ours = weighted_cross_entropy(
        torch.from_numpy(logits), torch.from_numpy(labels), class_weights(labels)
    ).item()
    balanced = compute_sample_weight("balanced", labels)
    theirs = log_loss(labels, softmax(logits, axis=1), sample_weight=balanced)
    # Class weights are float32.
    assert ours == pytest.approx(theirs, rel=1e-6)
