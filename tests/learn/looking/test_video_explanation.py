"""Explanations of video networks whose contributions are known in closed form, or that bend."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.features.head_inputs import FeatureScaler
from aqa_bench.learn.features.video_features import ClipSpec, read_clip
from aqa_bench.learn.looking import video_explanation
from aqa_bench.learn.looking.attribution import Attribution
from aqa_bench.learn.looking.video_explanation import PLACES, TOLERANCE, explain_clips
from aqa_bench.media.clips import uniform

pytest.importorskip("captum")

FEATURES = 5


class Noise(Media):
    """Pictures of noise, at the size that is asked for."""

    provides = frozenset({Modality.FRAMES})

    def __init__(self, seed: int, count: int = 12) -> None:
        self.seed, self.count = seed, count

    @property
    def length(self) -> int:
        return self.count

    @property
    def content_key(self) -> str:
        return f"noise-{self.seed}-{self.count}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        side = size or 20
        drawn = np.random.default_rng(self.seed).integers(0, 256, (self.count, side, side, 3))
        return drawn.astype(np.uint8)[range(self.count) if indices is None else list(indices)]


def noise(n: int, first: int = 0, count: int = 12) -> list[Sample]:
    return [Sample(f"s{i}", f"s{i}", Noise(i, count)) for i in range(first, first + n)]


def network_of(trunk: nn.Module, features: int = FEATURES) -> tuple[VideoBackbone, nn.Module]:
    half = (0.5, 0.4, 0.3)
    options = {"name": "drawn", "weights_name": "random", "num_features": features}
    return VideoBackbone(trunk, mean=half, std=half, **options).eval(), nn.Linear(features, 2).eval()


def linear(spec: ClipSpec, bend: nn.Module | None = None) -> tuple[VideoBackbone, nn.Module]:
    """A network that weighs every pixel of every time on its own, from one seed."""
    torch.manual_seed(0)
    layer = nn.Linear(3 * spec.frames * spec.side**2, FEATURES)
    return network_of(nn.Sequential(nn.Flatten(), layer, bend or nn.Identity()))


def pictures(sample: Sample, spec: ClipSpec) -> np.ndarray:
    return read_clip(sample, spec).astype(np.float64) / 255


def weighed(sample: Sample, reference: Sequence[Sample], spec: ClipSpec, scale: np.ndarray) -> np.ndarray:
    """Contributions ``(clips * frames, side, side)`` of the linear network, by hand."""
    backbone, head = linear(spec)
    layer, std = backbone.trunk[1], np.array(backbone.std)
    direction = (head.weight[1] - head.weight[0]).detach().double().numpy() / scale
    weights = direction @ layer.weight.detach().double().numpy() / spec.clips
    of_pixels = weights.reshape(3, spec.frames, spec.side, spec.side).transpose(1, 2, 3, 0) / std
    difference = pictures(sample, spec) - np.mean([pictures(s, spec) for s in reference], axis=0)
    return (difference * np.tile(of_pixels, (spec.clips, 1, 1, 1))).sum(axis=3)


SPECS = {
    "one clip": ClipSpec(6, 1, 16, 16),
    "two clips": ClipSpec(3, 2, 16, 16),
    "shuffled": ClipSpec(6, 1, 16, 16, "shuffled"),
    "two clips, shuffled": ClipSpec(3, 2, 16, 16, "shuffled"),
    "still": ClipSpec(6, 1, 16, 16, "still"),
    "more frames than the video has": ClipSpec(20, 1, 8, 8),
    "places of two pixels": ClipSpec(2, 1, 40, 32),
}


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("case", SPECS)
def test_contributions_of_a_linear_network_are_at_their_frame_and_place(case: str, scaled: bool) -> None:
    spec = SPECS[case]
    scale = np.linspace(0.5, 2, FEATURES)
    scaler = FeatureScaler(np.ones(FEATURES, np.float32), scale.astype(np.float32)) if scaled else None
    (sample,), reference = noise(1, first=50), noise(5)
    (found,) = explain_clips([sample], reference, linear(spec), spec, scaler=scaler, is_score=False)
    assert found.indices.dtype == np.int64
    assert found.maps.dtype == np.float32
    by_hand = weighed(sample, reference, spec, scale if scaled else np.ones(FEATURES))
    read = uniform(12, spec.frames * spec.clips)
    by_frame: dict[int, np.ndarray] = defaultdict(lambda: np.zeros((spec.side, spec.side)))
    for position, contributions in zip(spec.positions(sample), by_hand, strict=True):
        by_frame[int(read[position])] += contributions
    assert found.indices.tolist() == sorted(by_frame)
    expected = np.stack([by_frame[number] for number in sorted(by_frame)])
    if spec.side > PLACES:
        expected = expected.reshape(len(expected), PLACES, 2, PLACES, 2).sum(axis=(2, 4))
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)


def test_the_output_is_that_of_the_clip_and_the_baseline_that_of_the_average() -> None:
    spec = SPECS["two clips"]
    network, reference, samples = linear(spec), noise(5), noise(2, first=50)
    found = explain_clips(samples, reference, network, spec, is_score=False)
    scores = explain_clips(samples, reference, network, spec, is_score=True)
    average = np.mean([pictures(s, spec) for s in reference], axis=0)
    for sample, one, other in zip(samples, found, scores, strict=True):
        for frames, logit, score in (
            (pictures(sample, spec), one.output, other.output),
            (average, one.baseline, other.baseline),
        ):
            clips = torch.from_numpy(frames).float().permute(0, 3, 1, 2).unflatten(0, (2, 3))
            outputs = network[1](network[0](clips).mean(dim=0, keepdim=True))[0]
            assert logit == pytest.approx((outputs[1] - outputs[0]).item(), abs=1e-5)
            assert score == pytest.approx(outputs[0].item(), abs=1e-5)


def test_pixels_between_two_places_are_divided() -> None:
    spec = ClipSpec(2, 1, 24, 24)
    (sample,), reference = noise(1, first=50), noise(3)
    (found,) = explain_clips([sample], reference, linear(spec), spec, is_score=False)
    by_hand = weighed(sample, reference, spec, np.ones(FEATURES))
    assert found.maps.shape == (2, PLACES, PLACES)
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)), by_hand.sum(axis=(1, 2)), atol=1e-5)
    # Two places lie on three pixels: the first has the first pixel and half of the second.
    shares = np.array([1, 0.5])
    corner = (shares[:, None] * shares * by_hand[0, :2, :2]).sum()
    assert found.maps[0, 0, 0] == pytest.approx(corner, abs=1e-6)


def test_the_area_is_the_square_that_is_kept() -> None:
    spec = ClipSpec(3, 1, 40, 32)
    (found,) = explain_clips(noise(1), noise(2), linear(spec), spec, is_score=False)
    np.testing.assert_allclose(found.area, np.tile((0.1, 0.1, 0.9, 0.9), (3, 1)))


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Share of the path's length that each piece has, as they are measured."""
    seen: list[Tensor] = []
    lengths: list[float] = []
    measure = video_explanation.attribute_maps

    def spy(maps: list[Tensor], averages: list[Tensor], judge: Callable[..., Tensor], n: int) -> object:
        seen.append((maps[0] - averages[0]).norm())
        # The first four pieces are quarters of the path.
        lengths.append(round(float(seen[-1] / seen[0]) / 4, 4))
        return measure(maps, averages, judge, n)

    monkeypatch.setattr(video_explanation, "attribute_maps", spy)
    return lengths


