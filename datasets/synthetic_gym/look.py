"""What the lifter wears: colours and cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .kinematics import Array

__all__ = ["Look", "any_colour", "grey", "sample_look"]

_SKINS = np.array(
    [[0.87, 0.68, 0.56], [0.76, 0.55, 0.42], [0.58, 0.39, 0.28], [0.36, 0.23, 0.16], [0.92, 0.75, 0.64]]
)
_HAIRS = np.array([[0.08, 0.06, 0.05], [0.3, 0.2, 0.12], [0.7, 0.55, 0.3], [0.5, 0.5, 0.5]])


@dataclass(frozen=True)
class Look:
    """Appearance of one person. Colours are linear RGB, shape ``(3,)``.

    Attributes:
        skin: Skin.
        top: Shirt.
        bottom: Trousers or shorts.
        shoe: Shoes.
        hair: Hair.
        plate: Weight plates of the person's bar.
        stripe: Second colour of the shirt.
        sleeve: Share of the upper arm that is covered; over 1 covers the forearm, too.
        leg: Share of the thigh that is covered; over 1 covers the shin, too.
        pattern: 0 plain, 1 rings, 2 stripes along.
        stripes: Angular frequency of the rings in 1/m.
        bun: Whether the hair is tied up.
        bare: Whether there is no shirt.
        belt: Whether a lifting belt is worn.
    """

    skin: Array
    top: Array
    bottom: Array
    shoe: Array
    hair: Array
    plate: Array
    stripe: Array
    sleeve: float
    leg: float
    pattern: int
    stripes: float
    bun: bool
    bare: bool
    belt: bool


def any_colour(rng: np.random.Generator, low: float = 0.05, high: float = 0.9) -> Array:
    """A colour drawn uniformly, shape ``(3,)``."""
    return rng.uniform(low, high, 3)


def grey(rng: np.random.Generator, low: float, high: float) -> Array:
    """A neutral colour, shape ``(3,)``."""
    return np.full(3, rng.uniform(low, high))


def sample_look(rng: np.random.Generator) -> Look:
    """Draw an appearance."""

    def cloth() -> Array:
        kind = rng.random()
        if kind < 0.35:
            return np.clip(grey(rng, 0.05, 0.2) + rng.normal(0, 0.02, 3), 0.02, 1)
        return grey(rng, 0.5, 0.9) if kind < 0.55 else any_colour(rng)

    return Look(
        skin=_SKINS[rng.integers(len(_SKINS))] * rng.uniform(0.85, 1.08),
        top=cloth(),
        bottom=cloth(),
        shoe=cloth(),
        hair=_HAIRS[rng.integers(len(_HAIRS))],
        plate=grey(rng, 0.03, 0.1) if rng.random() < 0.6 else any_colour(rng, 0.1, 0.7),
        stripe=any_colour(rng),
        sleeve=float(rng.choice([0.0, 0.55, 1.0, 2.0])),
        leg=float(rng.choice([0.45, 0.75, 1.0, 2.0, 2.0])),
        pattern=int(rng.choice([0, 0, 0, 1, 2])),
        stripes=float(rng.uniform(15, 60)),
        bun=bool(rng.random() < 0.4),
        bare=bool(rng.random() < 0.12),
        belt=bool(rng.random() < 0.35),
    )
