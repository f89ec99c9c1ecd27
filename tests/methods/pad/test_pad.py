from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.training.distributed import World
from aqa_bench.methods.pad.loss import PictureLoss, targets
from aqa_bench.methods.pad.method import PAD, PADRecipe
from aqa_bench.methods.pad.network import DisentanglingAutoEncoder, PictureDecoder, PoseBackbone
from aqa_bench.methods.pad.report import picture_grid, swap_figures

METHOD = find_method("pad")

SMALL = ("pose=8", "appearance=6", "picture=16", "decoder_blocks=2", "decoder_width=16", "perceptual=0")


@pytest.fixture
def network(tiny) -> DisentanglingAutoEncoder:
    torch.manual_seed(0)
    return DisentanglingAutoEncoder(PoseBackbone(tiny(), 8, 6), PictureDecoder(14, 16, 2, 32)).eval()


def test_the_code_and_the_picture_have_the_sizes_asked_for(network) -> None:
    images = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    pose, appearance = network.backbone.codes(images)
    assert (pose.shape, appearance.shape) == ((4, 8), (4, 6))
    torch.testing.assert_close(network.backbone(images), pose)
    pictures = network(images)
    assert pictures.shape == (4, 3, 16, 16)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert network.backbone.forward_map(images, 1).shape == (4, 16, 8, 8)


def test_appearances_are_swapped_and_poses_stay(network) -> None:
    images = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    pose, appearance = network.backbone.codes(images)
    order = [2, 3, 0, 1]
    torch.testing.assert_close(network(images), network.decode(pose, appearance[order]))


def test_swapping_the_appearance_of_one_frame_with_itself_changes_nothing(network) -> None:
    frames = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8)
    same = torch.cat([frames, frames])
    torch.testing.assert_close(network(same), network.decode(*network.backbone.codes(same)))


def test_a_copy_of_the_backbone_is_its_own(network) -> None:
    from copy import deepcopy

    copy, images = deepcopy(network.backbone), torch.rand(2, 3, 32, 32)
    before = network.backbone(images)
    with torch.no_grad():
        for parameter in copy.trunk.parameters():
            parameter.add_(1)
    torch.testing.assert_close(network.backbone(images), before)
    assert not torch.allclose(copy(images), before)


def test_the_loss_is_zero_for_the_frame_itself_and_grows_with_features(tiny) -> None:
    wanted = torch.rand(2, 3, 16, 16)
    backbone = tiny().eval()
    both, pixels = PictureLoss(backbone, 0.5, -1), PictureLoss(backbone, 0.0, -1)
    assert float(both(wanted, wanted)) == 0
    other = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(pixels(other, wanted), (other - wanted).abs().mean())
    assert both(other, wanted) > pixels(other, wanted)


def test_targets_are_the_frames_made_smaller() -> None:
    images = torch.full((1, 32, 32, 3), 51, dtype=torch.uint8)
    torch.testing.assert_close(targets(images, 16), torch.full((1, 3, 16, 16), 0.2))


def test_pairs_of_a_batch_are_of_one_clip(bench, tiny) -> None:
    recipe = PADRecipe(
        weights="random", resize=32, crop=32, pose=8, appearance=6, picture=16, decoder_blocks=2, perceptual=0
    )
    pool = FrameIndex(bench.pool(6), recipe.frame_spec(8))
    pretext = PAD(recipe).pretext(PoseBackbone(tiny(), 8, 6), pool, pool, seed=0)
    batch = next(pretext.batches(4, World())(0))
    first, second = batch.clips.chunk(2)
    assert torch.equal(first, second)
    apart = (batch.phases[:4] - batch.phases[4:]).abs()
    assert apart.min() >= recipe.gap


def test_it_learns_to_paint_and_says_how_well(bench) -> None:
    facts = bench.fit(
        METHOD,
        *SMALL,
        *("steps=200", "batch_size=8", "lr=0.003", "schedule=constant", "warmup=0", "held_out=0.3"),
        pool=bench.pool(12),
    ).facts
    assert facts["pretraining_losses"][1] < 0.7 * facts["pretraining_losses"][0]
    assert facts["reconstruction_l1"] < 0.7 * facts["initial_reconstruction_l1"]
    assert facts["swap_keeps_pose"] > 0.8
    assert set(facts) >= {"swap_psnr", "swap_takes_appearance", "initial_swap_l1"}


def test_a_grid_of_pictures_lies_beside_the_weights(bench) -> None:
    facts = bench.fit(METHOD, *SMALL, pool=bench.pool(6)).facts
    (weights,) = (bench.cache / "weights" / "pad").glob("*.safetensors")
    picture = bench.cache / facts["picture"]
    assert picture == weights.with_suffix(".png")
    with Image.open(io.BytesIO(picture.read_bytes())) as image:
        assert image.size == ((3 + 5) * 16, (1 + 5) * 16)


def test_the_grid_shows_the_frames_themselves_in_their_places(bench, network) -> None:
    frames = FrameIndex(bench.pool(3), PADRecipe(resize=32, crop=32).frame_spec(8))
    grid = picture_grid(network, frames, 30.0)
    assert grid.shape == (4 * 16, 6 * 16, 3)
    assert (grid[:16, : 3 * 16] == 255).all()
    again = picture_grid(network, frames, 30.0)
    np.testing.assert_array_equal(grid, again)


def test_a_code_that_says_nothing_is_called_so(bench, network) -> None:
    frames = FrameIndex(bench.pool(6), PADRecipe(resize=32, crop=32).frame_spec(8))
    with torch.no_grad():
        for layer in (network.backbone.pose, network.backbone.appearance):
            layer.weight.zero_()
    figures = swap_figures(network, frames, 30.0)
    assert figures["swap_keeps_pose"] == pytest.approx(0.5)
    assert figures["elevation_r2_pose"] <= 0.05
    assert figures["reconstruction_l1"] == figures["swap_l1"]


def test_the_same_seed_gives_the_same_scores_in_another_cache(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    pool = fresh("a").pool(6)
    scores = [fresh(cache).fit(METHOD, *SMALL, pool=pool).predictor.predict(test) for cache in ("a", "b")]
    np.testing.assert_array_equal(*scores)


def test_the_head_sees_the_pose_vector_alone(bench) -> None:
    fitted = bench.fit(METHOD, *SMALL, pool=bench.pool(6))
    assert fitted.predictor.inputs(bench.labelled(2).samples).shape == (2, 32, 8)


def test_stills_are_learnt_end_to_end_from_the_pose_vector(bench, images) -> None:
    train, val = bench.labelled(8, images), bench.labelled(4, images, first=50)
    labelled, bench.labelled = bench.labelled, lambda *_, **__: val
    fitted = bench.fit(METHOD, *SMALL, "finetune=true", "finetune_epochs=2", train=train, pool=bench.pool(6))
    scores = fitted.predictor.predict(labelled(4, images, first=100).samples)
    assert np.isfinite(scores).all()
    assert fitted.facts["regime"] == "finetune"


def test_pools_that_cannot_be_used_and_sizes_that_do_not_divide_are_refused(bench, images) -> None:
    with pytest.raises(DataError, match="at least 2 usable clips"):
        bench.fit(METHOD, *SMALL, pool=bench.pool(1))
    with pytest.raises(DataError, match="too few clips"):
        bench.fit(METHOD, *SMALL, pool=bench.labelled(4, images).samples)
    with pytest.raises(ValidationError, match="multiple"):
        PADRecipe(picture=48, decoder_blocks=5)
