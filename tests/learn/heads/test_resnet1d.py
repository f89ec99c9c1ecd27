from __future__ import annotations

import pytest
import torch
from torch import nn

from aqa_bench.core.errors import DataError
from aqa_bench.learn.heads.resnet1d import ResNet1D


def test_lengths_halve_as_published() -> None:
    head = ResNet1D(171, 2).eval()
    lengths: list[int] = []
    for module in (head.stem, *head.blocks):
        module.register_forward_hook(lambda _module, _inputs, output: lengths.append(output.shape[2]))
    head(torch.zeros(1, 300, 171))
    assert lengths == [150, 75, 38, 19, 10]


def test_parameter_count_layer_by_layer() -> None:
    norm = 2 * 256
    block = 3 * (3 * 256 * 256 + norm) + 256 * 256 + norm
    expected = 3 * 171 * 256 + norm + 4 * block + 256 * 2 + 2
    assert expected == 2_761_986
    assert sum(p.numel() for p in ResNet1D(171, 2).parameters()) == expected


@pytest.mark.parametrize("frames", [8, 9, 15, 16, 48, 200])
def test_any_length_from_eight(frames: int) -> None:
    head = ResNet1D(5, 3, width=16).train()
    out = head(torch.randn(2, frames, 5))
    assert out.shape == (2, 3)
    out.sum().backward()
    assert all(p.grad is not None for p in head.parameters())


def test_width_and_depth_are_free() -> None:
    head = ResNet1D(5, 1, width=8, blocks=2, dropout=0.0)
    assert len(head.blocks) == 2
    assert {m.out_channels for m in head.modules() if isinstance(m, nn.Conv1d)} == {8}


def test_residual_sum_is_not_rectified() -> None:
    head = ResNet1D(4, 1, width=32, blocks=1).eval()
    seen: list[torch.Tensor] = []
    head.blocks.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    head(torch.randn(2, 16, 4))
    assert bool((seen[0] < 0).any())


def test_samples_do_not_mix_in_evaluation() -> None:
    head = ResNet1D(6, 2, width=16).eval()
    x = torch.randn(3, 20, 6)
    torch.testing.assert_close(head(x)[1:2], head(x[1:2]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 8, 6), (8, 5)])
def test_wrong_shapes_are_errors(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"\(N, T, 5\)"):
        ResNet1D(5, 1, width=8)(torch.zeros(shape))
