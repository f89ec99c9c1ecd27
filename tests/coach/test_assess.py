from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from aqa_bench.coach import assess as assess_module
from aqa_bench.coach.assess import ASSESSMENT_FILE, assess
from aqa_bench.coach.assessment import Answer, Assessment
from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.media.video import encode


@pytest.fixture(scope="module")
def judged(curl_clip: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Assessment, Path]:
    """Two good curls, assessed."""
    out = tmp_path_factory.mktemp("judged")
    clip, keypoints = curl_clip
    return assess(clip, "bicep-curl", out, keypoints=keypoints), out


def test_good_curls_are_good_and_evidence_stands_beside(judged: tuple[Assessment, Path]) -> None:
    found, _ = judged
    assert [rep.complete for rep in found.repetitions] == [True, True]
    for rep in found.repetitions:
        (verdict,) = rep.verdicts
        assert (verdict.answer, verdict.threshold, verdict.findings) == (Answer.GOOD, 0.5, [])
        assert verdict.score is not None
        assert verdict.score < 0.5
    (evidence,) = found.evidence
    assert (evidence.judge, evidence.tested_on) == ("pose-trainer-rules", "pose-trainer/bicep-curl")
    assert evidence.floor is not None
    assert (found.lifter, found.obstacles) == (0, [])
    assert found.poses.startswith("keypoint file")
    assert {"reading", "poses", "judging", "drawing"} == found.seconds.keys()


def test_the_document_is_what_is_returned(judged: tuple[Assessment, Path]) -> None:
    found, out = judged
    assert Assessment.model_validate_json((out / ASSESSMENT_FILE).read_text(encoding="utf-8")) == found
    assert sorted(path.name for path in out.iterdir()) == ["assessment.json", "judged.mp4", "poses.npz"]


def test_the_video_plays_in_browsers_and_tells_nothing_else(judged: tuple[Assessment, Path]) -> None:
    found, out = judged
    content = (out / str(found.video)).read_bytes()
    # The index comes before the pictures, so that playing starts at once.
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(out / "judged.mp4")) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.codec_context.width, stream.codec_context.height) == (400, 320)
        assert sum(1 for _ in container.decode(video=0)) == found.clip.frames
        assert not {"title", "location", "com.apple.quicktime.location.ISO6709"} & container.metadata.keys()


def faulty(curl, folder: Path, **changes: float) -> tuple[Path, Path]:
    joints = curl(1, **changes)
    np.savez(folder / "pose.npz", keypoints=joints, layout="openpose-18")
    frames = np.zeros((len(joints), 320, 400, 3), np.uint8)
    return encode(folder / "clip.mp4", frames, 15.0), folder / "pose.npz"


