from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose import People
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.protocol.keypoints.manifest import KeypointManifest
from aqa_bench.protocol.keypoints.reading import PoseReading, read_poses


def person(x: float) -> list[float]:
    return np.column_stack([np.full(25, x), np.arange(25) * 9 + 20, np.ones(25)]).ravel().tolist()


def frames(folder: Path, numbers: range | list[int], people: int = 1) -> list[Path]:
    """A file for each number; everyone's x tells which."""
    for number in numbers:
        document = {"people": [{"pose_keypoints_2d": person(100 + number + 300 * i)} for i in range(people)]}
        (folder / f"clip_{number:012d}_keypoints.json").write_text(json.dumps(document))
    return sorted(folder.glob("*.json"))


def read(files: list[Path], length: int, people: People | None = None, **manifest) -> PoseReading:
    return read_poses(files, KeypointManifest(**manifest), people, length)


def told(reading: PoseReading) -> list[int]:
    """The number of the file that every frame is from; -100 where there is none."""
    return [round(float(x)) - 100 for x in reading.values[:, 0, 0]]


@pytest.mark.parametrize(
    ("numbers", "length", "expected"),
    [
        (range(4), 4, [0, 1, 2, 3]),
        (range(1, 5), 4, [1, 2, 3, 4]),
        (range(4), 6, [0, 1, 2, 3, -100, -100]),
        ([0, 3], 4, [0, -100, -100, 3]),
        (range(2, 6), 6, [-100, -100, 2, 3, 4, 5]),
        (range(3, 7), 6, [-100, -100, 3, 4, 5, 6]),
        (range(500, 504), 4, [500, 501, 502, 503]),
    ],
    ids=[
        "from 0",
        "from 1",
        "the end is missing",
        "a gap",
        "the beginning is missing",
        "the beginning is missing, counted from 1",
        "numbers of a longer video",
    ],
)
def test_frames_stand_where_their_numbers_say(
    tmp_path: Path, numbers, length: int, expected: list[int]
) -> None:
    reading = read(frames(tmp_path, numbers), length)
    assert told(reading) == expected
    assert reading.frames == len(numbers)
    assert reading.empty == expected.count(-100)


def test_a_frame_too_many_is_left_out_and_more_are_refused(tmp_path: Path) -> None:
    files = frames(tmp_path, range(26))
    reading = read(files, 24)
    assert (reading.surplus, reading.frames, len(reading.values)) == (2, 24, 24)
    with pytest.raises(DataError) as caught:
        read(files, 23)
    assert (caught.value.expected, caught.value.found) == ("at most 23 frames", "26")
    with pytest.raises(DataError) as caught:
        read(files[:2], 1)
    assert (caught.value.expected, caught.value.found) == ("at most 1 frame", "2")


def test_several_people_are_counted_or_refused(tmp_path: Path) -> None:
    files = frames(tmp_path, range(3), people=2)
    with pytest.raises(DataError, match="Several people"):
        read(files, 3)
    reading = read(files, 3, People.NEAREST)
    assert (reading.several, reading.most) == (3, 2)


def test_layouts_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    files = frames(tmp_path, range(2))
    assert read(files, 2, layout="body-25").layout == "body-25"
    with pytest.raises(DataError) as caught:
        read(files, 2, layout="openpose-18")
    assert (caught.value.expected, caught.value.found) == ("openpose-18", "body-25")
    with pytest.raises(DataError, match="2-D keypoints"):
        read(files, 2, kind=PoseKind.JOINTS, layout="spin-49")


def test_a_clip_of_nobody_is_empty_where_the_layout_is_known(tmp_path: Path) -> None:
    files = frames(tmp_path, range(3), people=0)
    with pytest.raises(DataError, match='"layout": "body-25"'):
        read(files, 3)
    reading = read(files, 3, layout="body-25")
    assert (reading.values.shape, reading.empty) == ((3, 25, 3), 3)


def test_arrays_are_brought_to_the_clip_and_distances_are_not_padded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((20, 17, 2), 50.0))
    reading = read([tmp_path / "a.npy"], 24, layout="coco-17")
    assert (reading.values.shape, reading.frames, reading.empty) == ((24, 17, 3), 20, 4)
    np.save(tmp_path / "d.npy", np.ones((20, 171)))
    reading = read([tmp_path / "d.npy"], 24, kind=PoseKind.DISTANCES)
    assert (reading.values.shape, reading.frames, reading.empty) == ((20, 171), 20, 0)
    with pytest.raises(DataError, match="more frames than their clip"):
        read([tmp_path / "d.npy"], 12, kind=PoseKind.DISTANCES)
