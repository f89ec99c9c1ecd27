from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.methods.temporalxform_1.pretext import ShiftTriplets

METHOD = find_method("temporalxform-1")


def test_the_positive_is_near_and_the_negative_far(pool_of) -> None:
    sampler = ShiftTriplets(pool_of(39, 40, 60, 110), frames=16, stride=2, near=3, far=8)
    rng = np.random.default_rng(0)
    lengths = np.array([39, 40, 60, 110])
    for _ in range(50):
        draw = sampler.draw(sampler.usable, rng)
        n = len(sampler.usable)
        assert draw.labels.tolist() == [0] * n + [1] * n + [2] * n
        assert (np.diff(draw.frames, axis=1) == 2).all()
        assert draw.frames.min() >= 0
        assert (draw.frames.max(axis=1) < lengths[draw.clips]).all()
        anchor, positive, negative = np.split(draw.frames[:, 0], 3)
        assert (np.abs(positive - anchor) >= 1).all()
        assert (np.abs(positive - anchor) <= 3).all()
        assert (np.abs(negative - anchor) >= 8).all()


def test_short_clips_have_smaller_steps(pool_of) -> None:
    lengths = np.array([23, 24, 32, 38, 39, 53, 54, 90])
    sampler = ShiftTriplets(pool_of(*lengths.tolist()), frames=16, stride=3, near=3, far=8)
    assert sampler.usable.tolist() == list(range(1, 8))
    assert sampler.dropped == {"shorter than 24 frames": 1}
    rng = np.random.default_rng(0)
    for _ in range(50):
        draw = sampler.draw(sampler.usable, rng)
        steps = np.diff(draw.frames, axis=1)
        assert steps[:, 0].tolist() == [1, 1, 1, 2, 2, 3, 3] * 3
        assert (steps == steps[:, :1]).all()
        assert draw.frames.min() >= 0
        assert (draw.frames.max(axis=1) < lengths[draw.clips]).all()
        anchor, positive, negative = np.split(draw.frames[:, 0], 3)
        assert set(np.abs(positive - anchor)) <= {1, 2, 3}
        assert (np.abs(negative - anchor) >= 8).all()


def test_clips_that_are_long_enough_are_drawn_as_for_the_committed_runs(pool_of, digest_of_draws) -> None:
    sampler = ShiftTriplets(pool_of(*[32] * 6, 40, 64, 77, 110), frames=16, stride=1, near=3, far=8)
    assert digest_of_draws(sampler) == "850b804f993f2f4f"


def test_it_learns_what_is_near(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=24", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=light", "flip=never"),
        *("clip_frames=6", "stride=1", "near=1", "finetune_epochs=1"),
        pool=bench.pool(30),
    ).facts
    assert facts["pretraining_losses"][1] < facts["pretraining_losses"][0] - 0.1
    assert facts["initial_triplet_accuracy"] < 0.75
    assert facts["triplet_accuracy"] > 0.9


def test_near_is_below_far() -> None:
    recipe = load_recipe(METHOD.folder, METHOD.load().recipe_type(), "quick")
    with pytest.raises(RecipeError, match="near must be below far"):
        recipe.with_overrides(["near=8"], "temporalxform-1")
