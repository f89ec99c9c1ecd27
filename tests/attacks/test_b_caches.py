"""Results on disk: bit flips in what is cached between runs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from aqa_bench.core.sealed import Damaged
from aqa_bench.learn.features.extractor import FeatureCache, is_whole, load_state, save_state
from aqa_bench.learn.pretraining.pool import TrainedWeights
from aqa_bench.learn.training.checkpoint import History, TrainingState, load_checkpoint, save_checkpoint

N = 300


def flips(file: Path) -> Iterator[int]:
    """Writes the file with one other bit at a time, everywhere in it, and heals it at the end."""
    good = file.read_bytes()
    draw = random.Random(0)
    for _ in range(N):
        bit = draw.randrange(8 * len(good))
        content = bytearray(good)
        content[bit // 8] ^= 1 << bit % 8
        file.write_bytes(content)
        yield bit
    file.write_bytes(good)


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Linear(16, 1))


def test_no_flipped_bit_of_cached_weights_is_computed_with(
    tmp_path: Path, network: nn.Module, caplog: pytest.LogCaptureFixture
) -> None:
    weights = TrainedWeights(tmp_path, {"a": 1})
    weights.save(network, {"figure": 0.5})
    for file in (weights.path, weights.path.with_suffix(".json")):
        for bit in flips(file):
            assert weights.load(network) is None, f"bit {bit} of {file.name}"
    assert caplog.text.count("are damaged and will be trained again") == 2 * N
    assert weights.load(network) == {"figure": 0.5}


def test_damaged_weights_are_trained_again_and_said(
    tmp_path: Path, network: nn.Module, caplog: pytest.LogCaptureFixture
) -> None:
    weights, trained = TrainedWeights(tmp_path, {"a": 1}), []

    def train() -> dict[str, Any]:
        trained.append(1)
        return {"figure": 0.5}

    weights.once(network, train)
    content = bytearray(weights.path.read_bytes())
    content[-3] ^= 1
    weights.path.write_bytes(content)
    assert weights.once(network, train) == {"figure": 0.5}
    assert len(trained) == 2
    assert f"Weights {weights.path} are damaged and will be trained again" in caplog.text


def test_weights_of_another_training_under_this_name_are_not_taken(
    tmp_path: Path, network: nn.Module
) -> None:
    mine, other = TrainedWeights(tmp_path, {"seed": 0}), TrainedWeights(tmp_path, {"seed": 1})
    other.save(network, {})
    for suffix in (".safetensors", ".json"):
        mine.path.with_suffix(suffix).write_bytes(other.path.with_suffix(suffix).read_bytes())
    assert mine.load(network) is None


def test_a_damaged_snapshot_of_an_epoch_counts_as_missing(tmp_path: Path, network: nn.Module) -> None:
    file = save_state(network, tmp_path / "epoch.safetensors")
    assert is_whole(file)
    for _ in flips(file):
        with pytest.raises(Damaged):
            load_state(network, file)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert not is_whole(file)
    assert not is_whole(tmp_path / "none.safetensors")


def test_no_flipped_bit_of_a_checkpoint_is_trained_on(tmp_path: Path, network: nn.Module) -> None:
    def state() -> TrainingState:
        optimizer = torch.optim.Adam(network.parameters())
        return TrainingState(network, optimizer, None, torch.device("cpu"))

    file = tmp_path / "training.checkpoint"
    save_checkpoint(file, state(), History(losses=[1.0]))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for _ in flips(file):
        with pytest.raises(Damaged):
            load_checkpoint(file, state())
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)
    assert load_checkpoint(file, state()).losses == [1.0]


def test_no_flipped_bit_of_cached_features_is_learnt_from(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    features = np.arange(48, dtype=np.float32).reshape(6, 8)
    cache.put("ab12", features)
    for bit in flips(cache.path("ab12")):
        assert cache.get("ab12") is None, f"bit {bit}"
    np.testing.assert_array_equal(cache.get("ab12"), features)


def test_features_of_another_shape_with_the_same_bytes_are_found(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.put("ab12", np.zeros((4, 8), np.float32))
    content = cache.path("ab12").read_bytes()
    assert content.count(b"[4,8]") == 1
    cache.path("ab12").write_bytes(content.replace(b"[4,8]", b"[8,4]"))
    assert cache.get("ab12") is None
