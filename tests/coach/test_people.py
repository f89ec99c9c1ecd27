from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.coach.people import track_people
from aqa_bench.coach.reading import Footage, read
from aqa_bench.core.progress import NullProgress
from aqa_bench.media.layouts import find_layout
from aqa_bench.media.video import encode

JOINTS = len(find_layout("coco-17"))


class Brightest:
    """Sees one person at a time, as MediaPipe does: the brightest block of the picture."""

    layout, source = "coco-17", "fake 1"

    def __init__(self) -> None:
        self.looks = 0

    @contextmanager
    def following(self) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
        yield self.look

    detecting = following

    def look(self, picture: np.ndarray) -> np.ndarray:
        self.looks += 1
        joints = np.zeros((JOINTS, 3), np.float32)
        brightness = picture[..., 1].astype(int)
        level = brightness.max(initial=0)
        if level < 140:
            return joints
        ys, xs = np.nonzero(brightness > level - 12)
        corners = np.linspace(0, 1, JOINTS)
        joints[:, 0] = xs.min() + corners * np.ptp(xs)
        joints[:, 1] = ys.min() + corners[::-1] * np.ptp(ys)
        joints[:, 2] = 0.9
        return joints


def clip(path: Path, people: list[tuple[int, int, int, int, float]], count: int = 20) -> Footage:
    """Blocks of people: left, top, brightness, height, and pixels that they walk per frame."""
    frames = np.full((count, 180, 320, 3), 20, np.uint8)
    for time in range(count):
        for left, top, bright, height, step in people:
            x = round(left + step * time)
            frames[time, top : top + height, x : x + height // 3] = bright
    return read(encode(path, frames, 10.0, crf=1))


def test_everybody_is_followed_by_an_estimator_that_sees_one(tmp_path: Path) -> None:
    people = [(40, 30, 240, 120, 1.5), (200, 40, 200, 90, 0.0), (270, 60, 170, 60, 0.0)]
    footage = clip(tmp_path / "a.mp4", people)
    tracks = track_people(footage, Brightest(), NullProgress())
    assert tracks.joints.shape == (3, 20, JOINTS, 3)
    assert (tracks.layout, tracks.source) == ("coco-17", "fake 1")
    lefts = sorted(float(np.median(person[person[..., 2] > 0][:, 0].min())) for person in tracks.joints)
    assert lefts == pytest.approx([40, 200, 270], abs=6)
    walker = min(tracks.joints, key=lambda person: person[0, :, 0].min())
    assert walker[-1, :, 0].min() - walker[0, :, 0].min() == pytest.approx(1.5 * 19, abs=6)


def test_nobody_and_one(tmp_path: Path) -> None:
    nobody = track_people(clip(tmp_path / "a.mp4", []), Brightest(), NullProgress())
    assert nobody.joints.shape == (0, 20, JOINTS, 3)
    one = track_people(clip(tmp_path / "b.mp4", [(40, 30, 240, 120, 0.0)]), Brightest(), NullProgress())
    assert len(one.joints) == 1


def test_joints_are_in_pixels_of_the_clip(tmp_path: Path) -> None:
    frames = np.full((12, 360, 1280, 3), 20, np.uint8)
    frames[:, 100:300, 800:900] = 240
    tracks = track_people(read(encode(tmp_path / "a.mp4", frames, 10.0, crf=1)), Brightest(), NullProgress())
    (person,) = tracks.joints
    assert person[0, :, 0].min() == pytest.approx(800, abs=6)
    assert person[0, :, 1].max() == pytest.approx(300, abs=6)
