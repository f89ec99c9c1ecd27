"""What is generated: sizes, scenes and error rates under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from aqa_bench.core.errors import UsageError

__all__ = ["EXERCISES", "GENERATOR_VERSION", "PRESETS", "ROLES", "Exercise", "Preset", "Role", "preset_named"]

#: Raised whenever the same seed no longer gives the same clips.
GENERATOR_VERSION = "1"

Exercise = Literal["backsquat", "overhead-press", "barbell-row"]
Role = Literal["labelled", "unlabelled"]
EXERCISES: tuple[Exercise, ...] = get_args(Exercise)
ROLES: tuple[Role, ...] = get_args(Role)

#: Clips that hold the error, chosen so that rates over the released units are those of Fitness-AQA:
#: clips for kie, kfe, elbow and knees; images for ss (.44), lumbar (.157) and torso (.092).
_RELEASE_RATES = MappingProxyType(
    {"kie": 0.143, "kfe": 0.683, "ss": 0.66, "elbow": 0.255, "knees": 0.344, "lumbar": 0.45, "torso": 0.28}
)
_BALANCED_RATES = MappingProxyType(dict.fromkeys(_RELEASE_RATES, 0.4))


@dataclass(frozen=True)
class Preset:
    """Everything that decides a generated dataset besides the exercise and the generator's version.

    Attributes:
        name: Identifier.
        size: Side of the square frames in pixels.
        frames: Frames per clip; a clip always lasts 3.2 s and shows one repetition.
        clips: Clips per exercise as ``(labelled, unlabelled)``.
        azimuth: Range of the camera's angle from the lifter's front in degrees, either side; None
            for all around.
        clutter: Amount of furniture, posters and racks, 0 to 1.
        people: Mean number of bystanders drawn.
        zoom: How much closer than full framing the camera stands.
        margin: Half-width of the empty band around each error's threshold, as a share of the
            distance between threshold and severe.
        rates: Share of clips with each error.
        images: Images per labelled clip of the image tasks.
        supersample: Rays per pixel and axis.
        edition: Part of every seed after the name; raised when a preset is drawn anew.
        exact: Whether the parts of the split hold their share of the labelled clips to the clip, as near
            as whole sources allow, before their error rates are evened out.
    """

    name: str
    size: int
    frames: int
    clips: Mapping[Exercise, tuple[int, int]]
    azimuth: tuple[float, float] | None = (12.0, 60.0)
    clutter: float = 0.5
    people: float = 0.5
    zoom: float = 1.12
    margin: float = 0.35
    rates: Mapping[str, float] = field(default_factory=lambda: _BALANCED_RATES)
    images: int = 6
    supersample: int = 2
    edition: int = 1
    exact: bool = False

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.frames / 3.2

    @property
    def drawn_as(self) -> str:
        """What names its draws: in every seed, in keys of caches and on disk."""
        return self.name if self.edition == 1 else f"{self.name}-{self.edition}"


def _clips(
    squat: tuple[int, int], press: tuple[int, int], row: tuple[int, int]
) -> Mapping[Exercise, tuple[int, int]]:
    return MappingProxyType({"backsquat": squat, "overhead-press": press, "barbell-row": row})


_WILD = _clips((640, 1200), (640, 1200), (640, 0))
_STUDY = _clips((1600, 800), (1600, 800), (1600, 0))

#: The first one is the default of every exercise.
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("demo", 96, 16, _clips((800, 400), (320, 200), (320, 0)), edition=2, images=4, exact=True),
            Preset("tiny", 64, 16, _clips((40, 24), (20, 10), (16, 0)), people=0.25),
            Preset(
                "wild", 128, 32, _WILD, azimuth=None, clutter=1.0, zoom=1.0, margin=0.12, rates=_RELEASE_RATES
            ),
            Preset(
                "wild-224",
                224,
                32,
                _WILD,
                azimuth=None,
                clutter=1.0,
                zoom=1.0,
                margin=0.12,
                rates=_RELEASE_RATES,
            ),
            Preset("study", 96, 32, _STUDY, exact=True),
            Preset(
                "study-wild",
                160,
                32,
                _STUDY,
                azimuth=None,
                clutter=1.0,
                zoom=1.0,
                margin=0.12,
                rates=_RELEASE_RATES,
                exact=True,
            ),
        )
    }
)


def preset_named(name: str) -> Preset:
    """Look a preset up.

    Raises:
        UsageError: There is no preset of that name.
    """
    if name not in PRESETS:
        raise UsageError(
            "The synthetic gym has no such preset.",
            expected=", ".join(PRESETS),
            found=name,
            remedy="Choose one of the presets listed.",
        )
    return PRESETS[name]
