from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.coach.attribution import parts_of, with_deciding_parts
from aqa_bench.coach.body import body_of
from aqa_bench.coach.clips import Lifter, RepetitionClip
from aqa_bench.coach.judging import Judged
from aqa_bench.coach.repetitions import Cut
from aqa_bench.core.progress import NullProgress

CUT = Cut(6, 21, 36, complete=True)


class Watching:
    """Scores how far the hand travels in some of the repetition's frames."""

    fingerprint = None
    evidence = ()
    stills: frozenset[str] = frozenset()
    side = None
    shows_reasons = False

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def judge(self, task: str, medias, progress) -> list[Judged]:
        hands = [media.keypoints("openpose-18")[self.first : self.last + 1, 4, 1] for media in medias]
        return [Judged(float(np.abs(np.diff(hand)).sum()) / 200, 0.01) for hand in hands]


@pytest.fixture
def clip(curl) -> RepetitionClip:
    joints = curl(1)
    return RepetitionClip(
        Lifter(joints, "openpose-18", body_of(joints, "openpose-18")), CUT, "bicep-curl", 15.0
    )


@pytest.mark.parametrize("part", range(4))
def test_the_part_that_decides_is_found(part: int, clip: RepetitionClip) -> None:
    first, last = parts_of(CUT)[part]
    judge = Watching(first - CUT.start, last - CUT.start)
    said = judge.judge("form", [clip], None)
    (found,) = with_deciding_parts(judge, "form", [clip], [CUT], said, NullProgress())
    (finding,) = found.findings
    assert (finding.start, finding.end) == (first, last)
    assert f"from {said[0].score:.2f} to" in finding.text
    assert found.score == said[0].score


def test_good_ones_have_no_deciding_part(clip: RepetitionClip) -> None:
    said = [Judged(0.2, 0.5)]
    assert with_deciding_parts(Watching(0, 9), "form", [clip], [CUT], said, NullProgress()) == said


def test_a_held_clip_stands_still_where_it_is_held(clip: RepetitionClip) -> None:
    held = clip.held(5, 12)
    own, still = clip.keypoints("openpose-18"), held.keypoints("openpose-18")
    np.testing.assert_array_equal(still[:5], own[:5])
    np.testing.assert_array_equal(still[5:13], np.repeat(own[4:5], 8, axis=0))
    np.testing.assert_array_equal(still[13:], own[13:])
    assert held.content_key != clip.content_key
    np.testing.assert_array_equal(clip.held(0, 3).keypoints("openpose-18")[0], own[4])
