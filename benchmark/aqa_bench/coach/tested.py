"""What the clips were like that a judge was tested on: measured by tools/coach_tested.py."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError

__all__ = ["Span", "Tested", "known_clips"]

Span = tuple[float, float]
"""Least and most."""
_FILE = Path(__file__).with_name("tested.json")


class Tested(BaseModel):
    """The tested clips of one exercise.

    Attributes:
        dataset: Dataset id.
        fingerprint: Of the dataset.
        clips: Number of clips that were measured.
        turned: Least and most angle between the body's front and the camera, degrees.
        torso: Least and most length of the torso in pixels.
        seconds: Least and most duration of a repetition; None where the frame rate is not known.
        seen: For each joint that matters, by name without side, the least share of a clip's frames that show
            it on the side that is seen more.
        figures: Least and most of every number of :data:`aqa_bench.coach.posture.FIGURES`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    fingerprint: str
    clips: Annotated[int, Field(ge=1)]
    turned: Span
    torso: Span
    seconds: Span | None
    seen: dict[str, float]
    figures: dict[str, Span]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    exercises: dict[str, Tested]


@cache
def known_clips(file: Path = _FILE) -> Mapping[str, Tested]:
    """The tested clips of every exercise.

    Args:
        file: Where they are described; the coach's own file by default.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        return _Document.model_validate_json(read_bounded(file)).exercises
    except (OSError, ValidationError) as error:
        raise DataError(
            "The description of the tested clips cannot be read.",
            where=file,
            expected="a file written by tools/coach_tested.py",
            found=str(error).partition("\n")[0],
            remedy="Install aqa-bench again.",
        ) from error
