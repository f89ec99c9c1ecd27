from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.media.pose import read_npz
from aqa_bench.media.pose.arrays import PoseKind, read_pose_array

KEYPOINTS, JOINTS, DISTANCES = PoseKind


def saved(folder: Path, array: Any, **more: Any) -> Path:
    path = folder / ("a.npz" if more else "a.npy")
    if more:
        np.savez(path, array, **more)
    else:
        np.save(path, array)
    return path


def pixels(frames: int = 5, joints: int = 17, axes: int = 3) -> np.ndarray:
    values = np.random.default_rng(0).uniform(1, 400, size=(frames, joints, axes))
    values[..., -1] = 0.5 if axes == 3 else values[..., -1]
    return values


def test_read_npz_takes_keypoints_and_layout(tmp_path: Path) -> None:
    keypoints = np.random.default_rng(0).random((5, 17, 3))
    keypoints[2, 3, 0] = np.nan
    np.savez(tmp_path / "a.npz", keypoints=keypoints, layout="coco-17")
    pose = read_npz(tmp_path / "a.npz")
    assert pose.layout == "coco-17"
    assert (pose.keypoints[2, 3] == 0).all()
    np.testing.assert_array_equal(pose.keypoints[0], keypoints[0].astype(np.float32))
    np.savez(tmp_path / "b.npz", keypoints=keypoints)
    assert read_npz(tmp_path / "b.npz", "coco-17").layout == "coco-17"


def test_read_npz_refuses_what_is_damaged_or_does_not_fit(tmp_path: Path) -> None:
    good = np.zeros((5, 17, 3))
    contents: dict[str, dict[str, Any]] = {
        "layout": {"keypoints": good},
        "keypoints": {"layout": "coco-17"},
        "shape": {"keypoints": good[:, :16], "layout": "coco-17"},
        "text": {"keypoints": np.full((5, 17, 3), "a"), "layout": "coco-17"},
        "pickle": {"keypoints": np.array([{}], dtype=object), "layout": "coco-17"},
    }
    for name, content in contents.items():
        np.savez(tmp_path / f"{name}.npz", **content)
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "shape.npz").read_bytes()[:300])
    np.save(tmp_path / "plain.npy", good)
    (tmp_path / "plain.npy").rename(tmp_path / "plain.npz")
    for name in (*contents, "empty", "cut", "plain", "none"):
        with pytest.raises(DataError, match=rf"{name}\.npz"):
            read_npz(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "u.npz", keypoints=good, layout="coco-71")
    with pytest.raises(UsageError, match="coco-17"):
        read_npz(tmp_path / "u.npz")


def test_keypoints_with_confidence_are_taken_as_they_are(tmp_path: Path) -> None:
    values = pixels()
    found = read_pose_array(saved(tmp_path, values), KEYPOINTS, "coco-17")
    assert (found.layout, found.unknown, found.values.dtype) == ("coco-17", 0, np.float32)
    np.testing.assert_array_equal(found.values, values.astype(np.float32))


@pytest.mark.parametrize("how", ["nan", "zero"])
def test_without_confidence_what_is_not_there_is_missing(tmp_path: Path, how: str) -> None:
    values = pixels(axes=2)
    values[1, 4] = np.nan if how == "nan" else 0
    found = read_pose_array(saved(tmp_path, values), KEYPOINTS, "coco-17")
    expected = np.ones((5, 17))
    expected[1, 4] = 0
    np.testing.assert_array_equal(found.values[..., 2], expected)
    assert not found.values[1, 4].any()
    assert found.unknown == 1


def test_a_joint_with_a_nan_anywhere_is_missing(tmp_path: Path) -> None:
    values = pixels()
    values[0, 0, 0], values[1, 1, 2] = np.nan, np.inf
    found = read_pose_array(saved(tmp_path, values), KEYPOINTS, "coco-17")
    assert found.unknown == 2
    assert not found.values[[0, 1], [0, 1]].any()
    assert np.isfinite(found.values).all()


def test_a_still_image_needs_no_time(tmp_path: Path) -> None:
    values = pixels(frames=1)
    found = read_pose_array(saved(tmp_path, values[0]), KEYPOINTS, "coco-17")
    np.testing.assert_array_equal(found.values, values.astype(np.float32))


