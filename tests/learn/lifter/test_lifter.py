from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.dataset import LifterClip
from aqa_bench.core.errors import DataError
from aqa_bench.core.sealed import Damaged
from aqa_bench.learn.lifter.finder import LifterFinder, overlap
from aqa_bench.learn.lifter.network import LifterNetwork
from aqa_bench.learn.lifter.parts import box_of_clip, joints_box, joints_of
from aqa_bench.learn.lifter.recipe import FinderRecipe
from aqa_bench.learn.lifter.train import train_finder

SHORT = FinderRecipe(steps=90, batch=16, rate=1e-2)


def figures(count: int, first: int = 0) -> Iterator[LifterClip]:
    """A bright block for the trunk on a dark block for the legs, somewhere on grey noise."""
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        frames = rng.integers(110, 140, (2, 48, 48, 3), dtype=np.uint8)
        left, top = rng.integers(2, 26, 2)
        frames[:, top : top + 10, left : left + 12] = 250
        frames[:, top + 10 : top + 20, left : left + 12] = 5
        keypoints = np.ones((2, 17, 3), np.float32)
        keypoints[:, :, 0] = left + np.resize([0, 12], 17)
        keypoints[:, :, 1] = top + np.resize([0, 10], 17)
        legs = joints_of("legs")
        keypoints[:, legs, 1] = top + np.array([10, 10, 15, 15, 20, 20])
        yield LifterClip(frames, keypoints)


@pytest.fixture(scope="module")
def finder() -> LifterFinder:
    return train_finder(figures(120), SHORT)


def test_it_finds_whole_and_legs_of_figures_that_it_has_not_seen(finder: LifterFinder) -> None:
    for part in ("person", "legs"):
        found = [
            overlap(finder.find(clip.frames)[part], joints_box(clip.keypoints, part))
            for clip in figures(20, first=1000)
        ]
        assert np.median(found) > 0.65, part


def test_a_larger_picture_gives_the_same_boxes_in_its_own_pixels(finder: LifterFinder) -> None:
    (clip,) = figures(1, first=2000)
    large = clip.frames.repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_allclose(finder.find(large)["legs"], finder.find(clip.frames)["legs"] * 4, atol=8)


def test_training_repeats_and_leaves_the_generators_as_they_were() -> None:
    short = FinderRecipe(steps=3, batch=4)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again = (train_finder(figures(4), short).sha256 for _ in range(2))
    assert first == again
    assert torch.rand(1) == expected
    assert train_finder(figures(4), FinderRecipe(steps=3, batch=4, seed=1)).sha256 != first


def test_it_is_read_back_as_written_and_not_when_changed(finder: LifterFinder, tmp_path: Path) -> None:
    path = finder.save(tmp_path / "a.finder")
    read = LifterFinder.load(path)
    assert read.sha256 == finder.sha256
    (clip,) = figures(1)
    np.testing.assert_array_equal(read.find(clip.frames)["person"], finder.find(clip.frames)["person"])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged):
        LifterFinder.load(path)
    with pytest.raises(Damaged):
        LifterFinder.load(tmp_path / "b.finder")


def test_the_box_of_a_clip_bears_a_tenth_of_wrong_frames() -> None:
    boxes = np.tile([10.0, 20.0, 30.0, 60.0], (20, 1))
    np.testing.assert_allclose(box_of_clip(boxes), [-4, 16, 44, 64])
    boxes[3] = [0, 0, 500, 500]
    np.testing.assert_allclose(box_of_clip(boxes), [-4, 16, 44, 64])


def test_overlap_against_counted_pixels() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        low, side = rng.integers(0, 20, (2, 2)), rng.integers(1, 12, (2, 2))
        boxes = np.concatenate([low, low + side], axis=1)
        filled = np.zeros((2, 40, 40), bool)
        for picture, (left, top, right, bottom) in zip(filled, boxes, strict=True):
            picture[top:bottom, left:right] = True
        expected = (filled[0] & filled[1]).sum() / (filled[0] | filled[1]).sum()
        assert overlap(boxes[0], boxes[1]) == pytest.approx(expected)


def test_what_cannot_be_looked_at_is_refused(finder: LifterFinder) -> None:
    for frames in (np.zeros((2, 8, 8), np.uint8), np.zeros((2, 8, 8, 3), np.float32)):
        with pytest.raises(DataError, match="not frames"):
            finder.find(frames)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no clips"):
        train_finder([])
    with pytest.raises(DataError, match="frames"):
        box_of_clip(np.zeros((0, 4)))


def test_boxes_are_never_inside_out() -> None:
    boxes = LifterNetwork().eval()(torch.rand(3, 3, 64, 64) * 255)
    assert boxes.shape == (3, 2, 4)
    assert (boxes[..., 2:] >= boxes[..., :2]).all()
