from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import TaskKind, Unit
from aqa_bench.learn.augment.presets import augmentation

METHOD = find_method("kinetics")


def scored(labelled: LabeledSet) -> LabeledSet:
    """Scores of about 50 that say what the labels say."""
    return dataclasses.replace(labelled, targets=50 + 10 * labelled.targets)


@pytest.mark.parametrize("recipe", ["quick", "paper", "frozen"])
def test_every_recipe_trains(video_bench, recipe: str) -> None:
    fitted = video_bench().fit(METHOD, recipe=recipe)
    scores = fitted.predictor.predict(video_bench().labelled(3, first=100).samples)
    assert scores.shape == (3,)
    assert ((scores >= 0) & (scores <= 1)).all()
    facts = fitted.facts
    assert facts["regime"] == ("frozen" if recipe == "frozen" else "finetune")
    assert facts["weights"] == "random"
    assert facts["pretrained_on"] == "nothing"
    assert facts["parameters"] > 400_000
    assert facts["gflops"] > 0


@pytest.mark.parametrize("regime", ["finetune", "frozen"])
def test_it_learns_what_can_be_seen(video_bench, regime: str) -> None:
    bench = video_bench()
    longer = ("finetune_epochs=12", "finetune_lr=0.003", "head_epochs=40", "head_lr=0.01", "patience=null")
    fitted = bench.fit(METHOD, f"regime={regime}", *longer, train=bench.labelled(16))
    test = bench.labelled(10, first=100)
    assert ((fitted.predictor.predict(test.samples) > 0.5) == (test.targets == 1)).mean() >= 0.9


@pytest.mark.parametrize("regime", ["finetune", "frozen"])
def test_scores_are_learnt_on_their_own_scale(video_bench, regime: str) -> None:
    bench = video_bench()
    fitted = bench.fit(
        METHOD,
        *(f"regime={regime}", "finetune_epochs=12", "finetune_lr=0.003", "head_epochs=60", "head_lr=0.01"),
        *("clips=2", "dropout=0"),
        train=scored(bench.labelled(16)),
        val=scored(bench.labelled(4, first=50)),
        task_kind=TaskKind.SCORE,
    )
    test = scored(bench.labelled(10, first=100))
    predicted = fitted.predictor.predict(test.samples)
    assert np.corrcoef(predicted, test.targets)[0, 1] > 0.8
    assert 45 < predicted.mean() < 65


def test_the_seed_says_it_all(video_bench) -> None:
    test = video_bench().labelled(3, first=100).samples
    scores = [video_bench(name).fit(METHOD, seed=seed).predictor.predict(test)
              for name, seed in (("a", 1), ("b", 1), ("c", 2))]  # fmt: skip
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_tasks_go_on_from_the_same_weights(video_bench) -> None:
    bench = video_bench()
    seen = []
    kind = METHOD.load()
    recipe = kind.recipe_type()(backbone="r2plus1d-small", weights="random", resize=32, crop=32, frames=8,
                                finetune_epochs=1)  # fmt: skip
    method = kind(recipe)
    from aqa_bench.core.method import FitContext
    from aqa_bench.core.task import Task

    for task in ("kie", "kfe", "kie"):
        ctx = FitContext(
            dataset="drawn/clips",
            task=Task(id=task, name=task, kind=TaskKind.BINARY, unit=Unit.CLIP, primary="f1"),
            split="test",
            seed=1,
            device="cpu",
            cache=bench.cache,
            method=METHOD.card.id,
        )
        predictor = method.fit(bench.labelled(8), bench.labelled(4, first=50), (), ctx)
        seen.append(predictor.predict(bench.labelled(3, first=100).samples))
    np.testing.assert_array_equal(seen[0], seen[2])


def test_training_never_mirrors(video_bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.learn.methods import backbone_recipe

    asked = []

    def spy(name: str, *, flip: float | None, crop: int) -> object:
        asked.append(flip)
        return augmentation(name, flip=flip, crop=crop)

    monkeypatch.setattr(backbone_recipe, "augmentation", spy)
    video_bench().fit(METHOD)
    assert asked == [0.0]


def test_without_motion_frames_are_one(video_bench) -> None:
    bench = video_bench()
    sample = bench.labelled(1).samples
    predictor = bench.fit(METHOD, "order=still").predictor
    seen = []
    handle = predictor.network.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    predictor.predict(sample)
    handle.remove()
    assert torch.equal(seen[0], seen[0][:, :1].expand_as(seen[0]))


def test_what_it_cannot_judge_is_refused(video_bench, images) -> None:
    bench = video_bench()
    with pytest.raises(DataError, match="needs clips"):
        bench.fit(METHOD, train=bench.labelled(4, images))
    with pytest.raises(MethodError, match="one class"):
        bench.fit(METHOD, train=bench.labelled(8).where(1.0))
    assert METHOD.card.units == {Unit.CLIP, Unit.SEQUENCE}
    assert len(bench.fit(METHOD).predictor.predict(())) == 0
