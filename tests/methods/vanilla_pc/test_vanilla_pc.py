from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.registry import find_method
from aqa_bench.methods.vanilla_pc.triplets import SameClipTriplets

METHOD = find_method("vanilla-pc")


def test_all_three_frames_come_from_one_clip(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = SameClipTriplets.draw

    def watched(self, clips, rng):
        triplets = draw(self, clips, rng)
        drawn.append(triplets)
        return triplets

    monkeypatch.setattr(SameClipTriplets, "draw", watched)
    bench.fit(METHOD, pool=bench.pool(6))
    assert drawn
    for triplets in drawn:
        np.testing.assert_array_equal(triplets.anchor.clips, triplets.negative.clips)
        np.testing.assert_array_equal(triplets.anchor.clips, triplets.positive.clips)


def test_it_learns_the_height_of_the_bar(bench) -> None:
    facts = bench.fit(
        METHOD, "steps=60", "batch_size=8", "lr=0.001", "held_out=0.3", pool=bench.pool(12)
    ).facts
    assert facts["watched"] == "3 other clips"
    # Random weights know bright from dark already; a quarter of what they get wrong may be left.
    assert 1 - facts["triplet_accuracy_30"] < 0.25 * (1 - facts["initial_triplet_accuracy_30"])
    assert facts["triplet_accuracy_30"] > 0.95
    assert facts["pretraining_losses"][1] < facts["pretraining_losses"][0] - 0.05


def test_the_same_seed_gives_the_same_scores_in_another_cache(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    pool = fresh("a").pool(6)
    scores = [fresh(cache).fit(METHOD, pool=pool).predictor.predict(test) for cache in ("a", "b")]
    np.testing.assert_array_equal(*scores)


def test_other_clips_are_never_drawn_from(bench) -> None:
    with pytest.raises(RecipeError):
        bench.fit(METHOD, "negatives=third-clip", pool=bench.pool(6))
    with pytest.raises(DataError, match="at least 2 usable"):
        bench.fit(METHOD, pool=())
