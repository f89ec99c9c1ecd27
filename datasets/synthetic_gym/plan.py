"""Which clips a dataset has: names, sources and seeds, before anything is simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aqa_bench.core.seeds import derive_seed

from .presets import GENERATOR_VERSION, ROLES, Exercise, Role, preset_named

__all__ = ["ClipPlan", "plan_clips"]

_FIRST_SOURCE = {"labelled": 30001, "unlabelled": 60001}
_REPETITIONS = (0.45, 0.35, 0.2)


@dataclass(frozen=True)
class ClipPlan:
    """One clip to be made. Equal plans give equal clips.

    Attributes:
        preset: Name of the preset.
        exercise: Which exercise.
        role: Labelled or part of the unlabelled pool.
        index: Number of the clip within its role.
        source: Number of the filmed session; its clips share lifter, scene and camera.
        repetition: Number of the clip within its source, from 1.
    """

    preset: str
    exercise: Exercise
    role: Role
    index: int
    source: int
    repetition: int

    @property
    def id(self) -> str:
        """Clip id ``<source>_<repetition>``, in digits as in the release."""
        return f"{self.source}_{self.repetition}"

    @property
    def seed(self) -> int:
        """Seed of the repetition."""
        return derive_seed(*self._path, self.index)

    def stream(self, name: str) -> np.random.Generator:
        """Random stream of the repetition; streams of different names are independent."""
        return np.random.default_rng(derive_seed(*self._path, self.index, name))

    def source_stream(self, name: str, attempt: int = 0) -> np.random.Generator:
        """Random stream shared by all repetitions of the source."""
        return np.random.default_rng(derive_seed(*self._path, "source", self.source, name, attempt))

    @property
    def _path(self) -> tuple[str, ...]:
        drawn = preset_named(self.preset).drawn_as
        return ("synthetic-gym", GENERATOR_VERSION, drawn, self.exercise, self.role)


def plan_clips(preset: str, exercise: Exercise, role: Role | None = None) -> list[ClipPlan]:
    """List the clips of a dataset, the labelled ones first.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        role: Only this role; None for both.

    Raises:
        UsageError: There is no preset of that name.
    """
    drawn = preset_named(preset)
    counts = dict(zip(ROLES, drawn.clips[exercise], strict=True))
    plans: list[ClipPlan] = []
    for part in ROLES if role is None else (role,):
        rng = np.random.default_rng(
            derive_seed("synthetic-gym", GENERATOR_VERSION, drawn.drawn_as, exercise, part, "plan")
        )
        source, made = _FIRST_SOURCE[part], 0
        while made < counts[part]:
            repetitions = min(1 + int(rng.choice(len(_REPETITIONS), p=_REPETITIONS)), counts[part] - made)
            for repetition in range(1, repetitions + 1):
                plans.append(ClipPlan(preset, exercise, part, made, source, repetition))
                made += 1
            source += int(rng.integers(1, 8))
    return plans
