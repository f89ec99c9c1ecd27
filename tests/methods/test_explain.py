"""Explanations of fitted image methods on drawn samples whose label lies in one corner of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from aqa_bench.core.errors import MethodError, UsageError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.task import Modality
from aqa_bench.learn.looking.attribution import Attribution, Explainable
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.training.device import Precision

HALF_CYCLE = find_method("half-cycle-difference")
IMAGENET = find_method("imagenet")

pytest.importorskip("captum")


class CornerClip(Media):
    """Grey noise; in an error the upper right quarter is red."""

    provides = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    def __init__(self, seed: int, error: bool) -> None:
        self.seed, self.error = seed, error

    @property
    def length(self) -> int:
        return 12

    @property
    def content_key(self) -> str:
        return f"{type(self).__name__}-{self.seed}-{self.error}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        side = size or 32
        rng = np.random.default_rng(self.seed)
        drawn = np.repeat(rng.integers(88, 92, (12, side, side, 1)), 3, axis=3).astype(np.uint8)
        if self.error:
            drawn[:, : side // 2, side // 2 :, 0] = 255
        return drawn[range(12) if indices is None else list(indices)]

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, 12)).astype(np.float32)
        return Trajectory((elevation - elevation.min()) / np.ptp(elevation), np.ones(12, np.float32), 5)


class CornerImage(CornerClip):
    provides = frozenset({Modality.IMAGE})

    def image(self, size: int | None = None) -> np.ndarray:
        return self.frames([3], size)[0]


def labelled(n: int, kind: type[CornerClip], first: int = 0) -> LabeledSet:
    samples = [Sample(f"s{i}", f"s{i}", kind(i, i % 2 == 1)) for i in range(first, first + n)]
    return LabeledSet(tuple(samples), np.array([float(i % 2) for i in range(first, first + n)]))


def in_corner(found: Attribution) -> float:
    """Share of what speaks for an error in the upper right quarter and as far as convolutions spread it."""
    maps = np.maximum(found.maps, 0)
    _, height, width = maps.shape
    reach = height // 8
    return float(maps[:, : height // 2 + reach, width // 2 - reach :].sum() / maps.sum())


CASES = {
    "clips": (IMAGENET, CornerClip, ()),
    "clips, maps of two stages": (IMAGENET, CornerClip, ("pooling=map", "stages=[1,2]", "grid=4")),
    "stills, frozen": (IMAGENET, CornerImage, ("finetune=false", "head_epochs=40")),
    "stills, fine-tuned": (IMAGENET, CornerImage, ("finetune=true", "finetune_lr=0.003")),
}
SETTINGS = (
    *("resize=64", "crop=64", "head_epochs=15", "components=6"),
    *("finetune_epochs=12", "finetune_batch_size=8", "finetune_augmentation=none"),
)


@pytest.mark.parametrize("case", CASES)
def test_what_speaks_for_an_error_lies_where_it_shows(bench, case: str) -> None:
    method, kind, overrides = CASES[case]
    bench.labelled = lambda n, first: labelled(n, kind, first)
    fitted = bench.fit(method, *SETTINGS, *overrides, train=labelled(16, kind)).predictor
    assert isinstance(fitted, Explainable)
    errors = [sample for sample, target in labelled(4, kind, first=100) if target == 1]
    scores = fitted.predict(errors)
    assert scores.min() > 0.5
    explained = fitted.attribution(errors, labelled(16, kind).samples)
    assert min(in_corner(found) for found in explained) > 0.75
    for found, score in zip(explained, scores, strict=True):
        assert 1 / (1 + np.exp(-found.output)) == pytest.approx(score, abs=0.02)
        assert found.maps.sum() == pytest.approx(found.output - found.baseline, rel=0.05)
        assert found.maps.shape[0] == len(found.indices) == len(found.area)


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("case", ["clips", "stills, frozen"])
def test_what_is_explained_is_what_was_judged_in_either_precision(
    bench, case: str, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_PRECISION", precision.dtype)
    method, kind, overrides = CASES[case]
    bench.labelled = lambda n, first: labelled(n, kind, first)
    # Maps are rounded by the backbone alone, and pooled in float32 for features and explanations alike.
    maps = ("pooling=map", "stages=[1,2]", "grid=2")
    fitted = bench.fit(method, *SETTINGS, *overrides, *maps, train=labelled(16, kind)).predictor
    samples = labelled(6, kind, first=100).samples
    scores = fitted.predict(samples)
    explained = [found.output for found in fitted.attribution(samples, labelled(16, kind).samples)]
    np.testing.assert_allclose(explained, np.log(scores / (1 - scores)), rtol=1e-3)


def test_differences_of_half_cycles_are_traced_back_to_their_frames(bench) -> None:
    bench.labelled = lambda n, first: labelled(n, CornerClip, first)
    fitted = bench.fit(
        HALF_CYCLE, "head_epochs=20", "region=frame", "stages=[1,2]", "grid=4", train=labelled(16, CornerClip)
    ).predictor
    (sample,) = labelled(1, CornerClip, first=101).samples
    (found,) = fitted.attribution([sample], labelled(16, CornerClip).samples)
    assert 1 / (1 + np.exp(-found.output)) == pytest.approx(fitted.predict([sample])[0], abs=0.02)
    assert in_corner(found) > 0.5


def test_the_area_is_what_the_network_sees(bench) -> None:
    fitted = bench.fit(IMAGENET, "resize=40", "head_epochs=1").predictor
    (found,) = fitted.attribution(bench.labelled(1).samples, bench.labelled(2).samples)
    np.testing.assert_allclose(found.area, np.tile((0.1, 0.1, 0.9, 0.9), (len(found.indices), 1)))


def test_arrangements_that_are_not_linear_are_refused(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageMethod, "arranged", lambda self, sample, features, extractor: features**2)
    fitted = bench.fit(IMAGENET, "head_epochs=1").predictor
    with pytest.raises(MethodError, match="cannot be explained"):
        fitted.attribution(bench.labelled(1).samples, bench.labelled(2).samples)


def test_features_that_are_no_means_of_maps_are_refused(bench, tiny, monkeypatch) -> None:
    fitted = bench.fit(IMAGENET, "head_epochs=1").predictor
    monkeypatch.setattr(tiny, "_pooled", lambda self, x: self.trunk(x).amax(dim=(2, 3)))
    with pytest.raises(UsageError, match="cannot be traced"):
        fitted.attribution(bench.labelled(1).samples, bench.labelled(2).samples)
