from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.coach.assessment import Answer, Evidence
from aqa_bench.coach.body import body_of
from aqa_bench.coach.clips import Lifter
from aqa_bench.coach.judging import Judged
from aqa_bench.coach.reading import Footage, read
from aqa_bench.coach.repetitions import Cut
from aqa_bench.coach.tested import known_clips
from aqa_bench.coach.verdicts import Case, repetitions_of
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.sample import Media
from aqa_bench.media.layouts import find_layout

CUTS = (Cut(0, 3, 5, complete=False), Cut(6, 21, 36, complete=True), Cut(42, 57, 72, complete=True))


class Looking:
    """Judges by the order in which it is shown repetitions, and keeps them."""

    fingerprint: str | None = None
    stills = frozenset({"still"})
    side: int | None = 48

    def __init__(self, low: float, *, shows_reasons: bool = False) -> None:
        self.evidence = [
            Evidence(
                task=task, name=task, judge="fake", tested_on="drawn", samples=9, metric="f1", value=0.8,
                low=low, high=0.9, floor=0.6,
            )
            for task in ("moving", "still")
        ]  # fmt: skip
        self.shows_reasons = shows_reasons
        self.shown: dict[str, list[Media]] = {}

    def judge(self, task: str, medias: Sequence[Media], progress: object) -> list[Judged]:
        self.shown.setdefault(task, []).extend(medias)
        return [Judged(0.2 + 0.6 * place, 0.5) for place, _ in enumerate(medias)]


class Blind(Looking):
    """Cannot read repetitions whose first joint is hidden."""

    def judge(self, task: str, medias: Sequence[Media], progress: object) -> list[Judged]:
        if task == "moving" and any(media.keypoints("openpose-18")[0, 0, 2] == 0 for media in medias):
            raise DataError("Too little is seen.")
        return super().judge(task, medias, progress)


@pytest.fixture
def case(curl, curl_clip: tuple[Path, Path]) -> Case:
    footage: Footage = read(curl_clip[0])
    joints = curl()
    lifter = Lifter(joints, "openpose-18", body_of(joints, "openpose-18"))
    return Case(footage, lifter, CUTS, "bicep-curl", {})


def test_every_whole_repetition_is_judged_for_every_task(case: Case) -> None:
    judge = Looking(low=0.7)
    partial, first, second = repetitions_of(case, judge, NullProgress())
    assert (partial.complete, partial.verdicts) == (False, [])
    assert [verdict.answer for verdict in first.verdicts] == [Answer.GOOD, Answer.GOOD]
    assert [verdict.answer for verdict in second.verdicts] == [Answer.ERROR, Answer.ERROR]
    assert (second.index, second.start, second.turn, second.end) == (3, 42, 57, 72)


def test_a_judge_is_shown_the_lifter_and_nothing_else(case: Case) -> None:
    judge = Looking(low=0.7)
    repetitions_of(case, judge, NullProgress())
    # The second is an error; four more show it with a part held still.
    clip, _, *held = judge.shown["moving"]
    assert len(held) == 4
    assert clip.length == 31
    assert clip.frames([0, 30]).shape == (2, 48, 48, 3)
    assert clip.frames([0], 20).shape == (1, 20, 20, 3)
    joints = clip.keypoints("openpose-18")
    seen = joints[joints[..., 2] > 0]
    assert (seen[:, :2] >= 0).all()
    assert (seen[:, :2] <= 48).all()
    # The drawn joints are bright where the joints are said to be.
    order = find_layout("openpose-18")
    x, y, _ = joints[15, order.index("right_wrist")]
    around = clip.frames([15])[0][max(0, round(y) - 3) : round(y) + 4, max(0, round(x) - 3) : round(x) + 4]
    assert around.max() > 90
    assert 0 < clip.trajectory().turning_point < 30
    (still, _) = judge.shown["still"]
    assert still.length == 1
    np.testing.assert_array_equal(still.image(), clip.frames([15])[0])
    assert still.content_key != clip.content_key


def test_a_judge_that_may_be_guessing_is_not_asked(case: Case) -> None:
    judge = Looking(low=0.5)
    _, first, _ = repetitions_of(case, judge, NullProgress())
    assert judge.shown == {}
    assert {verdict.answer for verdict in first.verdicts} == {Answer.CANNOT_JUDGE}
    assert [[o.kind for o in verdict.obstacles] for verdict in first.verdicts] == [["judge"], ["judge"]]
    assert "floor 0.60" in first.verdicts[0].obstacles[0].text
    assert repetitions_of(case, Looking(low=0.5, shows_reasons=True), NullProgress())[1].verdicts[0].score


def test_one_that_cannot_be_read_does_not_take_the_others_with_it(case: Case) -> None:
    case.lifter.joints[42, 0] = 0
    _, first, second = repetitions_of(case, Blind(low=0.7), NullProgress())
    assert first.verdicts[0].answer is Answer.GOOD
    assert second.verdicts[0].answer is Answer.CANNOT_JUDGE
    assert second.verdicts[0].obstacles[0].text == "Too little is seen."
    assert second.verdicts[1].answer is Answer.ERROR


def test_clips_unlike_the_tested_ones_are_not_shown_to_the_judge(case: Case) -> None:
    case.lifter.body.points[..., 0] += np.linspace(0, 400, len(case.lifter.body))[:, None]
    judge = Looking(low=0.7)
    strict = Case(case.footage, case.lifter, case.cuts, case.exercise, known_clips())
    _, first, _ = repetitions_of(strict, judge, NullProgress())
    assert judge.shown == {}
    assert {o.kind for verdict in first.verdicts for o in verdict.obstacles} == {"posture"}
    judge.fingerprint = "of other clips"
    assert repetitions_of(strict, judge, NullProgress())[1].verdicts[0].answer is Answer.GOOD
