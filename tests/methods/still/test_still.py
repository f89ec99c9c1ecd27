from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import Sample
from aqa_bench.methods.still.method import MiddleFrame

METHOD = find_method("still")


def test_the_middle_frame_is_all_that_is_left(bench) -> None:
    media = bench.labelled(1).samples[0].media
    still = MiddleFrame(media)
    assert still.length == 1
    np.testing.assert_array_equal(still.frames([0, 0], 16), np.repeat(media.frames([5], 16), 2, axis=0))
    assert still.content_key != media.content_key
    assert still.content_key == MiddleFrame(media).content_key


def test_other_frames_make_no_difference(bench) -> None:
    fitted = bench.fit(METHOD)
    sample = bench.labelled(1, first=100).samples[0]

    class Vandalised(type(sample.media)):
        content_key = "vandalised"

        def frames(self, indices=None, size=None):
            kept = list(range(self.count)) if indices is None else list(indices)
            images = super().frames(kept, size)
            images[[i for i, number in enumerate(kept) if number != 5]] = 0
            return images

    other = Sample("v", "v", Vandalised(sample.media.seed, sample.media.error))
    scores = fitted.predictor.predict([sample, other])
    assert scores[0] == scores[1]


def test_what_one_frame_shows_is_learnt(bench) -> None:
    fitted = bench.fit(METHOD, "head_epochs=15", train=bench.labelled(16))
    test = bench.labelled(10, first=100)
    assert (((fitted.predictor.predict(test.samples)) > 0.5) == (test.targets == 1)).mean() > 0.8


def test_samples_without_frames_are_refused(bench, images) -> None:
    with pytest.raises(DataError, match="others are clips"):
        bench.fit(METHOD, train=bench.labelled(4, images))
