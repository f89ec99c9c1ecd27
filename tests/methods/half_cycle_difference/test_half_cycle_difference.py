from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import Modality

METHOD = find_method("half-cycle-difference")

WHOLE = ("grid=2", "stages=[1]")


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
