from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.learn.augment.appearance import (
    ChannelPermutation,
    ColourJitter,
    GaussianBlur,
    Grayscale,
    convolved,
    multiplied,
)
from aqa_bench.learn.augment.geometry import (
    Affine,
    HorizontalFlip,
    RandomResizedCrop,
    SquareMasks,
    TopMask,
)
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.transform import Augmentation, Compose, Draws, packed, sent, to_float, unpacked
from aqa_bench.learn.pretraining.video_batches import temporal_shift

STEPS: list[Augmentation] = [
    HorizontalFlip(),
    Affine(),
    RandomResizedCrop(),
    GaussianBlur((0.3, 1.2), None),
    ColourJitter(),
    Grayscale(p=0.5),
    ChannelPermutation(),
    SquareMasks(),
    SquareMasks((3, 5), fill="mean"),
    TopMask(),
]


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _images(n: int = 12, side: int = 24) -> torch.Tensor:
    """Smooth pictures, away from black and white."""
    small = torch.rand(n, 3, 4, 4, generator=_generator(9)) * 0.8 + 0.1
    return torch.nn.functional.interpolate(small, (side, side), mode="bicubic").clamp(0.05, 0.95)


@pytest.mark.parametrize("step", STEPS, ids=repr)
class TestEveryStep:
    def test_range_shape_and_type(self, step: Augmentation) -> None:
        out = Compose([step])(_images(), _generator())
        assert out.shape == (12, 3, 24, 24)
        assert out.dtype == torch.float32
        assert 0 <= float(out.min()) <= float(out.max()) <= 1 + 1e-6

    def test_autocast_changes_nothing(self, step: Augmentation) -> None:
        expected = Compose([step])(_images(), _generator())
        with torch.autocast("cpu", torch.bfloat16):
            found = Compose([step])(_images(), _generator())
            assert torch.is_autocast_enabled("cpu")
        assert found.dtype == torch.float32
        assert torch.equal(found, expected)

    def test_draws_come_from_the_generator_alone(self, step: Augmentation) -> None:
        x, run = _images(), Compose([step])
        before = torch.get_rng_state()
        assert torch.equal(run(x, _generator(1)), run(x, _generator(1)))
        assert not torch.equal(run(x, _generator(1)), run(x, _generator(2)))
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.equal(x, _images())

    def test_images_differ_and_the_frames_of_a_clip_do_not(self, step: Augmentation) -> None:
        same = _images(1).expand(16, -1, -1, -1)
        out = Compose([step])(same, _generator())
        assert len({tuple(image.flatten().tolist()) for image in out}) > 1
        clips = same[:, None].expand(-1, 5, -1, -1, -1)
        out = Compose([step])(clips, _generator())
        torch.testing.assert_close(out, out[:, :1].expand(-1, 5, -1, -1, -1))
        torch.testing.assert_close(out[:, 0], Compose([step])(same, _generator()))

    def test_probability_zero_changes_nothing(self, step: Augmentation) -> None:
        if isinstance(step, RandomResizedCrop):
            never: Augmentation = RandomResizedCrop((1, 1), (1, 1), flip=0)
        else:
            never = type(step)(p=0, **({"flip": 0} if isinstance(step, Affine) else {}))  # type: ignore[call-arg]
        torch.testing.assert_close(Compose([never])(_images(), _generator()), _images(), atol=2e-6, rtol=0)


def test_decoded_frames_and_floats_agree() -> None:
    frames = torch.randint(0, 256, (2, 3, 8, 10, 3), dtype=torch.uint8)
    x = Compose([])(frames, _generator())
    assert x.shape == (2, 3, 3, 8, 10)
    torch.testing.assert_close(x, frames.permute(0, 1, 4, 2, 3) / 255)
    for bad in (frames.permute(0, 1, 4, 2, 3), x.movedim(2, -1), x[0, 0], frames.int()):
        with pytest.raises(DataError):
            to_float(bad)


