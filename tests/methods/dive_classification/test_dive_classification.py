from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import TaskKind
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.pretraining.dive_classes import DIVE_CLASSES
from aqa_bench.learn.pretraining.video_batches import VideoBatch

METHOD = find_method("dive-classification")


def scored(labelled: LabeledSet) -> LabeledSet:
    """Scores of about 50 that say what the labels say."""
    return dataclasses.replace(labelled, targets=50 + 10 * labelled.targets)


def fit(bench, *overrides: str, **options):
    parts = {
        "train": scored(bench.labelled(8)),
        "val": scored(bench.labelled(4, first=50)),
        "pool": bench.pool(6),
        "task_kind": TaskKind.SCORE,
    }
    return bench.fit(METHOD, *overrides, **{**parts, **options})


def weights(cache: Path) -> list[Path]:
    return sorted((cache / "weights" / METHOD.card.id).glob("*.safetensors"))


@pytest.mark.parametrize("recipe", ["quick", "paper"])
def test_every_recipe_trains(dive_bench, recipe: str) -> None:
    bench = dive_bench()
    fitted = fit(bench, recipe=recipe)
    assert np.isfinite(fitted.predictor.predict(bench.labelled(3, first=100).samples)).all()
    facts = fitted.facts
    assert facts["regime"] == "frozen"
    assert facts["pretrained_on"] == "6 dives with their classes of drawn/clips"
    guessing = np.mean([np.log(len(values)) for values in DIVE_CLASSES.values()])
    assert facts["pretraining_losses"][0] == pytest.approx(guessing, abs=0.6)
    assert {f"accuracy_{name}" for name in DIVE_CLASSES} | {"accuracy", "initial_accuracy"} <= facts.keys()
    assert facts["chance"] == pytest.approx(
        np.mean([1 / len(values) for values in DIVE_CLASSES.values()]), abs=1e-6
    )


def test_it_learns_classes_and_scores_that_go_with_them(dive_bench) -> None:
    bench = dive_bench()
    fitted = fit(
        bench,
        *("epochs=10", "lr=0.003", "batch_size=6", "held_out=0.2", "augmentation=none"),
        *("head_epochs=60", "head_lr=0.003", "head_batch_size=4", "dropout=0"),
        train=scored(bench.labelled(16)),
        pool=bench.pool(20),
    )
    assert fitted.facts["pretraining_losses"][1] < fitted.facts["pretraining_losses"][0] - 0.5
    assert fitted.facts["watched"] == "4 other clips"
    assert fitted.facts["accuracy_position"] == 1
    test = scored(bench.labelled(10, first=100))
    predicted = fitted.predictor.predict(test.samples)
    assert np.corrcoef(predicted, test.targets)[0, 1] > 0.8
    assert 45 < predicted.mean() < 65


def test_what_labelled_dives_are_told_is_never_asked_for(dive_bench, dives, monkeypatch) -> None:
    class Untold(dives):
        @property
        def attributes(self) -> dict[str, float | str]:
            pytest.fail("attributes of a labelled dive were read")

    bench = dive_bench()
    fitted = fit(
        bench, train=scored(bench.labelled(8, Untold)), val=scored(bench.labelled(4, Untold, first=50))
    )
    assert len(fitted.predictor.predict(bench.labelled(3, Untold, first=100).samples)) == 3


def test_weights_are_of_the_classes_and_not_of_the_regression(dive_bench, dives) -> None:
    class Renamed(dives):
        @property
        def attributes(self) -> dict[str, float | str]:
            return {**super().attributes, "rotation": "front"}

        @property
        def content_key(self) -> str:
            return f"DrawnDive-{self.seed}-{self.error}-{self.turns}"

    bench = dive_bench()
    first = fit(bench)
    again = fit(bench, "hidden=[8]", "score_loss=mse", "head_lr=0.02", seed=2)
    assert len(weights(bench.cache)) == 1
    assert first.facts["weights"] == again.facts["weights"]
    assert first.facts["parameters"] > again.facts["parameters"]
    other = dive_bench("a", Renamed)
    assert {s.media.content_key for s in other.pool(6)} == {s.media.content_key for s in bench.pool(6)}
    fit(bench, pool=other.pool(6))
    assert len(weights(bench.cache)) == 2
    fit(bench, "clips=2")
    assert len(weights(bench.cache)) == 3


def test_the_loss_is_the_mean_over_attributes(dive_bench) -> None:
    kind = METHOD.load()
    small = {"backbone": "r2plus1d-small", "weights": "random", "resize": 16, "crop": 16, "clips": 2}
    recipe = kind.recipe_type()(**small, augmentation="none")
    task = kind(recipe).task(build_video_backbone("r2plus1d-small", "random"))
    sizes = [len(values) for values in DIVE_CLASSES.values()]
    labels = torch.tensor([[0, 1, 2, 3, 4], [3, 0, 1, 10, 0]])
    frames = torch.zeros(2, 8, 16, 16, 3, dtype=torch.uint8)
    batch = VideoBatch(frames, torch.arange(2), labels, 0)
    uniform = float(task.loss(lambda x: torch.zeros(len(x), sum(sizes)), task.prepare(batch)))
    assert uniform == pytest.approx(np.mean(np.log(sizes)))
    offsets = torch.tensor([0, *np.cumsum(sizes)[:-1]])
    told = torch.zeros(2, sum(sizes)).scatter_(1, labels + offsets, 50.0)
    assert float(task.loss(lambda x: told, task.prepare(batch))) == pytest.approx(0, abs=1e-6)
    assert task.network(frames).shape == (2, sum(sizes))


def test_the_regression_is_as_the_recipe_says() -> None:
    kind = METHOD.load()
    recipe = kind.recipe_type()(head="mlp", hidden=(6, 5))
    head = recipe.new_head(4, 1)
    assert [tuple(p.shape) for p in head.parameters() if p.ndim == 2] == [(6, 4), (5, 6), (1, 5)]
    assert recipe.head_training().score_loss == recipe.finetuning().score_loss == "mse-l1"
    linear = kind.recipe_type()(head="linear", score_loss="mse")
    assert sum(p.numel() for p in linear.new_head(4, 1).parameters()) == 5
    assert linear.head_training().score_loss == "mse"


def test_the_seed_says_it_all(dive_bench) -> None:
    test = dive_bench().labelled(3, first=100).samples
    scores = [fit(dive_bench(name), run_seed=seed, seed=seed).predictor.predict(test)
              for name, seed in (("a", 1), ("b", 1), ("c", 2))]  # fmt: skip
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_a_pool_that_tells_no_classes_is_refused(dive_bench, video_bench) -> None:
    with pytest.raises(DataError, match="6 without the class of a dive"):
        fit(dive_bench(), pool=video_bench().pool(6))
    assert not weights(dive_bench().cache)
