from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.media.layouts import missing
from aqa_bench.media.pose import People, read_openpose_json
from aqa_bench.media.pose.openpose import one_person, read_openpose_clip


def write(
    folder: Path, frame: int | str, *people: Any, key: str = "pose_keypoints_2d", clip: str = "clip_"
) -> None:
    document = {
        "version": 1.3,
        "people": [{"person_id": [-1], key: np.ravel(person).tolist()} for person in people],
    }
    number = f"{frame:012d}" if isinstance(frame, int) else frame
    (folder / f"{clip}{number}_keypoints.json").write_text(json.dumps(document))


def standing(x: float, numbers: int = 75) -> np.ndarray:
    """One person at x: columns x, y and confidence."""
    joints = numbers // 3
    grid = np.stack(
        [np.arange(joints) % 5 * 10 + x, np.arange(joints) * 8 + 50, np.full(joints, 0.75)], axis=1
    )
    return grid.astype(np.float32)


@pytest.mark.parametrize(("numbers", "layout"), [(75, "body-25"), (54, "openpose-18")])
@pytest.mark.parametrize("key", ["pose_keypoints_2d", "pose_keypoints"])
def test_a_folder_is_one_person_over_time(tmp_path: Path, numbers: int, layout: str, key: str) -> None:
    first, second = standing(100, numbers), standing(101, numbers)
    write(tmp_path, 10, first, key=key)
    write(tmp_path, 11, second, key=key)
    write(tmp_path, 12)
    pose = read_openpose_json(tmp_path)
    assert pose.layout == layout
    np.testing.assert_array_equal(pose.keypoints, [first, second, np.zeros_like(first)])


def test_numbers_give_the_order_with_padding_or_without(tmp_path: Path) -> None:
    for frame in range(1, 13):
        write(tmp_path, str(frame), standing(100 + frame), clip="frame")
    pose = read_openpose_json(tmp_path)
    assert pose.keypoints[:, 0, 0].tolist() == [100 + frame for frame in range(1, 13)]


def test_frames_without_a_file_are_kept_empty(tmp_path: Path) -> None:
    for frame in (0, 1, 2, 7, 8):
        write(tmp_path, frame, standing(100 + frame))
    pose = read_openpose_json(tmp_path)
    assert missing(pose.keypoints).all(axis=1).tolist() == [False] * 3 + [True] * 4 + [False] * 2
    assert pose.keypoints[7, 0, 0] == 107


def test_two_clips_in_one_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 0, standing(100), clip="squat_")
    write(tmp_path, 0, standing(300), clip="press_")
    with pytest.raises(DataError, match="2 clips: 'press', 'squat'"):
        read_openpose_json(tmp_path)


def test_a_person_without_joints_is_no_person(tmp_path: Path) -> None:
    nobody, nowhere = np.zeros(75), standing(0)
    nowhere[:, :2] = 0
    write(tmp_path, 0, nobody, nowhere, standing(100))
    write(tmp_path, 1, standing(101), nobody)
    pose = read_openpose_json(tmp_path, people=None)
    assert pose.keypoints[:, 0, 0].tolist() == [100, 101]


def test_people_in_changing_order_are_not_stitched_together(tmp_path: Path) -> None:
    for frame in range(12):
        mine, other = standing(100 + 2 * frame), standing(500) * [1, 0.5, 1]
        write(tmp_path, frame, *((mine, other) if frame % 3 else (other, mine)))
    pose = read_openpose_json(tmp_path)
    assert pose.keypoints[:, 0, 0].tolist() == [100 + 2 * frame for frame in range(12)]


def test_several_people_without_a_rule_are_refused_and_the_rules_named(tmp_path: Path) -> None:
    write(tmp_path, 4, standing(100))
    write(tmp_path, 5, standing(100), standing(400))
    with pytest.raises(DataError) as caught:
        read_openpose_json(tmp_path, people=None)
    assert caught.value.found == "2 people in frame 5, several in 1 of 2 frames"
    assert "--people nearest" in (caught.value.remedy or "")
    assert read_openpose_json(tmp_path, People.LARGEST).keypoints.shape == (2, 25, 3)


def test_a_clip_tells_how_many_people_were_there(tmp_path: Path) -> None:
    write(tmp_path, 0, standing(100), standing(400), standing(600))
    write(tmp_path, 2, standing(100), standing(400))
    clip = read_openpose_clip(list(tmp_path.iterdir()), where=tmp_path)
    assert (clip.first, clip.files, len(clip.people), clip.several, clip.most) == (0, 2, 3, 2, 3)


def test_a_clip_of_nobody_needs_a_layout(tmp_path: Path) -> None:
    write(tmp_path, 0)
    write(tmp_path, 1)
    clip = read_openpose_clip(list(tmp_path.iterdir()), where=tmp_path)
    assert clip.layout is None
    with pytest.raises(DataError, match="files without people"):
        one_person(clip, None, where=tmp_path)
    assert not one_person(clip, None, where=tmp_path, layout="openpose-18").keypoints.any()
    write(tmp_path, 1, np.zeros(75))
    pose = read_openpose_json(tmp_path)
    assert (pose.layout, pose.keypoints.shape, pose.keypoints.any()) == ("body-25", (2, 25, 3), False)


def test_what_is_no_openpose_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no files"):
        read_openpose_json(tmp_path)
    write(tmp_path, 0)
    with pytest.raises(DataError, match="files without people"):
        read_openpose_json(tmp_path)
    write(tmp_path, 1, standing(1))
    write(tmp_path, 2, standing(1, 54))
    with pytest.raises(DataError, match="openpose-18, body-25"):
        read_openpose_json(tmp_path)
    write(tmp_path, 2, np.zeros(70))
    with pytest.raises(DataError, match="clip_000000000002"):
        read_openpose_json(tmp_path)


values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["people", "pose_keypoints_2d", "x"]), inner, max_size=3)
    ),
)
people = st.lists(
    st.fixed_dictionaries({"pose_keypoints_2d": st.lists(st.floats(), min_size=54, max_size=54)}), max_size=3
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    documents=st.lists(values | st.fixed_dictionaries({"people": values | people}), min_size=1, max_size=3)
)
def test_any_openpose_json_gives_a_pose_or_a_data_error(tmp_path: Path, documents: list[Any]) -> None:
    for old in tmp_path.glob("*.json"):
        old.unlink()
    for frame, document in enumerate(documents):
        (tmp_path / f"a_{frame}_keypoints.json").write_text(json.dumps(document))
    try:
        pose = read_openpose_json(tmp_path)
    except DataError:
        return
    assert pose.keypoints.shape == (len(documents), 18, 3)
    assert np.isfinite(pose.keypoints).all()