class Bend(nn.Module):
    """As many steps as there are features, the steeper the narrower."""

    def __init__(self, steepness: float) -> None:
        super().__init__()
        self.steepness = steepness

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.steepness * x)


def within_tolerance(found: Attribution) -> bool:
    share, least = TOLERANCE
    difference = found.output - found.baseline
    return abs(float(found.maps.sum()) - difference) <= 1.01 * max(share * abs(difference), least)


@pytest.mark.parametrize(("steepness", "shortest"), [(1, 1 / 4), (300, 1 / 16)])
def test_the_path_is_cut_finer_where_the_network_bends(
    pieces: list[float], steepness: float, shortest: float
) -> None:
    spec = SPECS["one clip"]
    (found,) = explain_clips(noise(1, 50), noise(5), linear(spec, Bend(steepness)), spec, is_score=False)
    assert within_tolerance(found)
    assert pieces[:4] == [0.25] * 4
    assert min(pieces) <= shortest
    # Halved where it bends, and left as it is elsewhere.
    assert len(pieces) == 4 if steepness == 1 else 4 < len(pieces) < 2 * 64


def test_contributions_that_do_not_add_up_are_said(
    pieces: list[float], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_explanation, "_MOST_PIECES", 6)
    spec = SPECS["one clip"]
    with caplog.at_level(logging.WARNING):
        explain_clips(noise(1, 50), noise(5), linear(spec, Bend(1e6)), spec, is_score=False)
    assert len(pieces) == 4 + 2 * 2
    assert "score of s50 add up to" in caplog.text


def test_networks_are_left_as_they_were() -> None:
    spec = SPECS["one clip"]
    backbone, head = linear(spec)
    backbone.train()
    explain_clips(noise(1), noise(2), (backbone, head), spec, is_score=False)
    assert backbone.training
    assert not head.training
    assert all(p.grad is None and p.requires_grad for p in (*backbone.parameters(), *head.parameters()))


def test_a_trunk_of_torchvision_adds_up() -> None:
    torch.manual_seed(3)
    backbone, spec = build_video_backbone("mc3_18", "random"), ClipSpec(4, 1, 16, 16)
    network = backbone, nn.Linear(backbone.num_features, 2).eval()
    (found,) = explain_clips(noise(1, 50), noise(4), network, spec, is_score=False)
    assert within_tolerance(found)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_it_is_the_same() -> None:
    spec = SPECS["two clips, shuffled"]
    results: list[Attribution] = []
    for device in ("cpu", "cuda"):
        torch.manual_seed(3)
        backbone = build_video_backbone("r2plus1d-small", "random")
        network = backbone.to(device), nn.Linear(backbone.num_features, 2).eval().to(device)
        results += explain_clips(noise(1, 50), noise(4), network, spec, is_score=False)
    one, other = results
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_allclose(one.maps, other.maps, atol=1e-3 * np.abs(one.maps).max())
    assert one.output == pytest.approx(other.output, abs=1e-4)
