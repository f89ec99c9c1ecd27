from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.task import Modality
from aqa_bench.protocol.doctor.clips import DrawnClip, DrawnStill, labelled, unlabelled

READ = {
    Modality.FRAMES: lambda media: media.frames(),
    Modality.IMAGE: lambda media: media.image(),
    Modality.KEYPOINTS: lambda media: media.keypoints("openpose-18"),
    Modality.JOINTS_3D: lambda media: media.joints_3d("hmr-19"),
    Modality.DISTANCES: lambda media: media.distances(),
    Modality.TRAJECTORY: lambda media: media.trajectory().elevation,
    Modality.BAR_BOXES: lambda media: media.bar_boxes(),
    Modality.FEATURES: lambda media: media.features(),
}


@pytest.mark.parametrize("kind", [DrawnClip, DrawnStill])
def test_a_drawn_sample_gives_all_that_it_offers(kind: type[DrawnClip]) -> None:
    media = kind(3, True)
    for modality in media.provides - {Modality.ATTRIBUTES}:
        values = READ[modality](media)
        assert np.isfinite(values).all()
        if modality is not Modality.IMAGE:
            assert len(values) == media.length
    assert media.frames([0], 20).shape == (1, 20, 20, 3)


def test_every_modality_is_offered() -> None:
    assert DrawnClip.provides | DrawnStill.provides == frozenset(Modality)


def test_clips_are_the_same_each_time_and_differ_from_each_other() -> None:
    first, again, other, error = (DrawnClip(*a) for a in ((1, False), (1, False), (2, False), (1, True)))
    np.testing.assert_array_equal(first.frames(), again.frames())
    np.testing.assert_array_equal(first.keypoints("openpose-18"), again.keypoints("openpose-18"))
    for clip in (other, error):
        assert not np.array_equal(first.frames(), clip.frames())
        assert first.content_key != clip.content_key


def test_labels_take_turns_and_scores_lie_about_50() -> None:
    assert labelled(DrawnClip, range(4)).targets.tolist() == [0, 1, 0, 1]
    scores = labelled(DrawnClip, range(4), scores=True).targets
    assert len(set(scores.tolist())) == 4
    assert 45 < scores.mean() < 70
    assert len({clip.media.content_key for clip in unlabelled(range(5))}) == 5
