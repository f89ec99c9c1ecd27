from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.task import Modality
from aqa_bench.media.file_media import media_of_file
from aqa_bench.media.images import encode_png
from aqa_bench.media.layouts import find_layout
from aqa_bench.media.pose.front import front_view
from aqa_bench.media.video import encode

POINTS = np.random.default_rng(0).uniform(10, 90, (4, 18, 3)).astype(np.float32)
POINTS[..., 2] /= 100


def test_a_video_is_read_frame_by_frame(tmp_path: Path) -> None:
    drawn = np.repeat(np.arange(0, 200, 20, dtype=np.uint8), 32 * 48 * 3).reshape(10, 32, 48, 3)
    clip = media_of_file(encode(tmp_path / "a.mp4", drawn, 25.0))
    assert (clip.provides, clip.length, clip.fps) == ({Modality.FRAMES}, 10, 25)
    np.testing.assert_allclose(clip.frames([3, 7]), drawn[[3, 7]], atol=4)
    assert clip.frames([0], 16).shape == (1, 16, 16, 3)
    other = tmp_path / "b.mp4"
    other.write_bytes((tmp_path / "a.mp4").read_bytes())
    assert media_of_file(other).content_key == clip.content_key


def test_an_image_is_one_frame(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    file = tmp_path / "a.PNG"
    file.write_bytes(encode_png(drawn))
    still = media_of_file(file)
    assert (still.provides, still.length) == ({Modality.IMAGE}, 1)
    np.testing.assert_array_equal(still.image(), drawn)


def test_keypoints_come_from_arrays_and_openpose(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", keypoints=POINTS, layout="openpose-18")
    np.save(tmp_path / "a.npy", POINTS)
    folder = tmp_path / "clip"
    folder.mkdir()
    for number, frame in enumerate(POINTS):
        person = {"pose_keypoints_2d": frame.ravel().astype(float).tolist()}
        text = json.dumps({"people": [person]})
        (folder / f"clip_{number:012d}_keypoints.json").write_text(text)
    still = tmp_path / "still_keypoints.json"
    still.write_text(text)
    for file in (tmp_path / "a.npz", tmp_path / "a.npy", folder):
        clip = media_of_file(file, layout="openpose-18" if file.suffix == ".npy" else None)
        assert (clip.provides, clip.length) == ({Modality.KEYPOINTS}, 4)
        np.testing.assert_allclose(clip.keypoints("openpose-18"), POINTS, rtol=1e-6)
    np.testing.assert_allclose(media_of_file(still).keypoints("openpose-18"), POINTS[-1:], rtol=1e-6)
    keys = {media_of_file(file, layout="openpose-18").content_key for file in tmp_path.glob("a.np?")}
    assert len(keys) == 1


def test_files_of_joints_are_read_as_own_data_are(tmp_path: Path) -> None:
    names = ("left_hip", "right_hip", "left_ankle", "right_ankle", "left_shoulder", "right_shoulder")
    rows = [
        f"{frame},{name},{frame + place},{2 * place},0.5"
        for frame in range(3)
        for place, name in enumerate(names)
    ]
    long = tmp_path / "a.csv"
    long.write_text("\n".join(["frame,joint,x,y,confidence", *rows]))
    clip = media_of_file(long, partial=True)
    assert (clip.provides, clip.length) == ({Modality.KEYPOINTS}, 3)
    at = find_layout("openpose-18").index
    found = clip.keypoints("openpose-18")
    np.testing.assert_allclose(found[:, at("right_hip")], [[1, 2, 0.5], [2, 2, 0.5], [3, 2, 0.5]])
    assert not found[:, at("right_wrist")].any()
    with pytest.raises(DataError, match="nose"):
        media_of_file(long).keypoints("coco-17")
    mapping = tmp_path / "joints.csv"
    mapping.write_text("source,joint\nleft_hip,right_hip\n")
    turned = media_of_file(long, layout=str(mapping), partial=True).keypoints("openpose-18")
    np.testing.assert_allclose(turned[:, at("right_hip"), 0], [0, 1, 2])


def test_joints_in_space_are_seen_from_the_front(tmp_path: Path) -> None:
    joints = np.random.default_rng(1).normal(size=(5, 12, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", joints)
    with pytest.raises(DataError, match="--dimensions 3"):
        media_of_file(tmp_path / "a.npy", layout="body-12")
    clip = media_of_file(tmp_path / "a.npy", layout="body-12", dimensions=3)
    assert clip.provides == {Modality.KEYPOINTS, Modality.JOINTS_3D}
    np.testing.assert_array_equal(clip.joints_3d("body-12")[..., :3], joints)
    seen = front_view(clip.joints_3d("body-12"), "body-12")
    np.testing.assert_array_equal(clip.keypoints("body-12"), seen)


def test_features_are_read_where_they_are_wanted(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.ones((5, 7)))
    media = media_of_file(file, features=True)
    assert (media.provides, media.length, media.features().dtype) == ({Modality.FEATURES}, 5, np.float32)
    np.save(file, np.full(3, np.nan))
    with pytest.raises(DataError, match="Features could not be read"):
        media_of_file(file, features=True)


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.npz", "a.json", "a.txt", "no suffix"])
def test_what_is_damaged_or_missing_is_one_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="does not exist"):
        media_of_file(tmp_path / name)
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(DataError):
        media_of_file(tmp_path / name).image()
    empty = tmp_path / "folder"
    empty.mkdir()
    with pytest.raises(DataError, match="OpenPose"):
        media_of_file(empty)
