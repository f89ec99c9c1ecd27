from __future__ import annotations

from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.video_batches import long_enough


def test_kept_frames_are_counted(clips: list[Sample]) -> None:
    usable, dropped = long_enough(FrameIndex(clips, FrameSpec(None, 16, None)), 14)
    assert usable.tolist() == [2, 3, 4]
    assert dropped == {"shorter than 14 frames": 2}
    usable, dropped = long_enough(FrameIndex(clips, FrameSpec(13, 16, None)), 14)
    assert usable.tolist() == []
    assert sum(dropped.values()) == 5


def test_nothing_is_dropped_without_reason(clips: list[Sample]) -> None:
    usable, dropped = long_enough(FrameIndex(clips, FrameSpec(None, 16, None)), 12)
    assert usable.tolist() == [0, 1, 2, 3, 4]
    assert dropped == {}