@pytest.mark.parametrize(
    ("changes", "sentence", "limit"),
    [({"closed": 92.0}, "stops short", 70.0), ({"swing": 70.0}, "upper arm swings", 35.0)],
)
def test_a_fault_is_named_with_what_was_measured(
    changes: dict[str, float], sentence: str, limit: float, curl, tmp_path: Path
) -> None:
    clip, keypoints = faulty(curl, tmp_path, **changes)
    found = assess(clip, "bicep-curl", tmp_path / "out", keypoints=keypoints)
    (verdict,) = found.repetitions[0].verdicts
    assert verdict.answer is Answer.ERROR
    (finding,) = verdict.findings
    assert sentence in finding.text
    assert (finding.limit, finding.unit) == (limit, "degrees")
    assert finding.value == pytest.approx(next(iter(changes.values())), abs=4)
    assert "right_elbow" in finding.joints
    assert (finding.start, finding.end) == (found.repetitions[0].start, found.repetitions[0].end)
    # Orange, the colour of errors, is drawn during the repetition.
    with av.open(str(tmp_path / "out" / "judged.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    shown = pictures[found.repetitions[0].turn]
    assert ((shown[..., 0] > 170) & (shown[..., 2] < 90)).sum() > 50


def test_a_still_clip_has_no_repetition_and_says_so(curl, tmp_path: Path) -> None:
    joints = np.repeat(curl(1)[:1], 30, axis=0)
    np.savez(tmp_path / "pose.npz", keypoints=joints, layout="openpose-18")
    clip = encode(tmp_path / "clip.mp4", np.zeros((30, 320, 400, 3), np.uint8), 15.0)
    found = assess(clip, "bicep-curl", tmp_path / "out", keypoints=tmp_path / "pose.npz")
    assert found.repetitions == []
    assert [obstacle.kind for obstacle in found.obstacles] == ["exercise"]


def test_an_empty_clip_has_nobody(tmp_path: Path) -> None:
    np.savez(tmp_path / "pose.npz", keypoints=np.zeros((10, 18, 3)), layout="openpose-18")
    clip = encode(tmp_path / "clip.mp4", np.zeros((10, 64, 64, 3), np.uint8), 10.0)
    found = assess(clip, "squat", tmp_path / "out", keypoints=tmp_path / "pose.npz", blur_faces=True)
    assert (found.people, found.lifter) == ([], None)
    assert "Nobody" in found.obstacles[0].text
    assert found.video is not None


def test_another_exercise_is_said_where_it_is_sure(curl_clip: tuple[Path, Path], tmp_path: Path) -> None:
    clip, keypoints = curl_clip
    found = assess(clip, "front-raise", tmp_path, keypoints=keypoints)
    texts = [o.text for rep in found.repetitions for v in rep.verdicts for o in v.obstacles]
    texts += [obstacle.text for obstacle in found.obstacles]
    assert any("biceps curl, not front raise" in text for text in texts)


def test_wrong_requests_are_said(curl_clip: tuple[Path, Path], tmp_path: Path) -> None:
    clip, keypoints = curl_clip
    with pytest.raises(UsageError, match="does not know"):
        assess(clip, "plank", tmp_path)
    with pytest.raises(UsageError, match="no such person"):
        assess(clip, "squat", tmp_path, keypoints=keypoints, person=3)
    np.savez(tmp_path / "short.npz", keypoints=np.ones((3, 18, 3)), layout="openpose-18")
    with pytest.raises(DataError, match="differ in length"):
        assess(clip, "squat", tmp_path, keypoints=tmp_path / "short.npz")
    np.savez(tmp_path / "bare.npz", keypoints=np.ones((3, 18, 3)))
    with pytest.raises(DataError):
        assess(clip, "squat", tmp_path, keypoints=tmp_path / "bare.npz")
    with pytest.raises(DataError, match="no saved model"):
        assess(tmp_path / "not even read.mp4", "squat", tmp_path, model=tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AqaBenchError):
        assess(clip, "bicep-curl", tmp_path / "file" / "out", keypoints=keypoints)


def test_joints_that_are_kept_are_not_estimated_again(
    curl_clip: tuple[Path, Path], judged: tuple[Assessment, Path], tmp_path: Path
) -> None:
    from contextlib import contextmanager

    class Counting:
        layout, source = "openpose-18", "fake"
        calls = 0

        @contextmanager
        def following(self):
            def look(frame):
                self.calls += 1
                return joints[self.calls % len(joints)]

            yield look

        detecting = following

    with np.load(curl_clip[1]) as kept:
        joints = kept["keypoints"]
    estimators = Counting()
    first = assess(curl_clip[0], "bicep-curl", tmp_path, estimators=estimators)
    calls = estimators.calls
    assert calls >= first.clip.frames
    again = assess(curl_clip[0], "bicep-curl", tmp_path, person=0, estimators=estimators)
    assert estimators.calls == calls
    assert again.repetitions == first.repetitions
    assert json.loads((tmp_path / ASSESSMENT_FILE).read_text())["poses"] == "fake"


def test_a_judge_that_cannot_be_had_is_an_obstacle(
    curl_clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UsageError("The judge needs more.", found="no backbones", remedy="Install them.")

    monkeypatch.setattr(assess_module, "open_judge", refuse)
    clip, keypoints = curl_clip
    found = assess(clip, "bicep-curl", tmp_path / "out", keypoints=keypoints)
    (obstacle,) = found.obstacles
    assert (obstacle.kind, obstacle.advice) == ("judge", "Install them.")
    assert obstacle.text == "The judge needs more. Found: no backbones"
    assert [rep.verdicts for rep in found.repetitions] == [[], []]
    with pytest.raises(UsageError, match="needs more"):
        assess(clip, "bicep-curl", tmp_path / "out", keypoints=keypoints, model=tmp_path)
