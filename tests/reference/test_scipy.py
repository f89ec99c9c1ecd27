"""Eq. 1 of the ECCV paper by scipy's distances and log-sum-exp; turned clips by its image rotation."""

from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.ndimage import rotate
from scipy.spatial.distance import euclidean, sqeuclidean
from scipy.special import log_softmax, logsumexp

from aqa_bench.core.registry import find_method
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.pretraining.video_batches import VideoBatch
from aqa_bench.methods.videorot.pretext import QUARTERS

VIDEOROT = find_method("videorot")

VARIANTS = list(product((2, 3), (False, True)))


# Far apart, exp(-d) is 0 in float64: only a log-sum-exp still knows the loss.
@pytest.mark.parametrize("size", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("terms", "squared"), VARIANTS)
def test_eq_1_is_a_log_softmax_of_negative_distances(
    terms: Literal[2, 3], squared: bool, size: float
) -> None:
    anchors, positives, negatives = np.random.default_rng(terms).normal(scale=size, size=(3, 20, 16))
    d = sqeuclidean if squared else euclidean
    logits = np.array(
        [[-d(a, p), -d(a, n), -d(p, n)] for a, p, n in zip(anchors, positives, negatives, strict=True)]
    )[:, :terms]
    ours = distance_ratio_loss(
        *map(torch.from_numpy, (anchors, positives, negatives)), terms=terms, squared=squared
    ).item()
    assert ours == pytest.approx(-log_softmax(logits, axis=1)[:, 0].mean(), rel=1e-10)
    assert ours == pytest.approx((logsumexp(logits, axis=1) - logits[:, 0]).mean(), rel=1e-10)


def test_a_videorot_label_is_the_angle_by_which_scipy_turns_the_clip_in_quarters() -> None:
    kind = VIDEOROT.load()
    recipe = kind.recipe_type()(
        backbone="r2plus1d-small", weights="random", augmentation="none", resize=12, crop=12
    )
    frames = torch.randint(0, 256, (QUARTERS, 5, 12, 12, 3), dtype=torch.uint8)
    labels = torch.tensor([[[quarters, QUARTERS]] for quarters in range(QUARTERS)])
    seen = kind(recipe).augmented(VideoBatch(frames, torch.arange(QUARTERS), labels, 0))
    for quarters, (ours, upright) in enumerate(zip(seen, frames.numpy(), strict=True)):
        turned = rotate(upright, 90 * quarters, axes=(2, 1), reshape=False, order=0)
        np.testing.assert_allclose(ours.permute(0, 2, 3, 1).numpy(), turned / 255, atol=1e-6)
