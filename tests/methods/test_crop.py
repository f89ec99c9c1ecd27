"""Pictures are augmented whole and cropped last: what methods read, and what their networks see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import methods
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods import image_regimes, video_regimes
from aqa_bench.learn.pretraining.pretrain import PoolRecipe

LARGER = ("resize=44", "crop=32")
SIZES = {32, 44}
IMAGES = ("cvcspc", "vanilla-pc", "simsiam", "pad")
VIDEOS = ("md", "videorot", "videospeed-1", "videospeed-2", "temporalxform-1", "temporalxform-2")
SHORT = ("clip_frames=6", "stride=1", "near=1", "finetune_epochs=1", "epochs=1")
"""Clips that 24 frames are enough for."""


def known(name: str, *texts: str) -> Iterator[str]:
    fields = methods()[name].load().recipe_type().model_fields
    return (text for text in texts if text.partition("=")[0] in fields)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Sides of the frames that pools and labelled sets read."""
    sides: set[int] = set()
    true = FrameIndex.read

    def watched(self: FrameIndex, *args: Any) -> Tensor:
        images = true(self, *args)
        sides.add(images.shape[-2])
        return images

    monkeypatch.setattr(FrameIndex, "read", watched)
    return sides


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Sides of the pictures that backbones see."""
    from aqa_bench.learn.backbones.image_backbone import ImageBackbone
    from aqa_bench.learn.backbones.video_backbone import VideoBackbone

    sides: set[int] = set()
    for kind in (ImageBackbone, VideoBackbone):
        true = kind.forward

        def watched(self: Any, images: Tensor, *args: Any, true: Callable[..., Tensor] = true) -> Tensor:
            sides.add(images.shape[-2])
            return true(self, images, *args)

        monkeypatch.setattr(kind, "forward", watched)
    return sides


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("augmentation", ["none", "strong"])
def test_image_networks_see_the_crop_of_what_pre_training_reads_whole(
    bench, read: set[int], seen: set[int], name: str, augmentation: str
) -> None:
    if name == "pad" and augmentation != "none":
        pytest.skip("pad has no augmentation")
    texts = known(name, *LARGER, f"augmentation={augmentation}", "picture=32", "decoder_blocks=2")
    bench.fit(methods()[name], *texts, pool=bench.pool(6))
    assert seen == {32}
    # The monitor reads what it embeds at the size of the crop.
    assert read == ({32} if augmentation == "none" else SIZES)


@pytest.mark.parametrize("name", VIDEOS)
def test_video_networks_see_the_crop_of_what_pre_training_reads_whole(
    video_bench, read: set[int], seen: set[int], name: str
) -> None:
    bench = video_bench()
    bench.fit(methods()[name], *LARGER, *known(name, *SHORT), pool=bench.pool(6))
    assert seen == {32}
    assert read == SIZES


def test_dive_networks_see_the_crop(dive_bench, read: set[int], seen: set[int]) -> None:
    bench = dive_bench()
    bench.fit(methods()["dive-classification"], *LARGER, "clip_frames=8", pool=bench.pool(6))
    assert seen == {32}
    assert 44 in read


@pytest.mark.parametrize("augmentation", ["none", "light"])
@pytest.mark.parametrize("unit", ["stills", "clips"])
def test_fine_tuning_reads_whole_frames_and_crops_them_last(
    bench,
    video_bench,
    images,
    seen: set[int],
    monkeypatch: pytest.MonkeyPatch,
    unit: str,
    augmentation: str,
) -> None:
    module, plugin = (image_regimes, "imagenet") if unit == "stills" else (video_regimes, "kinetics")
    true, asked = module.finetune_network, []

    def watched(network: Any, train: Any, val: Any, *args: Any, **options: Any) -> Any:
        asked.append((train, val, options["augment"]))
        return true(network, train, val, *args, **options)

    monkeypatch.setattr(module, "finetune_network", watched)
    small = (*LARGER, f"finetune_augmentation={augmentation}", "finetune_epochs=1")
    if unit == "stills":
        parts = {"train": bench.labelled(6, images), "val": bench.labelled(4, images, 50)}
        fitted = bench.fit(methods()[plugin], *small, "finetune=true", **parts)
    else:
        fitted = video_bench().fit(methods()[plugin], *small)
    ((train, val, augment),) = asked
    first = np.array([0])
    assert train.read(first).shape[-2] == (44 if augmentation == "light" else 32)
    assert val.read(first).shape[-2] == 32
    assert augment(train.read(first), torch.Generator()).shape[-2:] == (32, 32)
    test = bench.labelled(2, images, 90) if unit == "stills" else video_bench().labelled(2, first=90)
    fitted.predictor.predict(test.samples)
    assert seen == {32}


def pool_recipe(name: str, recipe: str = "paper", *texts: str) -> PoolRecipe:
    plugin = methods()[name]
    loaded = load_recipe(plugin.folder, plugin.load().recipe_type(), recipe)
    changed = loaded.with_overrides(texts, name)
    assert isinstance(changed, PoolRecipe)
    return changed


def test_weights_say_that_they_were_learnt_with_the_crop_last_where_there_is_one() -> None:
    for name in ("vanilla-pc", "simsiam", "md", "videorot"):
        assert pool_recipe(name).pretraining()["cropped"] == "last"
        assert "cropped" not in pool_recipe(name, "quick").pretraining()
        assert "cropped" not in pool_recipe(name, "paper", "crop=null").pretraining()
    assert pool_recipe("cvcspc", "released").pretraining()["cropped"] == "last"
    for name in ("cvcspc", "pad"):
        assert "cropped" not in pool_recipe(name).pretraining()


def test_the_single_view_control_is_mirrored_by_quick_alone() -> None:
    for recipe, mirrored in (("paper", False), ("quick", True)):
        steps = pool_recipe("vanilla-pc", recipe).augment().steps
        assert any(getattr(step, "flip", 0) > 0 for step in steps) == mirrored
        assert len(steps) == 5


def test_simsiam_can_see_as_many_frames_as_the_triplet_methods() -> None:
    equal, paper = (pool_recipe("simsiam", name) for name in ("paper-equal-budget", "paper"))
    assert equal.model_dump() == paper.model_dump() | {"repeats": 3}
    # A triplet has three frames, and every clip is an anchor once per epoch.
    assert equal.epochs == pool_recipe("cvcspc").epochs == pool_recipe("vanilla-pc").epochs
