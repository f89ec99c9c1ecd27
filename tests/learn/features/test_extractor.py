from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from aqa_bench.core.errors import DataError
from aqa_bench.learn.features.extractor import FeatureExtractor, state_sha256


class Linear(FeatureExtractor[list[float]]):
    """Multiplies; pre-training sets the weights to the pool's mean."""

    def __init__(self, width: int = 3) -> None:
        self._module = nn.Sequential(nn.Linear(width, 2, bias=False), nn.BatchNorm1d(2)).eval()

    @property
    def module(self) -> nn.Module:
        return self._module

    def pretrain(self, pool: Sequence[list[float]]) -> None:
        with torch.no_grad():
            self._module[0].weight.copy_(torch.tensor(pool).mean(dim=0).expand(2, -1))

    def extract(self, samples: Sequence[list[float]]) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            return [
                self._module(torch.tensor([sample], dtype=torch.float32))[0].numpy() for sample in samples
            ]


def test_round_trip_keeps_features_and_digest(tmp_path: Path) -> None:
    first, second = Linear(), Linear()
    first.pretrain([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert first.weights_sha256 != second.weights_sha256
    path = first.save(tmp_path / "deep" / "weights.safetensors")
    second.load(path)
    assert first.weights_sha256 == second.weights_sha256
    np.testing.assert_array_equal(first.extract([[1, 0, 2]])[0], second.extract([[1, 0, 2]])[0])
    np.testing.assert_allclose(first.extract([[1, 0, 2]])[0], [6.0, 6.0], rtol=1e-4)


def test_digest_sees_every_value_name_type_and_shape() -> None:
    def digest(tensor: torch.Tensor, name: str = "w") -> str:
        module = nn.Module()
        module.register_buffer(name, tensor)
        return state_sha256(module)

    base = torch.arange(6.0)
    variants = [base, base + 1e-6, base.view(2, 3), base.double(), base.bfloat16(), base[:0]]
    assert len({digest(tensor) for tensor in variants} | {digest(base, "v")}) == len(variants) + 1
    assert digest(base) == digest(base.clone())
    assert digest(base.view(2, 3).T) == digest(base.view(2, 3).T.contiguous())
    assert len(digest(torch.tensor(3))) == 64


def test_tied_weights_are_saved(tmp_path: Path) -> None:
    extractor = Linear()
    extractor.module.register_parameter("twin", extractor.module.get_parameter("0.weight"))
    extractor.save(tmp_path / "w.safetensors")
    extractor.load(tmp_path / "w.safetensors")


def test_errors(tmp_path: Path) -> None:
    path = Linear(4).save(tmp_path / "four.safetensors")
    extractor = Linear(3)
    before = extractor.weights_sha256
    with pytest.raises(DataError, match=r"0\.weight"):
        extractor.load(path)
    path.write_bytes(b"no")
    for name, what in (("four.safetensors", "is damaged"), ("absent.safetensors", "cannot be read")):
        with pytest.raises(DataError, match=what):
            extractor.load(tmp_path / name)
    assert extractor.weights_sha256 == before
