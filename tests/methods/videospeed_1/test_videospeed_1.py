from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.methods.videospeed_1.pretext import SpeedDraws

METHOD = find_method("videospeed-1")


def test_the_class_is_the_step_and_all_speeds_are_drawn(pool_of) -> None:
    sampler = SpeedDraws(pool_of(*range(64, 70)), frames=16, speeds=(1, 2, 3, 4))
    draw = sampler.draw(np.tile(sampler.usable, 50), np.random.default_rng(0))
    assert draw.frames.shape == (300, 16)
    classes, numbers = draw.labels[:, 0].T
    assert (np.diff(draw.frames, axis=1) == classes[:, None] + 1).all()
    assert (numbers == 4).all()
    assert (np.abs(np.bincount(classes, minlength=4) / 300 - 0.25) < 0.08).all()
    assert draw.frames.min() >= 0
    assert (draw.frames[:, -1] < sampler._lengths[draw.clips]).all()


def test_short_clips_are_played_at_the_speeds_that_fit(pool_of) -> None:
    sampler = SpeedDraws(pool_of(32, 47, 48, 63, 64, 31), frames=16, speeds=(1, 2, 3, 4))
    assert sampler.usable.tolist() == [0, 1, 2, 3, 4]
    assert sampler.dropped == {"shorter than 32 frames": 1}
    draw = sampler.draw(np.tile(sampler.usable, 200), np.random.default_rng(0))
    classes, numbers = draw.labels[:, 0].T
    assert numbers[:5].tolist() == [2, 2, 3, 3, 4]
    for clip, possible in enumerate(numbers[:5]):
        shares = np.bincount(classes[draw.clips == clip]) / 200
        assert len(shares) == possible
        assert np.abs(shares - 1 / possible).max() < 0.1
    assert (np.diff(draw.frames, axis=1) == classes[:, None] + 1).all()
    assert (draw.frames.max(axis=1) < sampler._lengths[draw.clips]).all()


def test_clips_that_are_long_enough_are_drawn_as_for_the_committed_runs(pool_of, digest_of_draws) -> None:
    sampler = SpeedDraws(pool_of(*[32] * 6, 40, 64, 77, 110), frames=8, speeds=(1, 2, 3, 4))
    assert digest_of_draws(sampler) == "d7212aa8ac1e9206"


def test_the_speed_cannot_be_told_from_a_single_frame(pool_of) -> None:
    sampler = SpeedDraws(pool_of(64), frames=16, speeds=(1, 4))
    draw = sampler.draw(np.zeros(4000, np.int64), np.random.default_rng(0))
    slow, fast = (draw.frames[draw.labels[:, 0, 0] == c].ravel() for c in (0, 1))
    assert abs(slow.mean() - fast.mean()) < 1.5


def test_it_learns_the_speed(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=25", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=none"),
        *("clip_frames=6", "speeds=[1,4]", "finetune_epochs=1"),
        pool=bench.pool(30),
    ).facts
    assert facts["speed_chance"] == 0.5
    assert facts["speed_accuracy"] > 0.8
    assert facts["pretraining_losses"][1] < facts["pretraining_losses"][0] - 0.2


@pytest.mark.parametrize("speeds", ["[1]", "[2,1]", "[0,1]", "[1,1,2]"])
def test_speeds_rise(speeds: str) -> None:
    recipe = load_recipe(METHOD.folder, METHOD.load().recipe_type(), "quick")
    with pytest.raises(RecipeError, match="speeds"):
        recipe.with_overrides([f"speeds={speeds}"], "videospeed-1")
