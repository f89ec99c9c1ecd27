from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.methods.temporalxform.pretext import SourceVersions, TemporalVersions

METHOD = find_method("temporalxform")

SPEEDS = (1, 2, 4, 8)


@pytest.fixture
def sampler(pool_of) -> TemporalVersions:
    return TemporalVersions(pool_of(31, 32, 64, 110, 140), frames=16, speeds=SPEEDS)


def test_a_clip_has_all_four_versions_with_their_labels(sampler: TemporalVersions) -> None:
    draw = sampler.draw(sampler.usable, np.random.default_rng(0))
    assert draw.clips.tolist() == [1, 2, 3, 4] * 4
    assert draw.frames.shape == (16, 16)
    assert draw.labels.shape == (16, 2, 2)
    assert draw.labels[:, 0, 0].tolist() == np.repeat(range(4), 4).tolist()
    assert (draw.labels[:, 0, 1] == 4).all()
    assert (draw.labels[8:, 1, 0] == -1).all()


def test_versions_are_what_their_labels_say(sampler: TemporalVersions) -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([31, 32, 64, 110, 140])
    fastest = {1: 2, 2: 4, 3: 4, 4: 8}
    for _ in range(60):
        draw = sampler.draw(sampler.usable, rng)
        assert draw.frames.min() >= 0
        assert (draw.frames.max(axis=1) < lengths[draw.clips]).all()
        forward, both, mixed, warp = np.split(np.diff(draw.frames, axis=1), 4)
        speed = np.array(SPEEDS)[draw.labels[:8, 1, 0]]
        assert (forward == speed[:4, None]).all()
        assert (speed <= [fastest[int(clip)] for clip in draw.clips[:8]]).all()
        for steps, s in zip(both, speed[4:], strict=True):
            turn = int((steps == s).sum())
            assert 4 <= turn <= 11
            assert (steps[:turn] == s).all()
            assert (steps[turn + 1 :] == -s).all()
        for steps, frames in zip(mixed, draw.frames[8:12], strict=True):
            assert (np.diff(np.sort(frames)) == 1).all()
            assert not (steps == 1).all()
        for steps, clip in zip(warp, draw.clips[12:], strict=True):
            assert 1 <= steps.min() < steps.max() <= fastest[int(clip)]


def test_speeds_are_clamped_by_the_length_of_a_clip(sampler: TemporalVersions) -> None:
    assert sampler.usable.tolist() == [1, 2, 3, 4]
    assert sampler.dropped == {"shorter than 32 frames": 1}
    rng = np.random.default_rng(0)
    draws = [sampler.draw(sampler.usable, rng).labels[:8, 1] for _ in range(80)]
    seen = [{int(d[k, 0]) for d in draws} for k in range(4)]
    assert seen == [{0, 1}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2, 3}]
    assert draws[0][:4, 1].tolist() == [2, 3, 3, 4]


def test_clips_are_drawn_as_for_the_committed_runs(pool_of, digest_of_draws) -> None:
    sampler = TemporalVersions(pool_of(*[32] * 6, 40, 64, 77, 110), frames=8, speeds=SPEEDS)
    assert digest_of_draws(sampler) == "7463bb6f71260ece"


def test_versions_are_those_of_the_source_but_in_the_recipe_that_has_runs(pool_of) -> None:
    kind = METHOD.load()
    for name, expected in (("quick", TemporalVersions), ("paper", SourceVersions)):
        recipe = load_recipe(METHOD.folder, kind.recipe_type(), name)
        assert type(kind(recipe).sampler(pool_of(40, 50))) is expected
        assert ("versions" in recipe.model_dump()) == (name == "paper")
        assert ("versions" in recipe.pretraining()) == (name == "paper")


@pytest.fixture
def source(pool_of) -> SourceVersions:
    return SourceVersions(pool_of(16, 17, 32, 63, 64, 140), frames=16, speeds=SPEEDS)


def test_the_source_leaves_no_clip_out_that_could_be_skipped_in(source: SourceVersions) -> None:
    assert source.usable.tolist() == [1, 2, 3, 4, 5]
    assert source.dropped == {"shorter than 17 frames": 1}
    draw = source.draw(source.usable, np.random.default_rng(0))
    assert draw.labels[:5, 1, 1].tolist() == [1, 2, 2, 3, 4]
    assert draw.clips.tolist() == [1, 2, 3, 4, 5] * 4
    assert draw.labels[:, 0, 0].tolist() == np.repeat(range(4), 5).tolist()


def test_versions_of_the_source_are_what_their_labels_say(source: SourceVersions) -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([16, 17, 32, 63, 64, 140])
    fastest = {1: 1, 2: 2, 3: 2, 4: 4, 5: 8}
    places, spans = set(), set()
    for _ in range(200):
        draw = source.draw(source.usable, rng)
        assert draw.frames.min() >= 0
        assert (draw.frames.max(axis=1) < lengths[draw.clips]).all()
        assert (draw.labels[:5, 1] == draw.labels[5:10, 1]).all(), "one speed for both"
        assert (draw.labels[10:, 1, 0] == -1).all()
        speed = np.array(SPEEDS)[draw.labels[:5, 1, 0]]
        assert (speed <= [fastest[int(clip)] for clip in draw.clips[:5]]).all()
        forward, both, mixed, warp = np.split(np.diff(draw.frames, axis=1), 4)
        assert (forward == speed[:, None]).all()
        for steps, s in zip(both, speed, strict=True):
            back = int(np.flatnonzero(steps == -s)[0])
            assert (steps[: back - 1] == s).all()
            assert (steps[back:] == -s).all()
            places.add(back)
        assert not (mixed == 1).all(axis=1).any()
        for steps, clip in zip(warp, draw.clips[15:].tolist(), strict=True):
            assert 1 <= steps.min() < steps.max()
            assert steps.max() <= fastest[clip] or clip < 4
        spans.add(int(warp[1].sum()))
    assert places == set(range(2, 15))
    assert max(spans) > 28, "a subset of the whole clip"


@pytest.mark.parametrize("versions", ["ours", "source"])
def test_it_learns_the_transformation_and_the_speed(video_bench, versions: str) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=30", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=none"),
        *("clip_frames=8", "speeds=[1,3]", "finetune_epochs=1", f"versions={versions}"),
        pool=bench.pool(30),
    ).facts
    assert facts["transformation_chance"] == 0.25
    assert facts["speed_chance"] == 0.5
    assert facts["transformation_accuracy"] > 0.55
    assert facts["speed_accuracy"] > 0.9
