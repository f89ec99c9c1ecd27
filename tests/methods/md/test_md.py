from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.registry import find_method
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.pretraining.video_batches import VideoBatch
from aqa_bench.learn.pretraining.video_triplets import VideoTripletLoss, augmented_triplets

METHOD = find_method("md")

LINES = ("relative_std", "effective_rank", "pc1_share", "collapsed", "triplet_accuracy")


def weights(cache: Path, kind: str = "") -> list[Path]:
    return sorted((cache / "weights" / "md").glob(f"*{kind}.safetensors"))


def batch(n: int = 8, side: int = 16) -> VideoBatch:
    """Anchors, positives and negatives of the same brightness ramps, bright at the right."""
    ramp = torch.arange(side, dtype=torch.uint8).mul(10).view(1, 1, 1, side, 1)
    frames = ramp.expand(3 * n, 4, side, side, 3).clone()
    return VideoBatch(frames, torch.arange(n).repeat(3), torch.arange(3).repeat_interleave(n), 5)


def method(**values: object):
    kind = METHOD.load()
    size = {"resize": 16, "crop": 16}
    return kind(kind.recipe_type()(backbone="r2plus1d-small", weights="random", **size, **values))


@pytest.mark.parametrize("flip", ["independent", "shared", "never"])
def test_who_is_mirrored(flip: str) -> None:
    seen = augmented_triplets(
        batch(40), VideoTripletLoss(flip=flip), lambda own: augmentation("light", flip=own)
    )
    assert seen.shape == (120, 4, 3, 16, 16)
    mirrored = seen[..., :4].mean(dim=(1, 2, 3, 4)) > seen[..., -4:].mean(dim=(1, 2, 3, 4))
    anchor, positive, negative = mirrored.chunk(3)
    assert (0.3 < mirrored.float().mean() < 0.7) == (flip != "never")
    agree = [float((anchor == other).float().mean()) for other in (positive, negative)]
    assert all(0.25 < share < 0.75 for share in agree) if flip == "independent" else min(agree) == 1


def test_frames_of_a_clip_are_changed_alike_and_clips_apart() -> None:
    seen = augmented_triplets(batch(), VideoTripletLoss(), lambda own: augmentation("strong", flip=own))
    assert torch.equal(seen, seen[:, :1].expand_as(seen))
    anchor, positive, _ = seen.chunk(3)
    assert (anchor - positive).abs().mean() > 0.02


