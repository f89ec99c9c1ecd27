"""Clips of lifters that are in no dataset: what a finder of the lifter is trained and tested on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from aqa_bench.core.dataset import LifterClip
from aqa_bench.media.clips import uniform

from .clip import make_clip, make_shot
from .plan import ClipPlan
from .presets import EXERCISES, GENERATOR_VERSION, PRESETS, Role

__all__ = ["GymLifters"]

#: No preset has clips of this role, so no sample of any dataset has their seeds, lifters or scenes.
_ROLE = cast(Role, "lifter")
_FIRST_SOURCE = 90001
_LARGEST = 128


@dataclass(frozen=True)
class GymLifters:
    """Clips in the scenes of a preset, all exercises in turn, each with its own lifter.

    Attributes:
        preset: Name of the preset.
    """

    preset: str

    @property
    def name(self) -> str:
        """Names the clips; presets that differ in nothing that is filmed share them."""
        return f"synthetic-gym {GENERATOR_VERSION} {self._scenes}"

    @property
    def finder(self) -> Path | None:
        """The finder of these scenes that comes with the gym, written by ``tools/train_finder.py``."""
        file = Path(__file__).with_name("finders") / f"{self._scenes}.finder"
        return file if file.is_file() else None

    def clips(self, start: int, stop: int, frames: int) -> Iterator[LifterClip]:
        """Render some frames, spread evenly, of the clips of these numbers."""
        from .render import render_shot

        preset = PRESETS[self._scenes]
        # The detector sees small pictures: larger ones would only take longer to draw.
        size = min(preset.size, _LARGEST)
        for number in range(start, stop):
            exercise = EXERCISES[number % len(EXERCISES)]
            plan = ClipPlan(preset.name, exercise, _ROLE, number, _FIRST_SOURCE + number, 1)
            clip = make_clip(plan)
            shown = [int(i) for i in np.unique(uniform(preset.frames, frames))]
            rendered = render_shot(make_shot(clip), size, preset.supersample, "cpu", shown)
            keypoints = clip.annotation.keypoints_2d[shown].astype(np.float32)
            keypoints[..., :2] *= size / preset.size
            yield LifterClip(rendered.frames.numpy(), keypoints)

    @property
    def _scenes(self) -> str:
        """Of the presets that film the same scenes at the same size, the first with the most frames."""
        own = PRESETS[self.preset]

        def filmed(name: str) -> tuple[object, ...]:
            of = PRESETS[name]
            return of.size, of.azimuth, of.clutter, of.people, of.zoom, of.supersample

        alike = [name for name in PRESETS if filmed(name) == filmed(own.name)]
        return max(alike, key=lambda name: PRESETS[name].frames)
