from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.media.clips import uniform
from aqa_bench.methods.temporalxform_2.pretext import DistortionTriplets

METHOD = find_method("temporalxform-2")


def test_the_negative_is_more_distorted_than_the_positive(pool_of) -> None:
    lengths = np.array([32, 64, 110])
    sampler = DistortionTriplets(pool_of(*lengths), frames=16)
    rng = np.random.default_rng(0)
    kinds = []
    for _ in range(60):
        draw = sampler.draw(sampler.usable, rng)
        assert draw.labels.tolist() == [0] * 3 + [1] * 3 + [2] * 3
        anchor, positive, negative = np.split(draw.frames, 3)
        for n, a, p, q in zip(lengths, anchor, positive, negative, strict=True):
            np.testing.assert_array_equal(a, uniform(n, 16))
            assert (np.diff(p) >= 0).all()
            assert (p[0], p[-1]) == (0, n - 1)
            warp = (np.diff(q) >= 0).all()
            kinds.append(warp)
            if warp:
                assert (q[0], q[-1]) == (0, n - 1)
                assert np.diff(q).std() > np.diff(p).std()
            else:
                assert sorted(q) == a.tolist()
    assert 0.4 < np.mean(kinds) < 0.6


def test_clips_too_short_for_shorter_steps_are_left_out(pool_of) -> None:
    sampler = DistortionTriplets(pool_of(31, 32), frames=16)
    assert sampler.usable.tolist() == [1]
    assert sampler.dropped == {"shorter than 32 frames": 1}


def test_it_learns_what_is_distorted(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=24", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=light", "flip=never"),
        *("clip_frames=8", "finetune_epochs=1"),
        pool=bench.pool(30),
    ).facts
    assert facts["pretraining_losses"][1] < facts["pretraining_losses"][0] - 0.2
    # Without augmentation random weights tell the triplets of these clips too.
    assert facts["initial_triplet_accuracy"] < 0.75
    assert facts["triplet_accuracy"] > 0.9


def test_there_are_no_more_parts_than_frames() -> None:
    recipe = load_recipe(METHOD.folder, METHOD.load().recipe_type(), "quick")
    with pytest.raises(RecipeError, match="more parts than frames"):
        recipe.with_overrides(["chunks=17"], "temporalxform-2")