def test_joints_in_space_may_be_at_the_origin(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4, 49, 3))
    values[:, 39] = 0
    values[2, 5, 1] = np.nan
    found = read_pose_array(saved(tmp_path, values), JOINTS, "spin-49")
    assert found.values.shape == (4, 49, 4)
    assert (found.values[:, 39, 3] == 1).all()
    assert found.values[2, 5].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(found.values[0, :, :3], values[0].astype(np.float32))


def test_distances_have_no_layout(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((6, 171))
    found = read_pose_array(saved(tmp_path, values), DISTANCES)
    assert found.layout is None
    np.testing.assert_array_equal(found.values, values.astype(np.float32))


@pytest.mark.parametrize("values", [np.ones((6, 170)), -np.ones((6, 171)), np.full((6, 171), np.nan)])
def test_what_cannot_be_distances_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"a\.npy"):
        read_pose_array(saved(tmp_path, values), DISTANCES)


def test_an_archive_names_its_layout_and_need_not_name_its_array(tmp_path: Path) -> None:
    values = pixels(joints=18)
    found = read_pose_array(saved(tmp_path, values, layout="openpose-18"), KEYPOINTS)
    assert found.layout == "openpose-18"
    with pytest.raises(DataError, match="layout coco-17, as stated in manifest"):
        read_pose_array(tmp_path / "a.npz", KEYPOINTS, "coco-17")
    np.savez(tmp_path / "b.npz", keypoints=values, scores=values)
    assert read_pose_array(tmp_path / "b.npz", KEYPOINTS, "openpose-18").values.shape == (5, 18, 3)
    with pytest.raises(DataError, match="an array joints"):
        read_pose_array(tmp_path / "b.npz", JOINTS, "openpose-18")


def test_without_a_layout_those_that_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="coco-17, h36m-17"):
        read_pose_array(saved(tmp_path, pixels()), KEYPOINTS)
    with pytest.raises(DataError, match=r"shape \(5, 17, 3\), which fits coco-17, h36m-17"):
        read_pose_array(saved(tmp_path, pixels()), KEYPOINTS, "body-25")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a: a / [400, 400, 1], "x and y in pixels"),
        (lambda a: a * [1, 1, 100], "confidences from 0 to 1"),
        (lambda a: a * [1, 1, -2], "confidences from 0 to 1"),
        (lambda a: a[:0], "numbers"),
        (lambda a: a.astype(str), "numbers"),
        (lambda a: a[..., None], "shape"),
    ],
    ids=["shares of the sides", "per cent", "negative", "empty", "text", "four axes"],
)
def test_other_units_and_shapes_are_refused(tmp_path: Path, change: Any, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read_pose_array(saved(tmp_path, change(pixels())), KEYPOINTS, "coco-17")
    assert told in str(caught.value)
    assert caught.value.where == str(tmp_path / "a.npy")
    assert caught.value.found
    assert caught.value.remedy


def test_confidences_a_little_above_one_are_cut(tmp_path: Path) -> None:
    values = pixels()
    values[0, 0, 2] = 1.2
    assert read_pose_array(saved(tmp_path, values), KEYPOINTS, "coco-17").values[0, 0, 2] == 1


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.uint8, np.bool_]),
        array_shapes(max_dims=4, max_side=18) | st.sampled_from([(2, 12, 2), (2, 12, 3), (2, 12, 4), (3, 6)]),
    ),
    kind=st.sampled_from(PoseKind),
)
def test_any_array_gives_a_clean_pose_or_a_data_error(
    tmp_path: Path, array: np.ndarray, kind: PoseKind
) -> None:
    try:
        found = read_pose_array(saved(tmp_path, array), kind, "body-12")
    except DataError:
        return
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    if kind is not DISTANCES:
        confidence = found.values[..., -1]
        assert ((confidence >= 0) & (confidence <= 1)).all()
        assert not found.values[confidence == 0].any()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from([".npy", ".npz"]))
def test_any_bytes_are_a_data_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=path.name):
        read_pose_array(path, KEYPOINTS, "coco-17")
