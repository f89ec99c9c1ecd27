"""A clip cut into repetitions, by the number that tells rest from effort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

__all__ = ["Cut", "cut"]

Array = npt.NDArray[np.float64]
_SMOOTH_S = 0.1
_CLEAR = 0.35
_PARTIAL = 0.5
_REST = 0.1
_KNOWN = 0.5


@dataclass(frozen=True)
class Cut:
    """One repetition.

    Attributes:
        start: First frame.
        turn: Frame of the most effort.
        end: Last frame.
        complete: Whether it comes from rest and goes back to it, and is no mere half of the others.
    """

    start: int
    turn: int
    end: int
    complete: bool


def cut(effort: Array, fps: float, least: float) -> list[Cut]:
    """Find the repetitions.

    A repetition is a rise from rest to a turn and the fall after it. Pauses at rest belong to none, pauses at
    the turn to the one that they are part of. What the clip's ends cut off, and what rises less than half as
    far as most do, is partial.

    Args:
        effort: ``(T,)``: least at rest, most at the turn; NaN where unknown.
        fps: Frames per second.
        least: Rises below this are no repetitions.

    Returns:
        In order of time; none where more than half of the effort is unknown.

    Example:
        >>> wave = 1 - np.cos(np.linspace(0, 4 * np.pi, 81))
        >>> [(c.start, c.turn, c.end, c.complete) for c in cut(wave, 10.0, 0.5)]
        [(4, 20, 36, True), (44, 60, 76, True)]
    """
    known = np.isfinite(effort)
    if len(effort) < 3 or known.mean() <= _KNOWN:
        return []
    times = np.arange(len(effort))
    filled = np.interp(times, times[known], effort[known])
    smooth = gaussian_filter1d(filled, _SMOOTH_S * fps, mode="nearest")
    spread = float(np.percentile(smooth, 98) - np.percentile(smooth, 2))
    clear = max(_CLEAR * spread, least / 2)
    # A turn that the clip's ends cut off is a peak, too.
    lowest = smooth.min() - 1
    padded = np.concatenate([[lowest], smooth, [lowest]])
    peaks, _ = find_peaks(padded, prominence=clear)
    turns = _with_rise([int(peak) - 1 for peak in peaks], smooth, clear)
    if not turns:
        return []
    rises = [max(_rises(turns, place, smooth)) for place in range(len(turns))]
    usual = float(np.median(rises))
    if max(rises) < least:
        return []
    return [
        _bounds(turns, place, smooth, usual, least) for place in range(len(turns)) if rises[place] >= clear
    ]


def _with_rise(turns: Sequence[int], smooth: Array, clear: float) -> list[int]:
    """Turns with a clear rise on one side at least; a clip that only stands has none."""
    return [
        turn for turn in turns if smooth[turn] - min(smooth[: turn + 1].min(), smooth[turn:].min()) >= clear
    ]


def _rises(turns: Sequence[int], place: int, smooth: Array) -> tuple[float, float]:
    """How far it rises before a turn and falls after it, to the lowest point before the next turn."""
    turn = turns[place]
    before = turns[place - 1] if place else 0
    after = turns[place + 1] if place + 1 < len(turns) else len(smooth) - 1
    return (
        float(smooth[turn] - smooth[before : turn + 1].min()),
        float(smooth[turn] - smooth[turn : after + 1].min()),
    )


def _bounds(turns: Sequence[int], place: int, smooth: Array, usual: float, least: float) -> Cut:
    turn = turns[place]
    before = turns[place - 1] if place else 0
    after = turns[place + 1] if place + 1 < len(turns) else len(smooth) - 1
    up, down = _rises(turns, place, smooth)
    rising, falling = smooth[before : turn + 1], smooth[turn : after + 1]
    # The last frame at rest before the turn, and the first after it.
    start = before + int(np.flatnonzero(rising <= rising.min() + _REST * up)[-1])
    end = turn + int(np.flatnonzero(falling <= falling.min() + _REST * down)[0])
    complete = min(up, down) >= max(_PARTIAL * usual, _PARTIAL * least) and max(up, down) >= least
    return Cut(start, turn, end, complete)
