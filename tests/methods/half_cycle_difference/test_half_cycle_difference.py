from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import Modality
from aqa_bench.methods.half_cycle_difference.difference import half_cycle_difference

METHOD = find_method("half-cycle-difference")

WHOLE = ("grid=2", "stages=[1]")


def elevations(count: int = 21) -> np.ndarray:
    return np.abs(np.linspace(-1, 1, count))


def test_what_both_ways_share_cancels() -> None:
    e = elevations()
    features = np.stack([np.sin(3 * e), np.full_like(e, 7)], axis=1).astype(np.float32)
    difference = half_cycle_difference(features, e, 10, bandwidth=0.01)
    # The turning point has no frame of its own elevation in the second half.
    np.testing.assert_allclose(np.delete(difference, 10, axis=0), 0, atol=1e-5)


def test_what_one_way_adds_stays_with_opposite_signs() -> None:
    e = elevations()
    added = (np.arange(21) > 10).astype(np.float32)[:, None]
    difference = half_cycle_difference(added, e, 10, bandwidth=0.02)
    np.testing.assert_allclose(difference[:11], -1)
    np.testing.assert_allclose(difference[11:], 1)


def test_a_wide_band_takes_the_mean_of_the_other_half() -> None:
    features = np.random.default_rng(0).normal(size=(21, 3)).astype(np.float32)
    difference = half_cycle_difference(features, elevations(), 10, bandwidth=1e6)
    np.testing.assert_allclose(difference[:11], features[:11] - features[11:].mean(axis=0), atol=1e-5)


def test_a_clip_that_never_turns_has_no_differences() -> None:
    features = np.ones((5, 2), np.float32)
    assert not half_cycle_difference(features, np.linspace(0, 1, 5), 4, bandwidth=0.1).any()


def test_differences_double_the_features_and_scores_repeat(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    first, again = (fresh(c).fit(METHOD, *WHOLE) for c in ("a", "b"))
    np.testing.assert_array_equal(first.predictor.predict(test), again.predictor.predict(test))
    without = fresh("a").fit(METHOD, *WHOLE, "difference=false")
    assert without.facts["parameters"] < first.facts["parameters"]


def test_clips_without_any_trajectory_are_refused(bench, images) -> None:
    class Untracked(type(bench.labelled(1).samples[0].media)):
        provides = frozenset({Modality.FRAMES})

    train = bench.labelled(8, Untracked)
    bench.labelled = lambda *_, **__: LabeledSet((), np.empty(0))
    with pytest.raises(DataError, match="no clip has one"):
        bench.fit(METHOD, *WHOLE, train=train)


def test_still_images_are_judged_by_their_features(bench, images) -> None:
    train, val = bench.labelled(8, images), bench.labelled(4, images, first=50)
    bench.labelled = lambda *_, **__: val
    fitted = bench.fit(METHOD, "grid=2", "stages=[1]", train=train)
    assert fitted.predictor.predict(val.samples).shape == (4,)
