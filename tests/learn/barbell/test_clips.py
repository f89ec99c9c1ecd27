from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.learn.barbell.clips import boxed_samples, read_clips


class Clip(Media):
    provides = frozenset({Modality.FRAMES, Modality.BAR_BOXES})

    def frames(self, indices: Any = None, size: int | None = None) -> np.ndarray:
        return (
            np.full((len(indices), 8, 8, 3), 0, np.uint8) + np.array(indices, np.uint8)[:, None, None, None]
        )

    def bar_boxes(self) -> np.ndarray:
        return np.arange(10, dtype=np.float32)[:, None].repeat(4, axis=1)


def sample(name: str, media: Media | None = None) -> Sample:
    return Sample(name, name, media or Clip())


def dataset(pool: list[Sample], labelled: list[Sample]) -> Any:
    card = SimpleNamespace(
        id="x/y", tasks=(SimpleNamespace(id="kie"),), schemes=(SimpleNamespace(id="official"),)
    )
    return SimpleNamespace(
        card=card,
        unlabeled=lambda task, held_out: pool,
        samples=lambda task: {s.id: s for s in labelled},
        splits=lambda task, scheme: [Split(0, 0, ("a", "b", "gone"), ("c",), ("d",))],
    )


def test_the_pool_comes_first() -> None:
    assert [s.id for s in boxed_samples(dataset([sample("u")], [sample("a")]))] == ["u"]


def test_without_a_pool_only_training_samples_are_taken() -> None:
    labelled = [sample(name) for name in "abcd"]
    assert [s.id for s in boxed_samples(dataset([sample("u", Media())], labelled))] == ["a", "b"]


def test_the_most_samples_are_spread_over_all() -> None:
    pool = [sample(str(i)) for i in range(11)]
    assert [s.id for s in boxed_samples(dataset(pool, []), 3)] == ["0", "5", "10"]


def test_a_dataset_without_boxes_is_refused() -> None:
    with pytest.raises(DataError, match="no boxes"):
        boxed_samples(dataset([], [sample("a", Media())]))


def test_frames_and_boxes_are_of_the_same_times_and_bad_samples_are_left_out() -> None:
    clips = list(read_clips([sample("bad", Media()), sample("good")], frames=4))
    assert len(clips) == 1
    frames, boxes = clips[0]
    assert frames[:, 0, 0, 0].tolist() == boxes[:, 0].tolist() == [0, 3, 6, 9]


def test_short_clips_give_each_frame_once() -> None:
    ((frames, _),) = read_clips([sample("good")], frames=99)
    assert len(frames) == 10
