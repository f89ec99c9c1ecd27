from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.media.layouts import DERIVED, LAYOUTS, convert, find_layout, missing

names = st.sampled_from(sorted(LAYOUTS))


@st.composite
def poses(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    name = draw(names)
    frames = draw(st.integers(1, 3))
    shape = (frames, len(LAYOUTS[name]))
    xy = draw(arrays(np.float32, (*shape, 2), elements=st.floats(0, 1000, width=32)))
    confidence = draw(arrays(np.float32, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    return name, np.concatenate([xy * (confidence > 0)[..., None], confidence[..., None]], axis=-1)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_layout_is_well_formed(layout):
    assert len(layout) == len(set(layout.joints)) == int(layout.name.rpartition("-")[2])
    assert {joint for edge in layout.edges for joint in edge} <= set(layout.joints)
    assert len({frozenset(edge) for edge in layout.edges}) == len(layout.edges)
    assert all(a != b for a, b in layout.edges)
    swap = {"left": "right", "right": "left"}
    mirror = {j: "_".join(swap.get(word, word) for word in j.split("_")) for j in layout.joints}
    assert set(mirror.values()) == set(layout.joints)
    edges = {frozenset(edge) for edge in layout.edges}
    assert {frozenset(mirror[j] for j in edge) for edge in edges} == edges


@pytest.mark.parametrize("layout", [x for x in LAYOUTS.values() if x.centre], ids=lambda x: x.name)
def test_every_joint_is_connected_to_the_centre(layout):
    reached = {layout.centre}
    for _ in layout.joints:
        reached |= {j for edge in layout.edges if reached & set(edge) for j in edge}
    assert reached == set(layout.joints)


@pytest.mark.parametrize(
    ("layout", "landmarks"),
    [
        ("openpose-18", {0: "nose", 1: "neck", 4: "right_wrist", 13: "left_ankle", 17: "left_ear"}),
        ("body-25", {8: "mid_hip", 9: "right_hip", 14: "left_ankle", 19: "left_big_toe", 24: "right_heel"}),
        ("coco-17", {1: "left_eye", 4: "right_ear", 10: "right_wrist", 16: "right_ankle"}),
        ("h36m-17", {0: "pelvis", 1: "right_hip", 6: "left_ankle", 8: "thorax", 11: "left_shoulder"}),
        ("mediapipe-33", {1: "left_eye_inner", 6: "right_eye_outer", 11: "left_shoulder", 16: "right_wrist",
                          22: "right_thumb", 23: "left_hip", 28: "right_ankle", 32: "right_foot_index"}),
        ("hmr-19", {0: "right_ankle", 3: "left_hip", 6: "right_wrist", 11: "left_wrist", 13: "head_top",
                    15: "left_eye", 16: "right_eye", 18: "right_ear"}),
    ],
)  # fmt: skip
def test_landmarks_stand_where_the_estimators_put_them(layout, landmarks):
    assert {i: LAYOUTS[layout].joints[i] for i in landmarks} == landmarks


def test_openpose_18_is_the_graph_of_st_gcn():
    """Edges of the published Kinetics configuration."""
    published = {(4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9), (9, 8), (11, 5), (8, 2), (5, 1),
                 (2, 1), (0, 1), (15, 0), (14, 0), (17, 15), (16, 14)}  # fmt: skip
    layout = LAYOUTS["openpose-18"]
    ours = {frozenset(map(layout.index, edge)) for edge in layout.edges}
    assert ours == {frozenset(edge) for edge in published}
    assert layout.index("neck") == 1


@given(poses())
def test_conversion_to_itself_changes_nothing(pose):
    name, keypoints = pose
    result = convert(keypoints, name, name)
    np.testing.assert_array_equal(result, keypoints)
    assert result.dtype == np.float32
    assert not np.shares_memory(result, keypoints)


@given(poses(), names)
def test_round_trips_keep_shared_joints(pose, target):
    source, keypoints = pose
    there = convert(keypoints, source, target, allow_missing=True)
    back = convert(there, target, source, allow_missing=True)
    shared = [LAYOUTS[source].index(j) for j in LAYOUTS[source].joints if j in LAYOUTS[target].joints]
    np.testing.assert_array_equal(back[:, shared], keypoints[:, shared])


@given(poses(), names)
def test_conversion_is_idempotent_and_missing_joints_are_zero(pose, target):
    source, keypoints = pose
    once = convert(keypoints, source, target, allow_missing=True)
    np.testing.assert_array_equal(convert(once, target, target), once)
    assert not once[missing(once)].any()
    assert once.shape == (len(keypoints), len(LAYOUTS[target]), 3)


@given(poses(), names)
def test_a_derived_joint_is_missing_exactly_when_a_part_is(pose, target):
    source, keypoints = pose
    converted = convert(keypoints, source, target, allow_missing=True)
    old, new = LAYOUTS[source], LAYOUTS[target]
    shoulders = [old.index("left_shoulder"), old.index("right_shoulder")]
    for joint in ("neck", "thorax"):
        if joint in new.joints and joint not in old.joints:
            column = converted[:, new.index(joint)]
            gone = missing(keypoints)[:, shoulders].any(axis=1)
            np.testing.assert_array_equal(missing(column), gone)
            np.testing.assert_array_equal(column[~gone, 2], keypoints[~gone][:, shoulders, 2].min(axis=1))
            expected = keypoints[~gone][:, shoulders, :2].mean(axis=1)
            np.testing.assert_allclose(column[~gone, :2], expected, rtol=1e-6)


def test_detected_middle_hip_is_preferred_over_the_mean_of_the_hips():
    body = np.ones((1, 25, 3))
    body[0, LAYOUTS["body-25"].index("mid_hip")] = [7, 9, 0.5]
    pelvis = convert(body, "body-25", "h36m-17", allow_missing=True)[0, 0]
    np.testing.assert_array_equal(pelvis, np.float32([7, 9, 0.5]))


def test_every_derived_joint_stands_in_some_layout():
    known = {joint for layout in LAYOUTS.values() for joint in layout.joints}
    assert set(DERIVED) <= known
    assert {p for alternatives in DERIVED.values() for parts in alternatives for p in parts} <= known


def test_joints_that_cannot_be_computed_are_named():
    with pytest.raises(DataError, match="right_eye, left_eye, right_ear, left_ear") as error:
        convert(np.ones((2, 17, 3)), "h36m-17", "openpose-18")
    assert "neck" not in (error.value.found or "")
    filled = convert(np.ones((2, 17, 3)), "h36m-17", "openpose-18", allow_missing=True)
    assert missing(filled).sum(axis=1).tolist() == [4, 4]


@pytest.mark.parametrize("shape", [(18, 3), (4, 17, 3), (4, 18, 2), (2, 4, 18, 3)])
def test_keypoints_of_another_shape_are_refused(shape):
    with pytest.raises(DataError, match="shape"):
        convert(np.ones(shape), "openpose-18", "coco-17")


def test_an_unknown_layout_gets_a_suggestion():
    with pytest.raises(UsageError, match="Did you mean 'openpose-18'"):
        find_layout("openpose18")
    with pytest.raises(DataError, match="no joint 'tail'"):
        LAYOUTS["coco-17"].index("tail")


def test_not_a_number_counts_as_missing():
    pose = np.ones((1, 2, 3))
    pose[0, 1, 2] = np.nan
    assert missing(pose).tolist() == [[False, True]]


def test_spin_has_openpose_joints_first_and_those_of_hmr_by_name():
    """The names of SPIN's constants.py: 25 of OpenPose, then those of LSP, MPII, Human3.6M and COCO."""
    spin, openpose, hmr = (LAYOUTS[name] for name in ("spin-49", "body-25", "hmr-19"))
    assert [joint.removesuffix("_op") for joint in spin.joints[:25]] == list(openpose.joints)
    assert spin.joints[25:37] == hmr.joints[:12]
    assert spin.joints[37:44] == ("neck", "head_top", "pelvis", "thorax", "spine", "jaw", "head")
    assert spin.joints[44:] == ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    joints = np.random.default_rng(0).random((3, 49, 4)).astype(np.float32)
    np.testing.assert_array_equal(
        convert(joints, "spin-49", "hmr-19"), joints[:, [*range(25, 39), *range(44, 49)]]
    )


def test_joints_in_space_are_converted_as_keypoints_are():
    joints = np.random.default_rng(0).random((4, 17, 4)).astype(np.float32)
    joints[1, 5] = 0
    there = convert(joints, "coco-17", "openpose-18")
    np.testing.assert_array_equal(there[:, 0], joints[:, 0])
    np.testing.assert_allclose(there[0, 1, :3], joints[0, [5, 6], :3].mean(axis=0), rtol=1e-6)
    assert there[0, 1, 3] == joints[0, [5, 6], 3].min()
    assert missing(there)[:, 1].tolist() == [False, True, False, False]
    with pytest.raises(DataError, match="shape"):
        convert(np.ones((4, 17, 5)), "coco-17", "openpose-18")
