from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.coach.assess import assess
from aqa_bench.coach.assessment import Answer

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs the extra pose (mediapipe)"
)


@pytest.fixture
def curl_video(shared_data: Path) -> Path:
    return shared_data / "pose-trainer" / "sample_bicep_curl.mp4"


def test_the_real_curl_is_cut_and_judged_by_the_rules(curl_video: Path, tmp_path: Path) -> None:
    found = assess(curl_video, "bicep-curl", tmp_path)
    assert found.poses.startswith("mediapipe")
    assert [person.index for person in found.people] == [0]
    (repetition,) = [each for each in found.repetitions if each.complete]
    (verdict,) = repetition.verdicts
    assert verdict.answer in (Answer.GOOD, Answer.ERROR)
    assert found.evidence[0].value is not None
    # The hand is nearest to the shoulder at the turn.
    bend = np.array(found.series[0].values, float)
    assert abs(int(np.nanargmax(bend)) - repetition.turn) <= 3


def test_a_curl_is_no_squat(curl_video: Path, tmp_path: Path) -> None:
    found = assess(curl_video, "squat", tmp_path)
    assert not any(v.answer is not Answer.CANNOT_JUDGE for rep in found.repetitions for v in rep.verdicts)
    assert [obstacle.kind for obstacle in found.obstacles] == ["exercise"]
