from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.pool import PoolTraining

from ..conftest import make_clips

CPU = torch.device("cpu")


def _training(learn: list[Sample], watched: list[Sample] | None = None) -> PoolTraining:
    return PoolTraining("simsiam", {"lr": 0.1}, 2, "gym/squat", learn, watched or [], {"twice": 1})


def _key(training: PoolTraining, network: nn.Module, **more: object) -> str:
    frames = FrameIndex(training.learn, FrameSpec(4, 8, None))
    return training.weights(Path("cache"), network, frames, CPU, more).key


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(2, 2)


def test_weights_lie_in_the_folder_of_their_method(network: nn.Module, clips: list[Sample]) -> None:
    frames = FrameIndex(clips, FrameSpec(4, 8, None))
    weights = _training(clips).weights(Path("cache"), network, frames, CPU)
    assert weights.folder == Path("cache", "weights", "simsiam")
    assert weights.key == _key(_training(make_clips(5)), network)


def test_whatever_the_weights_depend_on_gives_another_key(network: nn.Module, clips: list[Sample]) -> None:
    base = _training(clips)
    others = [
        replace(base, method="pad"),
        replace(base, recipe={"lr": 0.2}),
        replace(base, number=3),
        replace(base, dataset="gym/press"),
        replace(base, learn=clips[1:]),
        replace(base, watched=clips[:1]),
    ]
    keys = {_key(training, network) for training in (base, *others)}
    keys |= {_key(base, nn.Linear(2, 2)), _key(base, network, dives=["a"])}
    assert len(keys) == len(others) + 3


def test_another_precision_gives_another_key_and_the_devices_own_the_same(
    network: nn.Module, clips: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _key(_training(clips), network)
    monkeypatch.setenv("AQA_BENCH_PRECISION", "float32")
    assert _key(_training(clips), network) == own
    monkeypatch.setenv("AQA_BENCH_PRECISION", "bfloat16")
    assert _key(_training(clips), network) != own


def test_seeds_differ_by_method_recipe_dataset_and_number(clips: list[Sample]) -> None:
    base = _training(clips)
    changes = [{"method": "pad"}, {"recipe": {"lr": 0.2}}, {"number": 3}, {"dataset": "gym/press"}]
    assert len({base.seed, *(replace(base, **change).seed for change in changes)}) == 5
    assert replace(base, learn=clips[1:]).seed == base.seed


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("random", "5 unlabelled clips of gym/squat"),
        ("imagenet, torchvision", "imagenet; 5 unlabelled clips of gym/squat"),
    ],
)
def test_the_record_says_what_came_before(clips: list[Sample], start: str, said: str) -> None:
    assert _training(clips).pretrained_on(start, "unlabelled clips") == said
    facts = _training(clips).facts()
    assert facts["pretraining_seed"] == 2
    assert facts["pretraining_clips"] == 5
    assert facts["pretraining_clips_dropped"] == {"twice": 1}
