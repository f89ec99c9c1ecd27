"""The angle over time with its repetitions, as numbers for an SVG under the video."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from aqa_bench.coach.assessment import Assessment, Series
from aqa_bench.coach.web.summary import answer_of

__all__ = ["HEIGHT", "WIDTH", "Band", "Plot", "Tick", "Trace", "bands_of", "plots_of", "ticks"]

#: Size of the drawing's own coordinates; the page stretches them.
WIDTH: Final = 1000.0
HEIGHT: Final = 240.0

_MOST_POINTS: Final = 1200
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis: ``at`` is its share of the axis, from left or top."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Band:
    """A repetition: places are shares of the width, times are seconds."""

    number: int
    answer: str
    left: float
    turn: float
    right: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Trace:
    """A line: its name and SVG path."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Plot:
    """All series of one unit."""

    unit: str
    traces: tuple[Trace, ...]
    times: tuple[Tick, ...]
    values: tuple[Tick, ...]
    low: float
    high: float


def plots_of(assessment: Assessment) -> list[Plot]:
    """One plot per unit, in the order of the series."""
    units = {series.unit: None for series in assessment.series}
    found = ([s for s in assessment.series if s.unit == unit] for unit in units)
    return [plot for chosen in found if (plot := _plot(chosen, assessment.clip.seconds)) is not None]


def bands_of(assessment: Assessment) -> list[Band]:
    """The repetitions on the time axis."""
    clip = assessment.clip
    if not clip.frames or not clip.seconds:
        return []
    bands = []
    for repetition in assessment.repetitions:
        frames = (repetition.start, repetition.turn, repetition.end)
        left, turn, right = (min(1.0, frame / clip.frames) for frame in frames)
        start_s, end_s = left * clip.seconds, right * clip.seconds
        bands.append(Band(repetition.index, answer_of(repetition), left, turn, right, start_s, end_s))
    return bands


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two ends.

    Example:
        >>> ticks(12.0, 171.0, 4)
        [50.0, 100.0, 150.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in _STEPS if size * factor >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _plot(chosen: Sequence[Series], seconds: float) -> Plot | None:
    known = [value for series in chosen for value in series.values if value is not None]
    if not known or seconds <= 0:
        return None
    low, high = min(known), max(known)
    margin = max(0.06 * (high - low), 1e-6 + 0.01 * abs(high))
    low, high = low - margin, high + margin
    times = [Tick(at / seconds, f"{at:g} s") for at in ticks(0.0, seconds, 6)]
    values = [Tick((high - value) / (high - low), f"{value:g}") for value in ticks(low, high, 4)]
    traces = tuple(Trace(series.name, _path(series.values, low, high)) for series in chosen)
    return Plot(chosen[0].unit, traces, tuple(times), tuple(values), low, high)


def _path(values: Sequence[float | None], low: float, high: float) -> str:
    return " ".join(
        "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in part) for part in _parts(values, low, high)
    )


def _parts(values: Sequence[float | None], low: float, high: float) -> Iterator[list[tuple[float, float]]]:
    """Runs of known values; a gap stays a gap."""
    step = max(1, len(values) // _MOST_POINTS)
    points = list(enumerate(values))[::step]
    for known, run in groupby(points, key=lambda point: point[1] is not None):
        if known:
            yield [
                ((at + 0.5) / len(values) * WIDTH, (high - value) / (high - low) * HEIGHT)
                for at, value in run
                if value is not None
            ]
