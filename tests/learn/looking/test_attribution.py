from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aqa_bench.core.errors import UsageError
from aqa_bench.learn.looking import attribution
from aqa_bench.learn.looking.attribution import attribute_maps

attr = pytest.importorskip("captum.attr")


class Network(nn.Module):
    """A convolution, global average pooling and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ReLU())
        self.head = nn.Linear(6, 2)

    def judge(self, maps: Tensor) -> Tensor:
        """``(B, T, C, h, w)`` to ``(B,)``."""
        y: Tensor = self.head(maps.mean(dim=(1, 3, 4)))
        return y[:, 1] - y[:, 0]

    def forward(self, images: Tensor) -> Tensor:
        return self.judge(self.trunk(images)[:, None])


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network().eval()


def test_from_empty_maps_on_pooled_features_it_is_grad_cam(network: Network) -> None:
    images = torch.randn(1, 3, 16, 16)
    maps = network.trunk(images)
    found, output, baseline = attribute_maps([maps], [torch.zeros_like(maps[0])], network.judge)
    reference = attr.LayerGradCam(network, network.trunk).attribute(images)
    np.testing.assert_allclose(found[0], reference[0, 0].detach().numpy(), atol=1e-6)
    assert output == pytest.approx(network(images).item(), abs=1e-6)
    assert baseline == pytest.approx((network.head.bias[1] - network.head.bias[0]).item(), abs=1e-6)


def test_contributions_add_up_to_the_difference_to_the_average() -> None:
    torch.manual_seed(1)
    stages = [torch.rand(5, 6, 4, 4), torch.rand(5, 6, 8, 8)]
    averages = [torch.rand(6, 4, 4), torch.rand(6, 8, 8)]
    weights = torch.randn(5, 6)

    def judge(a: Tensor, b: Tensor) -> Tensor:
        return torch.tanh(((a.mean(dim=(3, 4)) + b.mean(dim=(3, 4))) * weights).sum(dim=(1, 2)) / 3)

    maps, output, baseline = attribute_maps(stages, averages, judge, steps=64)
    assert maps.shape == (5, 8, 8)
    assert maps.sum() == pytest.approx(output - baseline, abs=1e-4)


def test_gradients_keep_their_places_where_the_judge_tells_places_apart() -> None:
    found, *_ = attribute_maps(
        [torch.ones(1, 2, 3, 3)], [torch.zeros(2, 3, 3)], lambda m: m[..., 0, 2].sum(dim=(1, 2))
    )
    expected = np.zeros((1, 3, 3))
    expected[0, 0, 2] = 2
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_captum_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(attribution, "import_module", missing)
    with pytest.raises(UsageError, match=r"aqa-bench\[explain\]"):
        attribute_maps([torch.ones(1, 1, 2, 2)], [torch.zeros(1, 2, 2)], lambda m: m.sum()[None])
