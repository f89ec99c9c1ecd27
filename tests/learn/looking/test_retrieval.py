from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from aqa_bench.core.errors import DataError
from aqa_bench.learn.looking import retrieval
from aqa_bench.learn.looking.retrieval import (
    elevation_errors,
    keypoint_errors,
    nearest_of_each_group,
    nearest_of_other_groups,
    normalised_poses,
    random_of_other_groups,
    spread_queries,
)
from aqa_bench.media.layouts import LAYOUTS

COCO = LAYOUTS["coco-17"]


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_neighbours_are_those_of_sklearn_on_other_groups_alone(seed: int, n_groups: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(n_groups).repeat(count), rng.integers(0, n_groups, 20)])
    rng.shuffle(groups)
    embeddings = rng.normal(size=(len(groups), 7)) * rng.uniform(0.1, 10, (len(groups), 1))
    indices, similarities = nearest_of_other_groups(embeddings, groups, count)
    for group in range(n_groups):
        own, others = np.flatnonzero(groups == group), np.flatnonzero(groups != group)
        known = NearestNeighbors(n_neighbors=count, metric="cosine", algorithm="brute")
        distance, found = known.fit(embeddings[others]).kneighbors(embeddings[own])
        np.testing.assert_array_equal(indices[own], others[found])
        np.testing.assert_allclose(similarities[own], 1 - distance, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 8))
@settings(max_examples=20, deadline=None)
def test_each_video_gives_its_nearest_frame_once(seed: int, n_groups: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(n_groups).repeat(4))
    embeddings, queries = rng.normal(size=(len(groups), 7)), rng.choice(len(groups), 3, replace=False)
    indices, similarities = nearest_of_each_group(embeddings, groups, queries, count)
    assert indices.shape == (3, min(count, n_groups - 1))
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for query, found, cosines in zip(queries, indices, similarities, strict=True):
        best = {g: (unit[groups == g] @ unit[query]).max() for g in set(groups) - {groups[query]}}
        ordered = sorted(best, key=lambda g: -best[g])[:count]
        assert groups[found].tolist() == ordered
        np.testing.assert_allclose(cosines, [best[g] for g in ordered], atol=1e-5)


def test_blocks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    embeddings, groups = rng.normal(size=(50, 5)), rng.integers(0, 4, 50)
    whole = nearest_of_other_groups(embeddings, groups, 3)
    monkeypatch.setattr(retrieval, "_CHUNK", 150)
    for part, expected in zip(nearest_of_other_groups(embeddings, groups, 3), whole, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-6)


def test_the_length_of_embeddings_is_not_looked_at_and_ties_go_by_index() -> None:
    embeddings = np.array([[1.0, 0], [5, 0], [0.1, 0], [0, 3], [0, 0]])
    indices, similarities = nearest_of_other_groups(embeddings, list("abcde"), 4)
    assert indices[0].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(similarities[0], [1, 1, 0, 0])


@pytest.mark.parametrize("groups", [["a", "a", "a"], ["a", "a", "b"]])
def test_too_few_frames_of_other_groups_are_refused(groups: list[str]) -> None:
    with pytest.raises(DataError, match=r"one video|too few frames"):
        nearest_of_other_groups(np.eye(3), groups, 2)


def test_embeddings_that_are_not_finite_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be compared"):
        nearest_of_other_groups(np.array([[1.0], [np.nan]]), ["a", "b"], 1)


def test_chance_draws_every_frame_of_other_groups_alike() -> None:
    groups = np.array(["b", "a", "b", "c", "a", "c", "c"])
    drawn = random_of_other_groups(groups, 6000, np.random.default_rng(0))
    for query, group in enumerate(groups):
        shares = np.bincount(drawn[query], minlength=len(groups)) / 6000
        wanted = (groups != group) / (groups != group).sum()
        np.testing.assert_allclose(shares, wanted, atol=0.03)
        assert (shares[groups == group] == 0).all()


def test_elevation_error_of_random_frames_is_a_third() -> None:
    """Two independent uniform numbers are a third apart on average."""
    rng = np.random.default_rng(1)
    elevation, groups = rng.uniform(size=2000), np.arange(2000) // 2
    errors = elevation_errors(elevation, random_of_other_groups(groups, 32, rng))
    assert errors.mean() == pytest.approx(1 / 3, abs=0.01)


def test_frames_of_unknown_elevation_are_left_out() -> None:
    elevation = np.array([0.0, 0.4, np.nan, 1.0])
    errors = elevation_errors(elevation, np.array([[1, 2], [2, 2], [0, 1], [0, 1]]))
    np.testing.assert_allclose(errors, [0.4, np.nan, np.nan, 0.8])


def standing(scale: float = 1.0, shift: tuple[float, float] = (0, 0)) -> np.ndarray:
    """One frame: torso 100 px, hips on one spot."""
    pose = np.zeros((1, 17, 3))
    for joint, at in {"left_shoulder": (0, 0), "left_hip": (0, 100), "left_knee": (0, 150)}.items():
        for name in (joint, joint.replace("left", "right")):
            pose[0, COCO.index(name)] = (*at, 1)
    pose[..., :2] = pose[..., :2] * scale + shift
    pose[pose[..., 2] == 0] = 0
    return pose


def test_poses_know_neither_place_nor_size() -> None:
    here, there = (
        normalised_poses(pose, "coco-17") for pose in (standing(), standing(scale=3, shift=(70, 20)))
    )
    np.testing.assert_allclose(here, there, atol=1e-6)
    np.testing.assert_allclose(here[0, COCO.index("left_knee")], (0, 0.5))
    assert np.isnan(here[0, COCO.index("nose")]).all()
    assert np.isnan(normalised_poses(np.zeros((2, 17, 3)), "coco-17")).all()


def test_keypoint_error_is_the_mean_distance_of_joints_that_both_have() -> None:
    poses = np.full((3, 4, 2), np.nan)
    poses[0, :3] = 0
    poses[1, :2] = [(3, 4), (0, 0)]
    poses[2, 3] = 1
    errors = keypoint_errors(poses, np.array([[1, 2], [0, 0], [0, 1]]))
    np.testing.assert_allclose(errors, [2.5, 2.5, np.nan])


def test_queries_are_spread_over_elevation_and_videos() -> None:
    rng = np.random.default_rng(0)
    elevation = np.tile(np.linspace(0, 1, 30), 8)
    groups = np.repeat(np.arange(8), 30)
    chosen = spread_queries(elevation, groups, 6, rng)
    assert len(set(groups[chosen])) == 6
    assert (np.diff(elevation[chosen]) > 0).all()
    for place, value in enumerate(elevation[chosen]):
        assert place / 6 - 0.02 <= value <= (place + 1) / 6 + 0.02
    unknown = np.full(240, np.nan)
    assert len(set(groups[spread_queries(unknown, groups, 6, rng)])) == 6
    assert len(spread_queries(unknown[:3], groups[:3], 6, rng)) == 3
