from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aqa_bench as aqa
from aqa_bench.core.errors import MethodError, UsageError
from aqa_bench.core.guard import method_running
from aqa_bench.core.registry import open_dataset

DATASET = "stick-figures/shoulder-press"


def test_samples_are_those_of_the_splits() -> None:
    data = aqa.load_dataset(DATASET)
    split = open_dataset(DATASET).splits("form", "folds")[7]
    assert list(data.splits())[7] == split.id
    for part in ("train", "val", "test"):
        samples = data.samples("form", part, fold=split.id)
        assert set(samples.ids) == set(getattr(split, part))
        assert samples.ids == sorted(samples.ids, key=data.samples().ids.index)
    assert len(data.samples()) == 60
    assert data.samples("form", "train").ids == data.samples(split="train", fold="r0f0").ids


@pytest.mark.parametrize(
    "ask",
    [
        lambda data: aqa.load_dataset(None),
        lambda data: data.samples(3),
        lambda data: data.samples("form", ["train"]),
        lambda data: data.samples().to_numpy(frames="8"),
        lambda data: data.samples().to_numpy(frames=2.5),
        lambda data: aqa.run("prior", DATASET, seed=0.5),
        lambda data: aqa.run(["prior"], DATASET),
    ],
)
def test_what_is_not_even_of_the_right_kind_is_wrong_usage(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(UsageError) as caught:
        ask(aqa.load_dataset(DATASET))
    assert caught.value.expected
    assert caught.value.found


def test_targets_are_given_for_train_and_val_and_never_for_test() -> None:
    data = aqa.load_dataset(DATASET)
    known = open_dataset(DATASET).targets("form")
    for part in ("train", "val"):
        samples = data.samples("form", part)
        assert samples.targets.tolist() == [known[name] for name in samples.ids]
        assert data.targets("form", part) == {name: known[name] for name in samples.ids}
        assert samples.table["target"].tolist() == samples.targets.tolist()
    for part in ("test", None):
        samples = data.samples("form", part)
        assert list(samples.table) == ["sample_id", "group"]
        with pytest.raises(UsageError, match="stay with the runner"):
            _ = samples.targets
    with pytest.raises(UsageError, match="stay with the runner"):
        data.targets("form", "test")


def test_a_method_cannot_open_a_dataset() -> None:
    with method_running("nosy"), pytest.raises(MethodError, match="custody"):
        aqa.load_dataset(DATASET)
    data = aqa.load_dataset(DATASET)
    with method_running("nosy"), pytest.raises(MethodError, match="custody"):
        data.targets()


def test_unlabelled_samples_share_no_group_with_val_or_test() -> None:
    data = aqa.load_dataset(DATASET)
    held_out = {s.group for part in ("val", "test") for s in data.samples("form", part)}
    pool = data.unlabelled()
    assert pool
    assert not {sample.group for sample in pool} & held_out


def test_arrays_hold_evenly_spread_frames() -> None:
    samples = aqa.load_dataset(DATASET).samples("form", "val")
    array = samples.to_numpy(frames=5, layout="openpose-18")
    assert (array.shape, array.dtype) == ((len(samples), 5, 18, 3), np.float32)
    for row, sample in zip(array, samples, strict=True):
        poses = sample.media.keypoints("openpose-18")
        assert np.array_equal(row[0], poses[0])
        assert np.array_equal(row[-1], poses[-1])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"task": "fom"}, "Did you mean 'form'"),
        ({"split": "tran"}, "Did you mean 'train'"),
        ({"scheme": "fold", "split": "train"}, "Did you mean 'folds'"),
        ({"fold": "r9f9", "split": "train"}, "Did you mean"),
    ],
)
def test_what_there_is_not_is_said(ask: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        aqa.load_dataset(DATASET).samples(**ask)


def test_a_modality_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match=r"no readable modality .* 'frames'"):
        aqa.load_dataset(DATASET).samples().to_numpy("frames")
    with pytest.raises(UsageError, match="nothing to read"):
        aqa.load_dataset(DATASET).samples().to_numpy(frames=0)


def test_a_torch_dataset_gives_batches_with_targets_of_train_alone() -> None:
    torch = pytest.importorskip("torch")
    data = aqa.load_dataset(DATASET)
    train = data.torch("train", frames=4)
    assert isinstance(train, torch.utils.data.Dataset)
    batch = next(iter(torch.utils.data.DataLoader(train, batch_size=6)))
    samples = data.samples("form", "train")
    assert batch["id"] == samples.ids[:6]
    assert batch["y"].tolist() == samples.targets[:6].tolist()
    assert np.array_equal(batch["x"].numpy(), samples.to_numpy(frames=4)[:6])
    assert data.torch("test", frames=4)[0].keys() == {"id", "x"}


def test_clips_and_images_are_channels_first_in_0_1(gym_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("AQA_BENCH_DATA", str(gym_home.parent))
    data = aqa.load_dataset("synthetic-gym/backsquat@tiny")
    clips = data.samples("kie", "train")
    first = clips[0].media
    array = clips.to_numpy(frames=3, size=32)
    assert array.shape == (len(clips), 3, 32, 32, 3)
    assert np.array_equal(array[0][0], first.frames([0], 32)[0])
    x = data.torch("train", task="kie", frames=3, size=32)[0]["x"]
    assert x.shape == (3, 3, 32, 32)
    assert np.allclose(x.numpy(), np.moveaxis(array[0], -1, 0) / 255)
    images = data.samples("ss", "val")
    assert images.to_numpy(size=24).shape == (len(images), 24, 24, 3)
    assert images.torch(size=24)[0]["x"].shape == (3, 24, 24)
