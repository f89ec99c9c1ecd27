from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from aqa_bench.core.errors import DataError
from aqa_bench.learn.augment.geometry import Affine, CentreCrop, RandomResizedCrop, SquareMasks, TopMask
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.transform import Compose

SQUASHED, CROP = 320, 224
VISIBLE = 0.01


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _pictures(count: int, side: int = 32, frames: int = 1) -> Tensor:
    return torch.randint(0, 256, (count, frames, side, side, 3), dtype=torch.uint8, generator=_generator(7))


def _black(images: Tensor) -> Tensor:
    """Share of black pixels of each white picture ``(N, ..., H, W)``."""
    return (images < 0.5).flatten(1).double().mean(dim=1)


def _moved_by_torchvision(step: Affine, count: int) -> Tensor:
    """White pictures of 320 pixels, moved one by one by what the step draws, then cropped."""
    linear, shift = step.draws(count, _generator())
    cropped = []
    for matrix, moved in zip(linear, shift, strict=True):
        mirror = float(torch.sign(torch.linalg.det(matrix)))
        cos, sin = float(matrix[1, 1]), float(-matrix[1, 0])
        zoom = 1 / (cos**2 + sin**2) ** 0.5
        angle = float(torch.rad2deg(torch.atan2(torch.tensor(sin), torch.tensor(cos))))
        picture = torch.ones(1, 1, SQUASHED, SQUASHED)
        picture = tv.affine(
            tv.horizontal_flip(picture) if mirror < 0 else picture,
            angle=angle,
            translate=(moved * SQUASHED / 2).tolist(),
            scale=zoom,
            shear=[0.0],
            interpolation=v2.InterpolationMode.BILINEAR,
        )
        cropped.append(tv.center_crop(picture, [CROP, CROP]))
    return torch.cat(cropped)


@pytest.mark.parametrize(
    ("name", "frames"), [("strong", 1), ("strong-unmirrored", 1), ("light", 1), ("light", 2)]
)
def test_a_crop_shows_no_black_that_moving_before_cropping_does_not_show(name: str, frames: int) -> None:
    count = 60
    (step,) = (step for step in augmentation(name).steps if isinstance(step, Affine))
    expected = _black(_moved_by_torchvision(step, count))
    white = torch.ones(count, frames, 3, SQUASHED, SQUASHED)
    ours = _black(Compose([step, CentreCrop(CROP)])(white, _generator()))
    torch.testing.assert_close(ours, expected, atol=1e-3, rtol=0)
    assert float((ours > VISIBLE).double().mean()) == float((expected > VISIBLE).double().mean()) < 0.05
    cropped_first = _black(Compose([step])(white[..., :CROP, :CROP], _generator()))
    assert float((cropped_first > VISIBLE).double().mean()) > 0.5


def test_what_comes_out_of_a_preset_is_the_centre_of_what_is_augmented() -> None:
    x = _pictures(6, 40, 2)
    for name in ("none", "top-mask", "light", "strong", "strong-unmirrored"):
        whole = augmentation(name)(x, _generator(3))
        assert torch.equal(augmentation(name, crop=28)(x, _generator(3)), whole[..., 6:34, 6:34]), name
    assert augmentation("simsiam", crop=28)(x, _generator()).shape == (6, 2, 3, 28, 28)


def test_masks_cover_as_much_of_the_crop_as_in_the_authors_code() -> None:
    white = torch.ones(300, 3, SQUASHED, SQUASHED)
    band = Compose([TopMask(p=1), CentreCrop(CROP)])(white, _generator())
    shares = (band[:, 0, :, 0] == 0).double().mean(dim=1)
    above = (SQUASHED - CROP) / 2
    assert float(shares.min()) == pytest.approx((0.4 * SQUASHED - above) / CROP, abs=0.01)
    assert float(shares.max()) == pytest.approx((0.5 * SQUASHED - above) / CROP, abs=0.01)
    one = Compose([SquareMasks((1, 1), p=1), CentreCrop(CROP)])(white, _generator())[:, 0] == 0
    widths = one.any(dim=1).sum(dim=1)
    inside = widths[~one[:, :, [0, -1]].flatten(1).any(dim=1) & (widths > 0)]
    assert len(inside) > 50
    assert 49 <= int(inside.min()) <= int(inside.max()) <= 61


def test_random_crops_are_cut_from_the_whole_frame_at_the_size_of_the_crop() -> None:
    ramp = torch.linspace(0, 1, 64).expand(200, 3, 64, 64)
    out = Compose([RandomResizedCrop(flip=0, side=16)])(ramp, _generator())
    assert out.shape == (200, 3, 16, 16)
    assert float(out[:, 0, 0, 0].min()) < 0.05
    assert float(out[:, 0, 0, -1].max()) > 0.95


@pytest.mark.parametrize("name", ["none", "top-mask", "light", "strong", "strong-unmirrored", "simsiam"])
def test_where_nothing_is_cropped_nothing_changes(name: str) -> None:
    x = _pictures(8, 24, 3)
    assert torch.equal(augmentation(name, crop=24)(x, _generator(1)), augmentation(name)(x, _generator(1)))


def test_a_square_larger_than_the_frames_is_refused() -> None:
    with pytest.raises(DataError, match="larger than the frames"):
        augmentation("strong", crop=33)(_pictures(2, 32), _generator())
