from __future__ import annotations

import numpy as np

from aqa_bench.core.registry import find_method
from aqa_bench.methods.videospeed_2.pretext import Repetitions

METHOD = find_method("videospeed-2")


def test_the_class_is_how_often_the_whole_clip_is_played(pool_of) -> None:
    sampler = Repetitions(pool_of(*range(16, 40)), frames=16, speeds=(1, 2, 3, 4))
    draw = sampler.draw(np.tile(sampler.usable, 20), np.random.default_rng(0))
    assert draw.frames.shape == (480, 16)
    classes, numbers = draw.labels[:, 0].T
    assert (numbers == 4).all()
    assert (np.abs(np.bincount(classes, minlength=4) / 480 - 0.25) < 0.06).all()
    starts_over = (np.diff(draw.frames, axis=1) < 0).sum(axis=1)
    np.testing.assert_array_equal(starts_over, classes)
    lengths = sampler._lengths[draw.clips]
    speeds = classes + 1
    assert (draw.frames[:, 0] == 0).all()
    assert (draw.frames.max(axis=1) >= lengths - 1 - np.ceil(speeds * lengths / 16)).all()
    exact = np.arange(16) * (speeds * lengths / 16)[:, None]
    np.testing.assert_array_equal(draw.frames, np.floor(exact + 1e-9) % lengths[:, None])


def test_at_normal_speed_no_frame_is_shown_twice(pool_of) -> None:
    sampler = Repetitions(pool_of(15, 16, 17), frames=16, speeds=(1, 2))
    assert sampler.usable.tolist() == [1, 2]
    assert sampler.dropped == {"shorter than 16 frames": 1}
    draw = sampler.draw(np.tile(sampler.usable, 20), np.random.default_rng(0))
    assert (np.diff(draw.frames[draw.labels[:, 0, 0] == 0], axis=1) > 0).all()


def test_it_learns_to_count(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=25", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=none"),
        *("clip_frames=8", "speeds=[1,4]", "finetune_epochs=1"),
        pool=bench.pool(30),
    ).facts
    assert facts["speed_chance"] == 0.5
    assert facts["speed_accuracy"] > 0.8
