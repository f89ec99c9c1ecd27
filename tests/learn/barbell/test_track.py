from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.learn.barbell.track import track_bar

from scenes import overlap, squat  # isort: skip

seeds = st.integers(0, 10_000)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(seeds, st.floats(0, 0.1), st.floats(0, 0.15), st.booleans(), st.booleans())
def test_the_lifters_bar_is_followed_among_others(
    seed: int, missing: float, clutter: float, bystander: bool, rack: bool
) -> None:
    scene = squat(seed, missing=missing, clutter=clutter, bystander=bystander, rack=rack)
    track = track_bar(scene.detections)
    assert np.corrcoef(track.trajectory.elevation, scene.heights)[0, 1] > 0.98
    assert overlap(track.boxes, scene.boxes).mean() > 0.75
    assert abs(track.trajectory.turning_point - int(scene.heights.argmin())) <= 4


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_order_of_detections_within_a_frame_does_not_matter(seed: int) -> None:
    scene = squat(seed, clutter=0.3)
    turned = [boxes[::-1] for boxes in scene.detections]
    assert np.array_equal(track_bar(scene.detections).boxes, track_bar(turned).boxes)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.5, 8), st.floats(-300, 300))
def test_neither_scale_nor_place_of_the_picture_matters(seed: int, scale: float, shift: float) -> None:
    scene = squat(seed, missing=0.1)
    moved = [boxes.copy() for boxes in scene.detections]
    for boxes in moved:
        boxes[:, :4] = boxes[:, :4] * scale + shift
    one, two = track_bar(scene.detections).trajectory, track_bar(moved).trajectory
    assert np.allclose(one.elevation, two.elevation, atol=1e-3)


def test_frames_without_the_bar_are_filled_in_and_say_so() -> None:
    scene = squat(bystander=False, rack=False, jitter=0.0)
    for time in (0, 1, 20, 21, 22, 47):
        scene.detections[time] = np.zeros((0, 5), np.float32)
    track = track_bar(scene.detections)
    assert np.flatnonzero(track.confidence == 0).tolist() == [0, 1, 20, 21, 22, 47]
    assert np.array_equal(track.confidence > 0, track.trajectory.confidence > 0)
    assert overlap(track.boxes, scene.boxes).min() > 0.6


def test_a_long_gap_is_bridged_by_joining_fragments() -> None:
    scene = squat(jitter=0.2)
    for time in range(18, 28):
        others = scene.detections[time][:, 2] - scene.detections[time][:, 0]
        scene.detections[time] = scene.detections[time][others < 55]
    track = track_bar(scene.detections)
    assert np.flatnonzero(track.confidence == 0).tolist() == list(range(18, 28))


def test_a_single_wild_box_leaves_no_trace() -> None:
    scene = squat(bystander=False, rack=False, jitter=0.0)
    clean = track_bar(scene.detections).boxes
    scene.detections[12] = scene.detections[12] + np.array([0, 14, 0, 14, 0], np.float32)
    assert np.abs(track_bar(scene.detections).boxes - clean).max() < 4


def test_a_press_starts_low() -> None:
    scene = squat()
    upside_down = [
        np.stack([b[:, 0], 200 - b[:, 3], b[:, 2], 200 - b[:, 1], b[:, 4]], axis=1) for b in scene.detections
    ]
    track = track_bar(upside_down, starts="low")
    assert track.trajectory.elevation[0] < 0.1 < 0.9 < track.trajectory.elevation[24]


@pytest.mark.parametrize("frames", [0, 30])
def test_no_bar_at_all_is_an_error(frames: int) -> None:
    with pytest.raises(DataError, match="No barbell"):
        track_bar([np.zeros((0, 5), np.float32)] * frames)


def test_a_bar_seen_in_a_third_of_the_frames_is_refused() -> None:
    scene = squat(bystander=False, rack=False)
    scene.detections[16:] = [np.zeros((0, 5), np.float32)] * 32
    with pytest.raises(DataError, match="cannot be used"):
        track_bar(scene.detections)
