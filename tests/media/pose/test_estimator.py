from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.layouts import LAYOUTS
from aqa_bench.media.pose import cached_estimate, estimate, find_estimator, person_box
from aqa_bench.media.pose.ultralytics_backend import import_ultralytics
from aqa_bench.media.video import decode

FRAMES = np.zeros((4, 10, 20, 3), np.uint8)


class Fake:
    layout = "coco-17"

    def __init__(self, identity: str = "fake 1", value: float = 1.0, joints: int = 17) -> None:
        self.identity, self.value, self.joints, self.calls = identity, value, joints, 0

    def __call__(self, frames: UInt8Array) -> FloatArray:
        self.calls += 1
        return np.full((len(frames), self.joints, 3), self.value)


def test_estimate_gives_float32_keypoints_and_their_layout() -> None:
    pose = estimate(FRAMES, Fake())
    assert pose.layout == "coco-17"
    assert pose.keypoints.shape == (4, 17, 3)
    assert pose.keypoints.dtype == np.float32


def test_joints_that_are_not_finite_are_missing() -> None:
    assert (estimate(FRAMES, Fake(value=np.nan)).keypoints == 0).all()


def test_a_backend_that_breaks_its_contract() -> None:
    with pytest.raises(DataError, match=r"(?s)coco-17.*\(4, 17, 3\).*\(4, 18, 3\)"):
        estimate(FRAMES, Fake(joints=18))


def test_wrong_requests() -> None:
    with pytest.raises(UsageError, match="mediapipe or ultralytics"):
        estimate(FRAMES, "openpose")
    with pytest.raises(UsageError, match="Wrong options"):
        find_estimator("mediapipe", weights="x")
    for frames in (FRAMES[0], FRAMES.astype(float), FRAMES[..., :1]):
        with pytest.raises(DataError):
            estimate(frames, Fake())


@pytest.mark.parametrize(("backend", "extra"), [("mediapipe", "pose"), ("ultralytics", "detect")])
def test_a_missing_backend_says_how_to_install_it(backend: str, extra: str) -> None:
    if importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is installed")
    options = {"weights": "x.pt"} if backend == "ultralytics" else {}
    with pytest.raises(UsageError, match=rf'pip install "aqa-bench\[{extra}\]"'):
        estimate(FRAMES, backend, **options)


def test_the_cache_estimates_once_per_content_and_estimator(tmp_path: Path) -> None:
    fake = Fake()

    def never() -> UInt8Array:
        raise AssertionError

    first = cached_estimate("key", lambda: FRAMES, fake, folder=tmp_path)
    second = cached_estimate("key", never, fake, folder=tmp_path)
    np.testing.assert_array_equal(first.keypoints, second.keypoints)
    assert (second.layout, second.keypoints.dtype, fake.calls) == ("coco-17", np.float32, 1)
    cached_estimate("other key", lambda: FRAMES, fake, folder=tmp_path)
    other = cached_estimate("key", lambda: FRAMES, Fake("fake 2", value=2), folder=tmp_path)
    assert (fake.calls, other.keypoints[0, 0, 0]) == (2, 2)
    assert len(list(tmp_path.rglob("*.npz"))) == 3
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 rubbish", None])
def test_a_damaged_cache_entry_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    cached_estimate("key", lambda: FRAMES, Fake(), folder=tmp_path)
    (entry,) = tmp_path.rglob("*.npz")
    entry.write_bytes(entry.read_bytes()[:200] if damage is None else damage)
    again = cached_estimate("key", lambda: FRAMES, Fake(), folder=tmp_path)
    assert again.keypoints.shape == (4, 17, 3)
    assert cached_estimate("key", lambda: FRAMES[:0], Fake(), folder=tmp_path).keypoints.shape == (4, 17, 3)


def test_the_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    cached_estimate("key", lambda: FRAMES, Fake())
    assert len(list((tmp_path / "pose").rglob("*.npz"))) == 1


def test_mediapipe_finds_a_person_curling(shared_data: Path) -> None:
    pytest.importorskip("mediapipe", reason="the extra 'pose' is not installed")
    frames = decode(shared_data / "pose-trainer" / "sample_bicep_curl.mp4", range(0, 60, 3))
    pose = estimate(frames, "mediapipe")
    assert pose.layout == "mediapipe-33"
    found = pose.keypoints[(pose.keypoints[..., 2] > 0).any(axis=1)]
    assert len(found) >= 0.9 * len(frames)
    names = LAYOUTS["mediapipe-33"].joints
    shoulder, elbow, wrist = (found[:, names.index(f"right_{j}"), :2] for j in ("shoulder", "elbow", "wrist"))
    cosine = ((shoulder - elbow) * (wrist - elbow)).sum(1)
    cosine /= np.linalg.norm(shoulder - elbow, axis=1) * np.linalg.norm(wrist - elbow, axis=1)
    angle = np.degrees(np.arccos(cosine))
    assert angle.min() < 60
    assert angle.max() > 130
    assert person_box(pose.keypoints)[2] > person_box(pose.keypoints)[0]


def test_ultralytics_runs_offline_from_local_weights(tmp_path: Path) -> None:
    if not importlib.util.find_spec("ultralytics"):
        pytest.skip("the extra 'detect' is not installed")
    ultralytics = import_ultralytics()
    weights = tmp_path / "pose.pt"
    ultralytics.YOLO("yolov8n-pose.yaml", task="pose").save(weights)
    pose = estimate(np.zeros((2, 64, 64, 3), np.uint8), "ultralytics", weights=weights, image_size=64)
    assert pose.keypoints.shape == (2, 17, 3)
    assert ultralytics.settings["sync"] is False
    with pytest.raises(UsageError, match="do not exist"):
        find_estimator("ultralytics", weights=tmp_path / "none.pt")
