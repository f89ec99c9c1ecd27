"""Hyper-parameters of methods that ask how fast a clip is played."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, field_validator

from aqa_bench.learn.methods.video_recipe import VideoPretrainingRecipe

__all__ = ["SpeedRecipe"]


class SpeedRecipe(VideoPretrainingRecipe):
    """The speeds.

    Attributes:
        speeds: Multiples of the normal speed that are told apart, in rising order.
    """

    speeds: tuple[int, ...] = Field(default=(1, 2, 3, 4), min_length=2)

    @field_validator("speeds")
    @classmethod
    def _rising(cls, speeds: tuple[int, ...]) -> tuple[int, ...]:
        if speeds[0] < 1 or any(a >= b for a, b in pairwise(speeds)):
            raise ValueError("speeds are whole numbers of 1 or more, each larger than the one before")
        return speeds
