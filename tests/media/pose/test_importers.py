from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.media.pose import read_npz, read_openpose_json


def write(folder: Path, frame: int, *people: Any, key: str = "pose_keypoints_2d") -> None:
    document = {"version": 1.3, "people": [{"person_id": [-1], key: list(person)} for person in people]}
    (folder / f"clip_{frame:012d}_keypoints.json").write_text(json.dumps(document))


@pytest.mark.parametrize(("numbers", "layout"), [(75, "body-25"), (54, "openpose-18")])
@pytest.mark.parametrize("key", ["pose_keypoints_2d", "pose_keypoints"])
def test_openpose_folder(tmp_path: Path, numbers: int, layout: str, key: str) -> None:
    first = np.arange(numbers) / 4
    write(tmp_path, 10, first + 1, key=key)
    write(tmp_path, 2, first, np.zeros(numbers), key=key)
    write(tmp_path, 11)
    pose = read_openpose_json(tmp_path)
    assert pose.layout == layout
    np.testing.assert_array_equal(pose.keypoints[0], first.reshape(-1, 3))
    np.testing.assert_array_equal(pose.keypoints[1], (first + 1).reshape(-1, 3))
    assert (pose.keypoints[2] == 0).all()


def test_openpose_refuses(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 files"):
        read_openpose_json(tmp_path)
    write(tmp_path, 0)
    with pytest.raises(DataError):
        read_openpose_json(tmp_path)
    write(tmp_path, 1, np.zeros(75))
    write(tmp_path, 2, np.zeros(54))
    with pytest.raises(DataError, match=r"\[54, 75\]"):
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
    st.fixed_dictionaries({"pose_keypoints_2d": st.lists(st.floats(), min_size=54, max_size=54)})
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=values | st.fixed_dictionaries({"people": values | people}))
def test_any_openpose_json_gives_a_pose_or_a_data_error(tmp_path: Path, document: Any) -> None:
    (tmp_path / "a_keypoints.json").write_text(json.dumps(document))
    try:
        pose = read_openpose_json(tmp_path)
    except DataError:
        return
    assert np.isfinite(pose.keypoints).all()


def test_npz(tmp_path: Path) -> None:
    keypoints = np.random.default_rng(0).random((5, 17, 3))
    keypoints[2, 3, 0] = np.nan
    np.savez(tmp_path / "a.npz", keypoints=keypoints, layout="coco-17")
    pose = read_npz(tmp_path / "a.npz")
    assert pose.layout == "coco-17"
    assert (pose.keypoints[2, 3] == 0).all()
    np.testing.assert_array_equal(pose.keypoints[0], keypoints[0].astype(np.float32))
    np.savez(tmp_path / "b.npz", keypoints=keypoints)
    assert read_npz(tmp_path / "b.npz", "coco-17").layout == "coco-17"


def test_npz_refuses(tmp_path: Path) -> None:
    good = np.zeros((5, 17, 3))
    arrays: dict[str, dict[str, Any]] = {
        "layout": {"keypoints": good},
        "keypoints": {"layout": "coco-17"},
        "shape": {"keypoints": good[:, :16], "layout": "coco-17"},
        "text": {"keypoints": np.full((5, 17, 3), "a"), "layout": "coco-17"},
        "pickle": {"keypoints": np.array([{}], dtype=object), "layout": "coco-17"},
    }
    for name, content in arrays.items():
        np.savez(tmp_path / f"{name}.npz", **content)
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "shape.npz").read_bytes()[:300])
    np.save(tmp_path / "plain.npy", good)
    (tmp_path / "plain.npy").rename(tmp_path / "plain.npz")
    for name in (*arrays, "empty", "cut", "plain", "none"):
        with pytest.raises(DataError, match=rf"{name}\.npz"):
            read_npz(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "u.npz", keypoints=good, layout="coco-71")
    with pytest.raises(UsageError, match="coco-17"):
        read_npz(tmp_path / "u.npz")
