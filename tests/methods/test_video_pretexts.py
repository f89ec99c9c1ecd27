from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aqa_bench.core.errors import DataError
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import methods
from aqa_bench.learn.training import loop

NAMES = (
    "videospeed-1", "videospeed-2", "videorot", "temporalxform", "temporalxform-1", "temporalxform-2",
)  # fmt: skip
SHORT = ("clip_frames=6", "stride=1", "near=1", "finetune_epochs=1")
"""Clips that 24 frames are enough for."""


def overrides(name: str, *more: str) -> tuple[str, ...]:
    known = methods()[name].load().recipe_type().model_fields
    return tuple(text for text in (*SHORT, *more) if text.partition("=")[0] in known)


@pytest.mark.parametrize("name", NAMES)
def test_pre_training_that_was_killed_goes_on_and_the_seed_says_it_all(
    video_bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plugin, small = methods()[name], overrides(name, "epochs=3", "held_out=0.3")
    pool = video_bench().pool(9)
    whole = video_bench("whole").fit(plugin, *small, pool=pool)
    true, calls = loop.to_device, []

    def dies(*args: object) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return true(*args)

    monkeypatch.setattr(loop, "to_device", dies)
    with pytest.raises(KeyboardInterrupt):
        video_bench("killed").fit(plugin, *small, pool=pool)
    monkeypatch.setattr(loop, "to_device", true)
    assert len(list((video_bench("killed").cache / "weights").rglob("*.checkpoint"))) == 1
    resumed = video_bench("killed").fit(plugin, *small, pool=pool)
    assert resumed.facts == whole.facts
    expected, found = (
        load_file(next((video_bench(cache).cache / "weights").rglob("*.safetensors")))
        for cache in ("whole", "killed")
    )
    assert all(torch.equal(tensor, found[key]) for key, tensor in expected.items())
    test = video_bench().labelled(3, first=100).samples
    np.testing.assert_array_equal(resumed.predictor.predict(test), whole.predictor.predict(test))


@pytest.mark.parametrize("recipe", ["quick", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_trains_and_says_how_well_the_pretext_is_learnt(
    video_bench, name: str, recipe: str
) -> None:
    bench = video_bench()
    facts = bench.fit(
        methods()[name], *overrides(name, "epochs=1", "held_out=0.3"), pool=bench.pool(9), recipe=recipe
    ).facts
    accuracies = {key for key in facts if key.endswith("_accuracy") and not key.startswith("initial_")}
    assert accuracies
    for key in accuracies:
        assert 0 <= facts[key] <= 1
        assert 0 <= facts[f"initial_{key}"] <= 1
        assert key == "triplet_accuracy" or 0 < facts[key.replace("_accuracy", "_chance")] <= 0.5
    assert facts["watched"] == "2 other clips"
    assert facts["pretrained_on"] == "7 unlabelled clips of drawn/clips"


@pytest.mark.parametrize("name", NAMES)
def test_published_settings_can_use_clips_of_32_frames(pool_of, name: str) -> None:
    plugin = methods()[name]
    kind = plugin.load()
    recipe = load_recipe(plugin.folder, kind.recipe_type(), "paper")
    assert recipe.clip_frames == 16
    sampler = kind(recipe).sampler(pool_of(32, 32, 32))
    assert sampler.usable.tolist() == [0, 1, 2]
    assert not sampler.dropped
    draw = sampler.draw(sampler.usable, np.random.default_rng(0))
    assert draw.frames.shape[1] == 16
    assert 0 <= draw.frames.min() <= draw.frames.max() < 32


@pytest.mark.parametrize("name", sorted({*NAMES} - {"videorot"}))
def test_a_pool_of_short_clips_is_refused(video_bench, name: str) -> None:
    bench = video_bench()
    with pytest.raises(DataError, match="at least 2 usable clips"):
        bench.fit(methods()[name], "clip_frames=25", pool=bench.pool(4))
