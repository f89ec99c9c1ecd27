from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.learn.barbell.linking import Track, join_fragments, lifter_track, link

from scenes import squat  # isort: skip


def box(x: float, y: float, side: float = 20.0, confidence: float = 0.9) -> np.ndarray:
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2, confidence], np.float32)


def track(*sightings: tuple[int, np.ndarray]) -> Track:
    return Track([time for time, _ in sightings], [found for _, found in sightings])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.4))
def test_every_confident_detection_is_in_exactly_one_track(seed: int, missing: float) -> None:
    scene = squat(seed, missing=missing)
    tracks = link(scene.detections)
    linked = sorted((time, *found) for t in tracks for time, found in zip(t.times, t.boxes, strict=True))
    given_ = sorted((time, *found) for time, boxes in enumerate(scene.detections) for found in boxes)
    assert linked == given_
    assert all(np.all(np.diff(t.times) > 0) for t in tracks)


def test_three_objects_that_are_always_seen_are_three_tracks() -> None:
    assert [len(t.times) for t in link(squat(jitter=0.2).detections)] == [48, 48, 48]


def test_an_unsure_detection_continues_a_track_but_begins_none() -> None:
    sure, unsure = box(50, 50)[None], box(50, 51, confidence=0.1)[None]
    assert [t.times for t in link([unsure, sure, unsure, unsure])] == [[1, 2, 3]]


def test_a_track_ends_after_the_longest_gap() -> None:
    here, nothing = box(50, 50)[None], np.zeros((0, 5), np.float32)
    assert [t.times for t in link([here, nothing, nothing, here], max_gap=2)] == [[0, 3]]
    assert [t.times for t in link([here, nothing, nothing, here], max_gap=1)] == [[0], [3]]


def test_boxes_far_apart_or_of_other_size_are_not_linked() -> None:
    assert len(link([box(20, 20)[None], box(80, 20)[None]])) == 2
    assert len(link([box(20, 20)[None], box(20, 20, side=100)[None]])) == 2


def test_crossing_bars_are_matched_by_the_least_sum() -> None:
    detections = [np.stack([box(20 + 4 * t, 30), box(60 - 4 * t, 36, side=26)]) for t in range(11)]
    for found in link(detections):
        assert np.ptp(found.array[:, 2] - found.array[:, 0]) < 1


def test_large_beats_small_and_moving_beats_still() -> None:
    rows = [20, 40, 60, 40, 20]
    small = track(*((t, box(20, y, side=10)) for t, y in enumerate(rows)))
    large = track(*((t, box(60, y, side=30)) for t, y in enumerate(rows)))
    still = track(*((t, box(90, 20, side=60)) for t, _ in enumerate(rows)))
    assert lifter_track([small, still, large], 5) is large
    assert lifter_track([small, still], 5) is small
    assert lifter_track([still], 5) is still
    assert lifter_track([], 5) is None


def test_fragments_of_the_same_bar_are_joined_in_order() -> None:
    main = track((5, box(50, 50)), (6, box(50, 54)))
    before, after = track((1, box(50, 40)), (2, box(50, 42))), track((15, box(50, 60)))
    far, concurrent = track((9, box(150, 50))), track((6, box(50, 70)))
    joined = join_fragments(main, [main, after, before, far, concurrent])
    assert joined.times == [1, 2, 5, 6, 15]
    assert main.times == [5, 6]
