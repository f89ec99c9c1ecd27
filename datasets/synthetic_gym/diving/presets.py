"""What is generated: numbers of events and dives, and the size of the picture, under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aqa_bench.core.errors import UsageError

__all__ = ["DIVING_VERSION", "PRESETS", "SECONDS", "DivingPreset", "diving_preset"]

#: Raised whenever the same seed no longer gives the same dives.
DIVING_VERSION = "1"
#: Length of every clip.
SECONDS = 2.4


@dataclass(frozen=True)
class DivingPreset:
    """Everything that decides the generated dives besides the generator's version.

    Attributes:
        name: Identifier; part of every seed.
        size: Side of the square frames in pixels.
        frames: Frames per clip.
        events: Number of events.
        dives: Dives per event.
        supersample: Rays per pixel and axis.
    """

    name: str
    size: int
    frames: int
    events: int
    dives: int
    supersample: int = 2

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.frames / SECONDS


#: The first one is the default.
PRESETS: Mapping[str, DivingPreset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            DivingPreset("demo", 96, 32, 12, 25),
            DivingPreset("tiny", 64, 24, 4, 8),
            DivingPreset("wild", 128, 48, 20, 60),
            DivingPreset("wild-224", 224, 48, 20, 60),
            DivingPreset("study", 96, 32, 16, 88),
            DivingPreset("study-wild", 160, 48, 16, 88),
        )
    }
)


def diving_preset(name: str) -> DivingPreset:
    """Look a preset up.

    Raises:
        UsageError: There is no preset of that name.
    """
    if name not in PRESETS:
        raise UsageError(
            "The dives have no such preset.",
            expected=", ".join(PRESETS),
            found=name,
            remedy="Choose one of the presets listed.",
        )
    return PRESETS[name]
