from __future__ import annotations

import numpy as np
import torch

from aqa_bench.core.registry import find_method
from aqa_bench.learn.pretraining.video_batches import VideoBatch, drawn_batch
from aqa_bench.media.clips import uniform
from aqa_bench.methods.videorot.pretext import Rotations, turned

METHOD = find_method("videorot")


def test_pixels_change_places_and_nothing_else() -> None:
    frames = torch.randint(0, 256, (4, 3, 12, 12, 3), dtype=torch.uint8)
    seen = turned(frames, torch.arange(4))
    assert seen.shape == frames.shape
    assert seen.dtype == torch.uint8
    for k in range(4):
        np.testing.assert_array_equal(seen[k], np.rot90(frames[k].numpy(), k, axes=(1, 2)))
        assert torch.equal(seen[k].sort(dim=1).values.sum(), frames[k].sum())


def test_a_clip_is_turned_as_a_whole(pool_of) -> None:
    pool = pool_of(20, 30)
    sampler = Rotations(pool, frames=8)
    assert sampler.usable.tolist() == [0, 1]
    batch = drawn_batch(pool, sampler.draw(np.tile(sampler.usable, 4), np.random.default_rng(0)), 0)
    seen = turned(batch.frames, batch.labels[:, 0, 0])
    assert seen.shape == batch.frames.shape == (8, 8, 16, 16, 3)
    for clip, original, (label, _) in zip(seen, batch.frames, batch.labels[:, 0].tolist(), strict=True):
        for frame, upright in zip(clip, original, strict=True):
            assert torch.equal(torch.rot90(frame, -label, dims=(0, 1)), upright)


def test_all_rotations_are_drawn_for_whole_clips(pool_of) -> None:
    sampler = Rotations(pool_of(40), frames=16)
    draw = sampler.draw(np.zeros(400, np.int64), np.random.default_rng(0))
    classes, numbers = draw.labels[:, 0].T
    assert (numbers == 4).all()
    assert (np.abs(np.bincount(classes, minlength=4) / 400 - 0.25) < 0.08).all()
    np.testing.assert_array_equal(draw.frames, np.tile(uniform(40, 16), (400, 1)))


def test_clips_without_an_upright_look_alike_whatever_the_class() -> None:
    """Augmentation draws masks, shifts and borders without regard to the turn, and never mirrors."""
    kind = METHOD.load()
    method = kind(
        kind.recipe_type()(backbone="r2plus1d-small", weights="random", augmentation="strong", crop=16)
    )
    grey = torch.full((40, 2, 16, 16, 3), 128, dtype=torch.uint8)

    def seen(label: int) -> torch.Tensor:
        labels = torch.tensor([[label, 4]]).expand(40, 1, 2)
        return method.augmented(VideoBatch(grey, torch.arange(40), labels, 3))

    assert all(torch.equal(seen(0), seen(k)) for k in range(1, 4))


def test_no_clip_is_mirrored() -> None:
    kind = METHOD.load()
    method = kind(
        kind.recipe_type()(backbone="r2plus1d-small", weights="random", augmentation="light", crop=16)
    )
    ramp = torch.arange(16, dtype=torch.uint8).mul(10).view(1, 1, 1, 16, 1).expand(40, 2, 16, 16, 3)
    upright = torch.tensor([[0, 4]]).expand(40, 1, 2)
    seen = method.augmented(VideoBatch(ramp.clone(), torch.arange(40), upright, 3))
    assert (seen[..., 3:6].mean(dim=(1, 2, 3, 4)) < seen[..., 10:13].mean(dim=(1, 2, 3, 4))).all()


def test_it_learns_the_rotation(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=16", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=none"),
        *("clip_frames=6", "finetune_epochs=1"),
        pool=bench.pool(30),
    ).facts
    assert facts["rotation_chance"] == 0.25
    assert facts["rotation_accuracy"] > 0.9
