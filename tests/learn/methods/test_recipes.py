from __future__ import annotations

import pytest

from aqa_bench.learn.methods.backbone_recipe import BackboneRecipe
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe, ImageRecipe
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.pretrain import PoolRecipe

FINETUNE = {"finetune_lr": 3e-4, "finetune_epochs": 7, "finetune_batch_size": 4}
HEAD = {
    "head_optimizer": "sgd",
    "head_lr": 0.1,
    "head_weight_decay": 0.2,
    "head_epochs": 9,
    "head_batch_size": 6,
}
BOTH = {"patience": 3, "class_weights": False, "select": "loss"}


@pytest.mark.parametrize("kind", [ImageRecipe, VideoRecipe])
def test_head_and_fine_tuning_have_their_own_optimisation(kind: type[BackboneRecipe]) -> None:
    recipe = kind(**FINETUNE, **HEAD, **BOTH)
    head, whole = recipe.head_training(), recipe.finetuning()
    assert (head.optimizer, head.lr, head.weight_decay) == ("sgd", 0.1, 0.2)
    assert (head.epochs, head.batch_size) == (9, 6)
    assert (whole.lr, whole.epochs, whole.batch_size) == (3e-4, 7, 4)
    for config in (head, whole):
        assert (config.patience, config.class_weights, config.select) == (3, False, "loss")


def test_images_are_fine_tuned_by_adamw_with_the_weight_decay_of_the_head() -> None:
    whole = ImageRecipe(**HEAD).finetuning()
    assert (whole.optimizer, whole.weight_decay) == ("adamw", 0.2)


def test_videos_are_fine_tuned_as_they_say() -> None:
    whole = VideoRecipe(**HEAD, finetune_optimizer="sgd", finetune_weight_decay=0.5).finetuning()
    assert (whole.optimizer, whole.weight_decay) == ("sgd", 0.5)


class OnImages(ImageRecipe, ImagePoolRecipe):
    pass


class OnVideos(VideoRecipe, VideoPoolRecipe):
    pass


@pytest.mark.parametrize(("kind", "labels"), [(OnImages, ImageRecipe), (OnVideos, VideoRecipe)])
def test_defaults_of_backbones_hold_where_a_pool_is_learnt_from(
    kind: type[PoolRecipe], labels: type[BackboneRecipe]
) -> None:
    recipe, plain = kind().model_dump(), labels().model_dump()
    assert plain.items() <= recipe.items()
    assert recipe.keys() - plain.keys() >= PoolRecipe.model_fields.keys() - {"scheme"}
    assert recipe.keys() | {"cropped"} >= kind().pretraining().keys()
    assert kind().pool_spec().shown == plain["crop"]
