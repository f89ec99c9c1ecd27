from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import MethodError
from aqa_bench.methods.stgcn_ocsvm.skeleton_graph import (
    OPENPOSE_CENTRE,
    OPENPOSE_EDGES,
    OPENPOSE_JOINTS,
    skeleton_adjacency,
)

N_JOINTS = 18


def _edge_set() -> set[frozenset[int]]:
    return {frozenset(edge) for edge in OPENPOSE_EDGES}


def test_chain_of_three_joints_by_hand() -> None:
    # 0 - 1 - 2 around joint 0: degrees with self-loops are 2, 3, 2.
    itself, farther, nearer = skeleton_adjacency([(0, 1), (1, 2)], centre=0, n_joints=3)
    np.testing.assert_allclose(itself, np.diag([1 / 2, 1 / 3, 1 / 2]))
    np.testing.assert_allclose(farther, [[0, 0, 0], [1 / 2, 0, 0], [0, 1 / 3, 0]])
    np.testing.assert_allclose(nearer, [[0, 1 / 3, 0], [0, 0, 1 / 2], [0, 0, 0]])


def test_chain_of_four_joints_with_the_released_horizon() -> None:
    # Joints 2 and 3 are both beyond one bone from joint 0, so that neither counts as nearer.
    _, farther, nearer = skeleton_adjacency([(0, 1), (1, 2), (2, 3)], 0, 4, horizon=1)
    assert np.argwhere(nearer).tolist() == [[0, 1], [1, 2]]
    assert np.argwhere(farther).tolist() == [[1, 0], [2, 1], [2, 3], [3, 2]]


@pytest.mark.parametrize("horizon", [None, 1])
def test_openpose_partitions_are_a_split_of_the_column_normalised_graph(horizon: int | None) -> None:
    parts = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, N_JOINTS, horizon=horizon)
    assert parts.shape == (3, N_JOINTS, N_JOINTS)
    assert parts.dtype == np.float32
    assert ((parts > 0).sum(axis=0) <= 1).all()
    total = parts.sum(axis=0)
    np.testing.assert_allclose(total.sum(axis=0), 1.0, rtol=1e-6)
    linked = {frozenset((int(v), int(w))) for v, w in np.argwhere(total) if v != w}
    assert linked == _edge_set()
    np.testing.assert_array_equal(total > 0, total.T > 0)
    degree = (total > 0).sum(axis=0)
    np.testing.assert_allclose(np.diag(parts[0]), 1 / degree, rtol=1e-6)
    assert np.count_nonzero(parts[0]) == N_JOINTS


def test_openpose_bones_each_lead_once_inwards_and_once_outwards() -> None:
    _, farther, nearer = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, N_JOINTS)
    np.testing.assert_array_equal(farther > 0, nearer.T > 0)
    assert np.count_nonzero(nearer) == 17
    # A tree around the neck: every other joint has one nearer neighbour.
    inward = (nearer > 0).sum(axis=0)
    assert inward[OPENPOSE_CENTRE] == 0
    assert (np.delete(inward, OPENPOSE_CENTRE) == 1).all()


def test_released_graph_has_nearer_neighbours_only_around_the_neck() -> None:
    # The graph printed in the discussion of the released code: rows 0, 1, 2 and 5 only.
    nearer = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, N_JOINTS, horizon=1)[2]
    sources = {row: np.flatnonzero(nearer[row]).tolist() for row in range(N_JOINTS) if nearer[row].any()}
    assert sources == {0: [14, 15], 1: [0, 2, 5], 2: [3, 8], 5: [6, 11]}


def test_a_joint_without_bones_keeps_to_itself() -> None:
    parts = skeleton_adjacency([(0, 1)], centre=0, n_joints=3)
    assert parts[:, 2, 2].tolist() == [1.0, 0.0, 0.0]


def test_joint_outside_the_layout_is_an_error() -> None:
    with pytest.raises(MethodError, match=r"\[18\]"):
        skeleton_adjacency([(0, 18)], centre=1, n_joints=N_JOINTS)


def test_joint_order_is_coco_18() -> None:
    assert len(OPENPOSE_JOINTS) == N_JOINTS
    for left, right in ((2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)):
        assert OPENPOSE_JOINTS[left].split("_")[1] == OPENPOSE_JOINTS[right].split("_")[1]
        assert OPENPOSE_JOINTS[left].startswith("right")
        assert OPENPOSE_JOINTS[right].startswith("left")
