"""Explanations of fitted video methods on drawn clips whose error shows in one corner, part of the time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, TaskKind
from aqa_bench.learn.looking.attribution import Attribution, Explainable
from aqa_bench.learn.looking.video_explanation import TOLERANCE

KINETICS = find_method("kinetics")
MOTION = find_method("md")

pytest.importorskip("captum")

FRAMES = 24
SHOWS = range(8, 16)
REACH = 1
"""Frames that convolutions spread what they see over, either way."""


class PassingError(Media):
    """Grey noise; in an error the upper right quarter is red from frame 8 to frame 15."""

    provides = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    def __init__(self, seed: int, error: bool) -> None:
        self.seed, self.error = seed, error

    @property
    def length(self) -> int:
        return FRAMES

    @property
    def content_key(self) -> str:
        return f"{type(self).__name__}-{self.seed}-{self.error}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        side = size or 32
        rng = np.random.default_rng(self.seed)
        drawn = np.repeat(rng.integers(88, 92, (FRAMES, side, side, 1)), 3, axis=3).astype(np.uint8)
        if self.error:
            drawn[SHOWS.start : SHOWS.stop, : side // 2, side // 2 :, 0] = 255
        return drawn[range(FRAMES) if indices is None else list(indices)]


def labelled(n: int, first: int = 0) -> LabeledSet:
    samples = [Sample(f"s{i}", f"s{i}", PassingError(i, i % 2 == 1)) for i in range(first, first + n)]
    return LabeledSet(tuple(samples), np.array([float(i % 2) for i in range(first, first + n)]))


def errors(n: int, first: int = 100) -> list[Sample]:
    return [sample for sample, target in labelled(2 * n, first) if target == 1]


def where_it_shows(found: Attribution) -> float:
    """Share of what speaks for an error within reach of the place and the time where it shows."""
    maps = np.maximum(found.maps, 0)
    _, height, width = maps.shape
    reach = height // 8
    times = (found.indices >= SHOWS.start - REACH) & (found.indices < SHOWS.stop + REACH)
    return float(maps[times, : height // 2 + reach, width // 2 - reach :].sum() / maps.sum())


def missing(found: Attribution) -> float:
    """How far contributions are from adding up, in tolerances."""
    difference = found.output - found.baseline
    share, least = TOLERANCE
    return abs(float(found.maps.sum()) - difference) / max(share * abs(difference), least)


SETTINGS = (
    *("frames=12", "finetune_epochs=12", "finetune_lr=0.003", "finetune_augmentation=none", "patience=null"),
    *("head_epochs=40", "head_lr=0.01", "dropout=0"),
)
CASES = {
    "fine-tuned": ("regime=finetune",),
    "fine-tuned, two clips": ("regime=finetune", "clips=2"),
    "fine-tuned, shuffled": ("regime=finetune", "order=shuffled"),
    "frozen": ("regime=frozen",),
    "frozen, two clips": ("regime=frozen", "clips=2"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_speaks_for_an_error_lies_where_and_when_it_shows(video_bench, case: str) -> None:
    bench = video_bench()
    bench.labelled = labelled
    fitted = bench.fit(KINETICS, *SETTINGS, *CASES[case], train=labelled(16)).predictor
    assert isinstance(fitted, Explainable)
    samples = errors(2)
    scores = fitted.predict(samples)
    assert scores.min() > 0.5
    explained = fitted.attribution(samples, labelled(16).samples)
    assert min(where_it_shows(found) for found in explained) > 0.75
    for found, score in zip(explained, scores, strict=True):
        assert 1 / (1 + np.exp(-found.output)) == pytest.approx(score, abs=0.02)
        assert missing(found) <= 1.01
        assert found.maps.shape[0] == len(found.indices) == len(found.area)
        assert (np.diff(found.indices) > 0).all()
        assert found.indices[[0, -1]].tolist() == [0, FRAMES - 1]


def test_without_motion_there_is_one_frame(video_bench) -> None:
    bench = video_bench()
    bench.labelled = labelled
    fitted = bench.fit(KINETICS, *SETTINGS, "regime=frozen", "order=still", train=labelled(16)).predictor
    (found,) = fitted.attribution(errors(1), labelled(16).samples)
    (number,) = found.indices
    assert number in SHOWS
    assert where_it_shows(found) > 0.75
    assert missing(found) <= 1.01


@pytest.mark.parametrize("regime", ["finetune", "frozen"])
def test_scores_are_explained_in_standard_deviations(video_bench, regime: str) -> None:
    bench = video_bench()
    train, val = (LabeledSet(s.samples, 50 + 10 * s.targets) for s in (labelled(16), labelled(4, 50)))
    fitted = bench.fit(
        KINETICS, *SETTINGS, f"regime={regime}", train=train, val=val, task_kind=TaskKind.SCORE
    ).predictor
    samples = errors(1)
    (found,) = fitted.attribution(samples, train.samples)
    # Features of a fixed network may have been computed in bfloat16.
    near = 0.2 if regime == "frozen" else 1e-3
    mean, deviation = train.targets.mean(), train.targets.std()
    assert (fitted.predict(samples)[0] - mean) / deviation == pytest.approx(found.output, abs=near)
    assert missing(found) <= 1.01


def test_pretrained_networks_are_explained_too(video_bench) -> None:
    bench = video_bench()
    fitted = bench.fit(MOTION, pool=bench.pool(6)).predictor
    samples = bench.labelled(2, first=100).samples
    explained = fitted.attribution(samples, bench.labelled(8).samples)
    for found, score in zip(explained, fitted.predict(samples), strict=True):
        assert 1 / (1 + np.exp(-found.output)) == pytest.approx(score, abs=0.02)
        assert missing(found) <= 1.01