def test_the_loss_reads_anchors_positives_and_negatives(monkeypatch: pytest.MonkeyPatch) -> None:
    task = method(augmentation="none", flip="never", embedding=2).task(
        build_video_backbone("r2plus1d-small", "random")
    )

    class Told(nn.Module):
        """Knows anchors and positives from negatives."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            n = len(x) // 3
            return torch.tensor([[1.0, 0.0]] * (2 * n) + [[-1.0, 0.0]] * n)

    assert float(task.loss(Told(), task.prepare(batch()))) == pytest.approx(np.log1p(np.exp(-2)))


def test_tasks_and_label_seeds_share_one_pre_training(video_bench) -> None:
    bench = video_bench()
    pool = bench.pool(6)
    first = bench.fit(METHOD, pool=pool, seed=1)
    (file,) = weights(bench.cache)
    written = file.stat().st_mtime_ns
    second = bench.fit(METHOD, "finetune_lr=0.02", pool=pool, seed=2, task="kfe")
    assert weights(bench.cache) == [file]
    assert file.stat().st_mtime_ns == written
    assert first.facts["weights"] == second.facts["weights"]
    bench.fit(METHOD, pool=pool, run_seed=1)
    bench.fit(METHOD, "flip=shared", pool=pool)
    assert len(weights(bench.cache)) == 3


def test_pre_training_that_was_killed_goes_on_and_the_seed_says_it_all(
    video_bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.learn.pretraining import video_triplets

    overrides = ("epochs=4", "keep=probe")
    pool = video_bench().pool(6)
    whole = video_bench("whole").fit(METHOD, *overrides, pool=pool)
    true_loss, calls = video_triplets.distance_ratio_loss, []

    def dies(*args: torch.Tensor, **options: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return true_loss(*args, **options)

    monkeypatch.setattr(video_triplets, "distance_ratio_loss", dies)
    with pytest.raises(KeyboardInterrupt):
        video_bench("killed").fit(METHOD, *overrides, pool=pool)
    resumed = video_bench("killed").fit(METHOD, *overrides, pool=pool)
    assert len(calls) < 6 + 8
    assert resumed.facts == whole.facts
    test = video_bench().labelled(3, first=100).samples
    np.testing.assert_array_equal(resumed.predictor.predict(test), whole.predictor.predict(test))


def test_the_epoch_is_chosen_by_a_probe_on_val(video_bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.learn.methods import video_regimes

    bench = video_bench()
    pool = bench.pool(6)
    last = bench.fit(METHOD, "epochs=3", pool=pool)
    assert not weights(bench.cache, ".epoch*")
    true_probe, scores = video_regimes.probe, iter([0.2, 0.9, 0.4])

    def judged(*args: object) -> object:
        predictor, result = true_probe(*args)
        object.__setattr__(result, "best_score", next(scores))
        return predictor, result

    monkeypatch.setattr(video_regimes, "probe", judged)
    chosen = bench.fit(METHOD, "epochs=3", "keep=probe", pool=pool)
    snapshots = weights(bench.cache, ".epoch*")
    assert len(snapshots) == 3
    assert chosen.facts["selected_epoch"] == 2
    assert chosen.facts["probe_scores"] == [0.2, 0.9, 0.4]
    assert chosen.facts["pretraining_losses"] == last.facts["pretraining_losses"]
    assert chosen.facts["weights"] != last.facts["weights"]
    monkeypatch.setattr(video_regimes, "probe", true_probe)
    without = bench.fit(METHOD, "epochs=3", "keep=probe", pool=pool, val=bench.labelled(0))
    assert without.facts["selected_epoch"] == 3
    assert without.facts["weights"] == last.facts["weights"]


def test_collapse_is_watched_on_other_clips(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(METHOD, "held_out=0.3", pool=bench.pool(10)).facts
    assert facts["watched"] == "3 other clips"
    assert set(LINES) <= facts.keys()
    assert 1 <= facts["effective_rank"] <= 9
    assert 0 <= facts["triplet_accuracy"] <= 1
    assert "initial_triplet_accuracy" in facts


def test_it_learns_to_tell_the_halves_apart_where_time_runs_on(video_bench) -> None:
    bench = video_bench()
    facts = bench.fit(
        METHOD,
        *("epochs=12", "batch_size=8", "lr=0.003", "held_out=0.2", "augmentation=none", "flip=never"),
        "reversal=false",
        pool=bench.pool(20),
    ).facts
    assert facts["pretraining_losses"][1] < facts["pretraining_losses"][0] - 0.1
    assert facts["triplet_accuracy"] > 0.9


def test_it_learns_what_only_the_second_half_shows_under_augmentation(video_bench, late_square) -> None:
    bench = dataclasses.replace(video_bench(), clip=late_square)
    facts = bench.fit(
        METHOD,
        *("epochs=40", "batch_size=8", "lr=0.003", "held_out=0.3", "augmentation=light", "finetune_epochs=1"),
        pool=bench.pool(40),
    ).facts
    assert 0.35 < facts["initial_triplet_accuracy"] < 0.65
    assert facts["triplet_accuracy"] > 0.9
    assert facts["pretraining_losses"][1] < 0.3


@pytest.mark.parametrize("recipe", ["quick", "paper", "selected"])
def test_every_recipe_trains(video_bench, recipe: str) -> None:
    bench = video_bench()
    facts = bench.fit(METHOD, pool=bench.pool(4), recipe=recipe).facts
    assert facts["pretrained_on"] == "4 unlabelled clips of drawn/clips"
    assert facts["pretraining_losses"][0] == pytest.approx(np.log(2), abs=0.4)
    assert ("selected_epoch" in facts) == (recipe == "selected")


def test_a_pool_that_cannot_be_used_is_refused_before_training(video_bench, images) -> None:
    bench = video_bench()
    with pytest.raises(DataError, match="at least 2 usable clips"):
        bench.fit(METHOD, pool=bench.pool(1))
    with pytest.raises(DataError, match="too few clips"):
        bench.fit(METHOD, pool=bench.labelled(4, images).samples)
    assert not weights(bench.cache)


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_no_weights(
    video_bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.learn.pretraining import video_triplets

    true_loss = video_triplets.distance_ratio_loss
    monkeypatch.setattr(video_triplets, "distance_ratio_loss", lambda *a, **o: true_loss(*a, **o) / 0)
    with pytest.raises(MethodError, match="finite"):
        video_bench().fit(METHOD, pool=video_bench().pool(4))
    assert not weights(video_bench().cache)
