from __future__ import annotations

import numpy as np

from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.protocol.saved.inputs import described, joined, unlike
from aqa_bench.protocol.worker.asked import Asked


class Clip(Media):
    provides = frozenset({Modality.FRAMES})
    fps = 30.0

    def __init__(self, count: int, width: int = 64, height: int = 48) -> None:
        self.count, self.width, self.height = count, width, height

    @property
    def length(self) -> int:
        return self.count

    def frames(self, indices=None, size=None):
        return np.zeros((len(indices), self.height, self.width, 3), np.uint8)


class Silent(Media):
    provides = frozenset({Modality.KEYPOINTS})


def asked() -> Asked:
    found = Asked()
    found.note("frames", [[0, 4, 8], 32])
    found.note("keypoints", ["coco-17"])
    found.note_store(64, 16)
    return found


def samples(*medias: Media) -> list[Sample]:
    return [Sample(str(i), str(i), media) for i, media in enumerate(medias)]


def test_what_was_asked_and_what_was_trained_on_is_described() -> None:
    known = described(asked(), samples(Clip(10), Clip(30, 128), Clip(20)), "legs")
    assert (known.read, known.layouts) == (["frames", "keypoints"], ["coco-17"])
    assert (known.sizes, known.frames_read, known.region) == ([32, 64], [3, 16], "legs")
    assert (known.length, known.fps, known.width, known.height) == ((10, 30), (30, 30), (64, 128), (48, 48))


def test_fits_are_described_together() -> None:
    one, two = (described(asked(), samples(Clip(n), Clip(n + 5)), None) for n in (10, 40))
    found = joined([one, two])
    assert (found.length, found.samples, found.sizes) == ((10, 45), 2, [32, 64])
    silent = described(Asked(), samples(Silent()), None)
    assert (silent.length, silent.width, silent.read) == (None, None, [])
    assert joined([silent, silent]).length is None


def test_only_what_lies_outside_is_told() -> None:
    known = described(asked(), samples(Clip(10), Clip(30, 128)), None)
    assert unlike(Clip(10), known) == []
    assert unlike(Clip(30, 128), known) == []
    assert unlike(Clip(31, 129, 47), known) == [
        "31 frames; trained on 10 to 30",
        "129 pixels of width; trained on 64 to 128",
        "47 pixels of height; trained on 48",
    ]
    assert unlike(Silent(), known) == []


def test_questions_are_noted_in_bounds() -> None:
    found = Asked()
    for size in range(1, 1000):
        found.note("frames", [list(range(size)), size])
        found.note("image", [size])
    assert len(found.sizes) <= 16
    assert len(found.frames) <= 16
