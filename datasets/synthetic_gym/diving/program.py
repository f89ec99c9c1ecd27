"""The dives that are performed, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DIVES", "Board", "Dive", "Position", "Rotation"]

Position = Literal["tuck", "pike", "straight", "free"]
Rotation = Literal["front", "back", "reverse", "inward"]
Board = Literal["springboard", "platform"]

_POSITION: dict[Position, float] = {"tuck": 0.0, "pike": 0.2, "straight": 0.4, "free": 0.2}


@dataclass(frozen=True)
class Dive:
    """What a diver announces.

    Attributes:
        rotation: Direction of take-off and somersault.
        position: Shape of the body in flight; ``free`` is that of twisting dives.
        half_somersaults: Number of half somersaults.
        half_twists: Number of half twists.
        armstand: Whether the dive starts from a handstand (platform alone).
    """

    rotation: Rotation
    position: Position
    half_somersaults: int
    half_twists: int = 0
    armstand: bool = False

    @property
    def somersaults(self) -> float:
        """Number of somersaults."""
        return self.half_somersaults / 2

    @property
    def twists(self) -> float:
        """Number of twists."""
        return self.half_twists / 2

    @property
    def difficulty(self) -> float:
        """Degree of difficulty: grows with somersaults, twists, position and blind take-offs.

        Invented, in the range and the steps of the sport's tables.

        Example:
            >>> Dive("front", "tuck", 9).difficulty
            3.7
        """
        worth = 1.0 + 0.3 * self.half_somersaults + 0.2 * self.half_twists + _POSITION[self.position]
        return round(worth + 0.2 * (self.rotation != "front") + 0.3 * self.armstand, 1)


#: Every dive enters the water head first.
DIVES = (
    Dive("front", "pike", 3),
    Dive("front", "pike", 5),
    Dive("front", "pike", 7),
    Dive("front", "tuck", 7),
    Dive("front", "tuck", 9),
    Dive("back", "straight", 3),
    Dive("back", "pike", 5),
    Dive("back", "tuck", 7),
    Dive("reverse", "straight", 3),
    Dive("reverse", "tuck", 5),
    Dive("reverse", "tuck", 7),
    Dive("inward", "pike", 3),
    Dive("inward", "pike", 5),
    Dive("inward", "tuck", 7),
    Dive("front", "free", 5, 2),
    Dive("front", "free", 5, 4),
    Dive("back", "free", 3, 5),
    Dive("back", "free", 5, 3),
    Dive("back", "tuck", 4, armstand=True),
    Dive("back", "tuck", 6, armstand=True),
    Dive("front", "tuck", 4, armstand=True),
)
