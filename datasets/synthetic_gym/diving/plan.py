"""Which dives a dataset has: events, their programs and seeds, before anything is simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aqa_bench.core.seeds import derive_seed

from .presets import DIVING_VERSION, diving_preset
from .program import DIVES, Board, Dive

__all__ = ["DivePlan", "event_board", "plan_dives"]

_PROGRAM = 7


@dataclass(frozen=True)
class DivePlan:
    """One dive to be made. Equal plans give equal clips.

    Attributes:
        preset: Name of the preset.
        event: Number of the event, from 1; its dives share pool, camera, light and judges.
        number: Number of the dive within the event, from 1.
        dive: What is performed.
        board: Where from.
    """

    preset: str
    event: int
    number: int
    dive: Dive
    board: Board

    @property
    def id(self) -> str:
        """Sample id ``<event>_<number>``."""
        return f"{self.event:02d}_{self.number:03d}"

    def stream(self, name: str) -> np.random.Generator:
        """Random stream of the dive; streams of different names are independent."""
        return np.random.default_rng(_seed(self.preset, self.event, self.number, name))

    def event_stream(self, name: str) -> np.random.Generator:
        """Random stream shared by all dives of the event."""
        return np.random.default_rng(_seed(self.preset, self.event, name))


def event_board(event: int) -> Board:
    """Springboard and platform take turns."""
    return "springboard" if event % 2 else "platform"


def plan_dives(preset: str) -> list[DivePlan]:
    """List the dives of a preset, event by event.

    Args:
        preset: Name of the preset.

    Raises:
        UsageError: There is no preset of that name.
    """
    known = diving_preset(preset)
    plans: list[DivePlan] = []
    for event in range(1, known.events + 1):
        board = event_board(event)
        rng = np.random.default_rng(_seed(preset, event, "program"))
        allowed = [dive for dive in DIVES if board == "platform" or not dive.armstand]
        program = rng.choice(len(allowed), _PROGRAM, replace=False)
        plans += [
            DivePlan(preset, event, number, allowed[int(rng.choice(program))], board)
            for number in range(1, known.dives + 1)
        ]
    return plans


def _seed(preset: str, *path: str | int) -> int:
    return derive_seed("synthetic-gym", "diving", DIVING_VERSION, preset, *path)
