from __future__ import annotations

import numpy as np
import torch
from torch import nn

from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.supervised.image_classifier import read_still
from aqa_bench.learn.supervised.targets import HeadPredictor, NetworkPredictor, TargetCoding

CPU = torch.device("cpu")
SPEC = FrameSpec(1, 16, None)


class Seen(nn.Module):
    """Logits 0 and the mean of a picture, and the sizes of the batches that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(x))
        mean = x.float().flatten(1).mean(dim=1) / 255
        return torch.stack([torch.zeros_like(mean), mean], dim=1)


def _expected(stills: list[Sample]) -> np.ndarray:
    means = np.array([read_still(s, SPEC).astype(np.float64).mean() / 255 for s in stills])
    return 1 / (1 + np.exp(-means))


def test_a_network_sees_pictures_in_batches(stills: list[Sample]) -> None:
    network = Seen()
    predictor = NetworkPredictor(network, lambda s: read_still(s, SPEC), TargetCoding(), CPU, 2)
    np.testing.assert_allclose(predictor.predict(stills), _expected(stills), atol=1e-6)
    assert network.sizes == [2, 1]


def test_a_head_sees_features_in_batches(stills: list[Sample]) -> None:
    head = Seen()

    def inputs(samples: object) -> torch.Tensor:
        assert samples is stills
        return torch.from_numpy(np.stack([read_still(s, SPEC) for s in stills]))

    predictor = HeadPredictor(inputs, head, TargetCoding(), CPU, 2)
    np.testing.assert_allclose(predictor.predict(stills), _expected(stills), atol=1e-6)
    assert head.sizes == [2, 1]


def test_nothing_is_predicted_of_nothing() -> None:
    def fail(_: object) -> torch.Tensor:
        raise AssertionError

    assert HeadPredictor(fail, nn.Identity(), TargetCoding(), CPU, 2).predict([]).shape == (0,)
    assert NetworkPredictor(nn.Identity(), fail, TargetCoding(), CPU, 2).predict([]).shape == (0,)
