"""``figure.toml``: what a method's folder says of the picture of its idea, as pieces on a canvas.

Coordinates are units of the picture, from its top left corner. A piece that is drawn later lies on top.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.toml_file import read_toml_as

__all__ = [
    "FIGURE_FILE",
    "Arrow",
    "Box",
    "Curve",
    "Dots",
    "Figure",
    "Frames",
    "Label",
    "Matrix",
    "Piece",
    "Ring",
    "read_figure",
]

FIGURE_FILE = "figure.toml"
#: Units across every picture; a phone shows about 350 pixels, a desk 580.
WIDTH = 480

Point = tuple[float, float]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(max_length=60)]
Ink = Literal["plain", "first", "second", "good", "bad"]


class _Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Frames(_Piece):
    """A row of frames, each with a person.

    Attributes:
        at: Top left corner.
        poses: One per frame: elevation of the bar, or share of the dive that is over.
        person: Who is seen; bodies and rooms differ in shape and not in colour alone.
        motion: What the person does.
        size: Side of a frame.
        gap: Units between frames.
        name: Words above.
        below: Words below each frame.
        turn: Degrees that every frame is turned by, clockwise.
        joints: Whether joints are marked.
        empty: Whether the room is left out.
    """

    kind: Literal["frames"]
    at: Point
    poses: tuple[Share, ...] = Field(min_length=1, max_length=12)
    person: Literal["first", "second"] = "first"
    motion: Literal["lift", "dive"] = "lift"
    size: float = 52
    gap: float = 8
    name: Words = ""
    below: tuple[Words, ...] = ()
    turn: float = 0
    joints: bool = False
    empty: bool = False


class Arrow(_Piece):
    """From one point to another: a step, two that attract, two that repel, or a line.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        way: What it says; those that repel are dashed.
        text: Words beside its middle.
        bend: Units that its middle lies off the straight line, to the left of its way.
    """

    kind: Literal["arrow"]
    start: Point
    end: Point
    way: Literal["step", "attract", "repel", "line"] = "step"
    text: Words = ""
    bend: float = 0


class Box(_Piece):
    """A named box: a network, a loss, a decision.

    Attributes:
        at: Top left corner.
        size: Width and height.
        lines: Its words, line by line.
        look: Networks are square, codes rounded, goals bold.
        ink: Colour of its border.
    """

    kind: Literal["box"]
    at: Point
    size: Point
    lines: tuple[Words, ...]
    look: Literal["network", "code", "goal"] = "network"
    ink: Ink = "plain"


class Curve(_Piece):
    """A line through values that are spread evenly over its width; 1 is its top."""

    kind: Literal["curve"]
    at: Point
    size: Point
    values: tuple[Share, ...] = Field(min_length=2, max_length=40)
    ink: Ink = "plain"
    name: Words = ""


class Dots(_Piece):
    """Points; those of the ink ``bad`` are crosses."""

    kind: Literal["dots"]
    points: tuple[Point, ...]
    ink: Ink = "plain"


class Ring(_Piece):
    """An ellipse around a region."""

    kind: Literal["ring"]
    at: Point
    radii: Point
    ink: Ink = "good"


class Matrix(_Piece):
    """A square of shaded cells, symmetric, like the distances between joints.

    Attributes:
        at: Top left corner.
        size: Its side.
        joints: Cells per side.
        ink: Their colour.
    """

    kind: Literal["matrix"]
    at: Point
    size: float
    joints: int = Field(ge=2, le=12)
    ink: Ink = "first"


class Label(_Piece):
    """Words."""

    kind: Literal["text"]
    at: Point
    text: Words
    anchor: Literal["start", "middle", "end"] = "start"
    strong: bool = False


Piece = Annotated[
    Frames | Arrow | Box | Curve | Dots | Ring | Matrix | Label,
    Field(discriminator="kind"),
]


class Figure(_Piece):
    """The picture of a method's idea.

    Attributes:
        title: What it is called.
        shows: What is seen in it, for who does not see it.
        idea: The idea in three sentences.
        height: Units from top to bottom.
        draw: Its pieces.
    """

    title: str = Field(min_length=1, max_length=80)
    shows: str = Field(min_length=1, max_length=400)
    idea: tuple[str, str, str]
    height: float = Field(gt=0, le=480)
    draw: tuple[Piece, ...] = Field(min_length=1, max_length=60)


def read_figure(folder: Path) -> Figure | None:
    """The picture that a method ships in its folder; None where it ships none.

    Raises:
        UsageError: The file is damaged or does not follow the schema.
    """
    file = folder / FIGURE_FILE
    return read_toml_as(Figure, file, "figure") if file.is_file() else None