def test_flip() -> None:
    x = _images()
    torch.testing.assert_close(Compose([HorizontalFlip(1)])(x, _generator()), x.flip(-1))
    only_flip = Affine(translation=0, rotation=0, zoom=(1, 1), flip=1)
    torch.testing.assert_close(Compose([only_flip])(x, _generator()), x.flip(-1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(4))
def test_affine_is_torchvisions(seed: int) -> None:
    """Recover the draw by a search over torchvision's parameters, at the same seed."""
    x, step = _images(1, 32), Affine(translation=0.2, p=1, flip=0)
    g = _generator(seed)
    shift = (torch.rand(1, 2, generator=g) * 0.4 - 0.2) * 32
    torch.rand(1, generator=g)
    angle = float(torch.rand(1, generator=g) * 40 - 20)
    torch.rand(1, generator=g)
    zoom = float(torch.rand(1, generator=g) * 0.4 + 0.8)
    expected = tv.affine(
        x, angle=angle, translate=shift[0].tolist(), scale=zoom, shear=[0.0],
        interpolation=v2.InterpolationMode.BILINEAR,
    )  # fmt: skip
    out = Compose([step])(x, _generator(seed))
    inside = (slice(None), slice(None), slice(8, 24), slice(8, 24))
    torch.testing.assert_close(out[inside], expected[inside], atol=2e-3, rtol=0)


def test_affine_keeps_angles_on_oblong_images() -> None:
    square = torch.zeros(1, 3, 40, 80)
    square[..., 10:30, 30:50] = 1
    out = Compose([Affine(translation=0, rotation=45, zoom=(1, 1), p=1, flip=0)])(square, _generator(5))
    assert float(out.sum()) == pytest.approx(float(square.sum()), rel=0.03)


def test_crops_are_torchvisions() -> None:
    x, side = _images(1, 64), 64
    g = _generator(3)
    area = float(torch.rand(1, generator=g) * 0.8 + 0.2)
    ratio = float(torch.exp(torch.rand(1, generator=g) * 2 * np.log(4 / 3) + np.log(3 / 4)))
    width, height = min(1, (area * ratio) ** 0.5), min(1, (area / ratio) ** 0.5)
    at = torch.rand(1, 2, generator=g)[0] * 2 - 1
    left, top = (side * (1 + float(at[0])) * (1 - width) / 2, side * (1 + float(at[1])) * (1 - height) / 2)
    box = [round(top), round(left), round(side * height), round(side * width)]
    expected = tv.resized_crop(x, *box, [side, side], antialias=False)
    out = Compose([RandomResizedCrop(flip=0)])(x, _generator(3))
    assert float((out - expected)[..., 4:-4, 4:-4].abs().mean()) < 0.02


def test_blur_is_scipys() -> None:
    x = _images(3, 32)
    x[..., 16, 16] = 0
    out = Compose([GaussianBlur((1.3, 1.3), None, p=1)])(x, _generator())
    expected = gaussian_filter(x.numpy(), (0, 0, 1.3, 1.3), mode="mirror", radius=4)
    np.testing.assert_allclose(out.numpy(), expected, atol=1e-5)
    scaled = Compose([GaussianBlur((2.6, 2.6), 64, p=1)])(x, _generator())
    torch.testing.assert_close(scaled, out, atol=2e-3, rtol=0)


def test_grey_and_channel_order() -> None:
    x = _images()
    grey = Compose([Grayscale(1)])(x, _generator())
    torch.testing.assert_close(grey, tv.rgb_to_grayscale(x, num_output_channels=3), atol=1e-3, rtol=0)
    out = Compose([ChannelPermutation(1)])(x, _generator())
    torch.testing.assert_close(out.sort(dim=1).values, x.sort(dim=1).values)
    orders = [tuple(c.flatten().tolist() for c in image) for image in out]
    assert any(
        order != tuple(c.flatten().tolist() for c in image) for order, image in zip(orders, x, strict=True)
    )


def test_jitter_of_brightness_contrast_and_saturation_is_torchvisions() -> None:
    x = _images(1)
    bright = Compose([ColourJitter(0.1, 0, 0, 0, p=1)])(x, _generator())
    factor = float((bright / x).mean())
    torch.testing.assert_close(bright, tv.adjust_brightness(x, factor), atol=1e-5, rtol=0)
    for index, adjust in ((1, tv.adjust_contrast), (2, tv.adjust_saturation)):
        amounts = [0.0, 0.0, 0.0]
        amounts[index] = 0.1
        g = _generator(2)
        factor = float(torch.rand(3 + 1, generator=g)[index + 1] * 0.2 + 0.9)
        out = Compose([ColourJitter(*amounts, 0, p=1)])(x, _generator(2))
        torch.testing.assert_close(out, adjust(x, factor), atol=2e-3, rtol=0)


def test_hue_turns_the_colour_and_keeps_the_luma() -> None:
    x = torch.tensor([0.6, 0.4, 0.3]).view(1, 3, 1, 1).expand(64, -1, 8, 8)
    out = Compose([ColourJitter(0, 0, 0, 0.1, p=1)])(x, _generator())
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    torch.testing.assert_close((out * luma).sum(1), (x * luma).sum(1), atol=1e-4, rtol=0)
    hues = [colorsys.rgb_to_hsv(*image[:, 0, 0].tolist())[0] for image in out]
    turned = (np.array(hues) - colorsys.rgb_to_hsv(0.6, 0.4, 0.3)[0] + 0.5) % 1 - 0.5
    assert turned.min() < -0.04
    assert turned.max() > 0.04
    assert np.abs(turned).max() < 0.16


def test_masks_hide_what_they_say() -> None:
    x = torch.full((200, 3, 64, 64), 0.5)
    top = Compose([TopMask(p=1)])(x, _generator())
    heights = (top[:, 0, :, 0] == 0).sum(1)
    assert (int(heights.min()), int(heights.max())) == (26, 32)
    assert bool((top[:, :, 32:] == 0.5).all())
    assert 60 < int((Compose([TopMask()])(x, _generator())[:, 0, 0, 0] == 0).sum()) < 140
    squares = Compose([SquareMasks((1, 1), (0.25, 0.25), p=1)])(x, _generator())
    hidden = (squares[:, 0] == 0).flatten(1).sum(1)
    assert set(hidden.tolist()) <= {15 * 15, 15 * 16, 16 * 16, 16 * 17, 17 * 17}
    many = Compose([SquareMasks(p=1)])(x, _generator())
    share = (many == 0).float().mean()
    assert 0.1 < float(share) < 8 * (60 / 320) ** 2
    grey = Compose([SquareMasks(fill="mean", p=1)])(x, _generator())
    torch.testing.assert_close(grey, x)


def test_temporal_shift_stays_within_the_clip() -> None:
    indices = torch.arange(0, 40, 5).expand(50, -1)
    lengths = torch.full((50,), 40)
    out = temporal_shift(indices, lengths, 3, _generator(), p=1)
    shifts = (out - indices)[:, 2]
    assert set(shifts.tolist()) == set(range(-3, 4))
    assert int(out.min()) == 0
    assert int(out.max()) <= 39
    assert bool((out.diff(dim=1) >= 0).all())
    assert torch.equal(temporal_shift(indices, lengths, 3, _generator(), p=0), indices)


@pytest.mark.parametrize("name", ["none", "top-mask", "light", "strong", "strong-unmirrored", "simsiam"])
def test_presets_take_images_and_clips(name: str) -> None:
    run = augmentation(name)
    frames = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    assert run(frames, _generator()).shape == (4, 3, 32, 32)
    assert run(frames.view(2, 2, 32, 32, 3), _generator()).shape == (2, 2, 3, 32, 32)


def test_unknown_preset() -> None:
    with pytest.raises(RecipeError, match="strong"):
        augmentation("weak")


@pytest.mark.parametrize("name", ["light", "strong", "simsiam"])
def test_mirroring_can_be_left_out_of_every_preset(name: str) -> None:
    assert any(getattr(step, "flip", 0) == 0.5 for step in augmentation(name).steps)
    assert all(getattr(step, "flip", 0) == 0 for step in augmentation(name, flip=0.0).steps)
    assert len(augmentation(name, flip=0.0).steps) == len(augmentation(name).steps)


GOLDEN = {
    "top-mask": [0.013961, 0.0138975, -2.34e-05, 0.0139539, 3.88e-05],
    "light": [-7.92e-05, -0.0031376, 0.0012631, -0.0031053, 0.0015825],
    "strong": [-0.0001349, -0.0017608, 0.001214, -0.0021072, -9.42e-05],
    "simsiam": [-0.0004845, 0.0006765, 8.46e-05, 0.0007294, 1.8e-05],
}
"""What committed runs were trained on: mean of each clip times a ramp."""


@pytest.mark.parametrize("name", GOLDEN)
def test_presets_draw_and_do_what_they_did_for_committed_runs(name: str) -> None:
    number = torch.arange(5 * 3 * 20 * 20 * 3)
    pictures = (number * 2654435761 % 256).to(torch.uint8).view(5, 3, 20, 20, 3)
    out = augmentation(name)(pictures, _generator(11))
    ramp = torch.linspace(-1, 1, out[0].numel(), dtype=torch.float64).view(out[0].shape)
    found = (out * ramp).flatten(1).mean(dim=1)
    torch.testing.assert_close(found, torch.tensor(GOLDEN[name], dtype=torch.float64), atol=2e-7, rtol=0)


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_what_a_step_does_is_drawn_before_any_picture_is_seen(step: Augmentation) -> None:
    """So all draws of a batch travel together, and nothing waits for the device."""
    clips = _images().unsqueeze(1)
    before = torch.get_rng_state()
    out = step(clips.clone(), *step.draws(len(clips), _generator(2)))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(out.squeeze(1), Compose([step])(_images(), _generator(2)))


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_a_step_reads_no_value_back_from_the_device(step: Augmentation) -> None:
    """Tensors of the meta device have no values: whatever asks for one raises."""
    drawn = [d.to("meta") for d in step.draws(12, _generator())]
    out = step(torch.empty(12, 2, 3, 24, 24, device="meta"), *drawn)
    assert out.shape == (12, 2, 3, 24, 24)


def test_draws_of_every_type_travel_in_one_buffer() -> None:
    parts = [torch.tensor([True, False, True]), torch.rand(3, 2), torch.arange(5), torch.empty(0, 3)]
    back = unpacked(packed(parts), parts)
    for mine, theirs in zip(parts, back, strict=True):
        assert mine.dtype == theirs.dtype
        assert torch.equal(mine, theirs)
    groups: list[Draws] = [tuple(parts[:2]), (), tuple(parts[2:])]
    moved = sent(groups, torch.device("meta"))
    assert [[d.shape for d in group] for group in moved] == [[d.shape for d in group] for group in groups]


@pytest.mark.parametrize(("height", "width"), [(24, 24), (17, 40)])
def test_blur_by_products_is_blur_by_convolution(height: int, width: int) -> None:
    x = torch.rand(5, 2, 3, height, width, generator=_generator())
    offsets = torch.arange(-4, 5)
    sigma = torch.tensor([0.001, 0.5, 1.0, 2.0, 3.0])[:, None]
    kernels = torch.softmax(-(offsets**2) / (2 * sigma**2), dim=1)
    torch.testing.assert_close(multiplied(x, kernels), convolved(x, kernels), atol=1e-6, rtol=0)
