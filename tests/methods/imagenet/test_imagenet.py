from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample

METHOD = find_method("imagenet")


def test_an_error_that_the_picture_shows_is_learnt(bench) -> None:
    fitted = bench.fit(METHOD, "head_epochs=15", train=bench.labelled(16))
    test = bench.labelled(10, first=100)
    scores = fitted.predictor.predict(test.samples)
    assert scores[test.targets == 1].min() > scores[test.targets == 0].max()


@pytest.mark.parametrize("finetune", ["true", "false"])
def test_still_images_are_learnt_end_to_end_or_on_frozen_features(bench, images, finetune: str) -> None:
    train, test = bench.labelled(16, images), bench.labelled(10, images, first=100)
    val = bench.labelled(4, images, first=50)
    bench.labelled = lambda *_, **__: val
    fitted = bench.fit(
        METHOD,
        f"finetune={finetune}",
        "finetune_epochs=5",
        "finetune_batch_size=8",
        "head_epochs=20",
        "finetune_augmentation=none",
        train=train,
    )
    assert fitted.facts["regime"] == ("finetune" if finetune == "true" else "frozen")
    scores = fitted.predictor.predict(test.samples)
    assert ((scores > 0.5) == (test.targets == 1)).mean() > 0.8


def test_the_same_seed_gives_the_same_scores_in_another_cache(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    first, again, other = (
        fresh(cache).fit(METHOD, seed=seed).predictor.predict(test)
        for cache, seed in (("a", 1), ("b", 1), ("a", 2))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_maps_keep_where_something_is(bench) -> None:
    fitted = bench.fit(METHOD, "pooling=map", "stages=[2,-1]", "grid=2")
    assert np.isfinite(fitted.predictor.predict(bench.labelled(2).samples)).all()
    assert fitted.predictor.predict(()).shape == (0,)


def test_the_record_says_what_was_used(bench) -> None:
    facts = bench.fit(METHOD, "backbone=resnet18", "head_epochs=1").facts
    assert facts["weights"] == "random"
    assert facts["pretrained_on"] == "nothing"
    assert facts["parameters"] > 11_000_000
    # Eight frames of ResNet-18 at 32 px: 1.81 / 49 giga multiply-adds each.
    assert facts["gflops"] == pytest.approx(8 * 1.81 / 49, rel=0.05)


def test_features_are_extracted_once_for_all_heads(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fit(METHOD)
    monkeypatch.setattr(type(bench.labelled(1).samples[0].media), "frames", None)
    bench.fit(METHOD, "head=mlp", seed=5)


def test_samples_without_pictures_and_mixtures_are_refused(bench, images) -> None:
    blind = LabeledSet(tuple(Sample(str(i), str(i), Media()) for i in range(2)), np.array([0.0, 1.0]))
    with pytest.raises(DataError, match="pictures"):
        bench.fit(METHOD, train=blind)
    with pytest.raises(DataError, match="others are clips"):
        bench.fit(METHOD, train=bench.labelled(4, images))


def test_one_class_is_refused(bench) -> None:
    with pytest.raises(MethodError, match="one class"):
        bench.fit(METHOD, train=bench.labelled(6).where(0.0))
