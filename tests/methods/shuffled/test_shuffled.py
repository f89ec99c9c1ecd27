from __future__ import annotations

from dataclasses import replace

import numpy as np

from aqa_bench.core.registry import find_method
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.methods.shuffled.method import Shuffled

IMAGENET = find_method("imagenet")
METHOD = find_method("shuffled")


def test_frames_are_the_same_in_another_order_that_is_the_clips_own(bench) -> None:
    method = Shuffled(ImageRecipe())
    first, second = bench.labelled(2).samples
    features = np.arange(24, dtype=np.float32).reshape(12, 2)
    shuffled = method.arranged(first, features, None)
    assert sorted(shuffled.tolist()) == features.tolist()
    assert shuffled.tolist() != features.tolist()
    np.testing.assert_array_equal(shuffled, method.arranged(first, features, None))
    assert shuffled.tolist() != method.arranged(second, features, None).tolist()


def test_the_features_of_imagenet_are_used_again(bench) -> None:
    bench.fit(IMAGENET, "backbone=tiny")
    before = len(list((bench.cache / "features").rglob("*")))
    # Random weights are each method's own, which is not so for those of ImageNet.
    same_id = replace(METHOD, card=METHOD.card.model_copy(update={"id": "imagenet"}))
    bench.fit(same_id, "backbone=tiny")
    assert len(list((bench.cache / "features").rglob("*"))) in (before, 2 * before)


def test_the_same_seed_gives_the_same_scores_in_another_cache(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    first, again = (fresh(cache).fit(METHOD).predictor.predict(test) for cache in ("a", "b"))
    np.testing.assert_array_equal(first, again)
