"""Who lifts: body proportions and habits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Subject", "sample_subject"]


@dataclass(frozen=True)
class Subject:
    """Body and habits of one lifter. Lengths in metres, angles in degrees.

    Segment lengths follow the shares of body height of Winter, Biomechanics and Motor Control of
    Human Movement (2009, fig. 4.1), each with its own spread.

    Attributes:
        height: Body height.
        thigh: Hip to knee.
        shank: Knee to ankle.
        trunk: Mid-hip to base of the neck, along the spine.
        upper_arm: Shoulder to elbow.
        forearm: Elbow to wrist.
        foot: Length of the foot.
        ankle: Height of the ankle over the floor.
        shoulder: Half the distance between the shoulders.
        hip: Half the distance between the hips.
        fat: Factor on the girth of trunk and thighs.
        muscle: Factor on the girth of limbs.
        stance: Half the distance between the ankles.
        toe_out: Angle of each foot from straight ahead.
        knee_reach: Distance of the knee past the toes at the bottom of a clean squat; negative is behind.
        grip: Half the distance between the hands.
        spine_curve: Angle between the lowest and the highest third of the spine at rest.
        row_lean: Forward lean of the trunk in the row's set-up.
        bar_roll: Tilt of the bar from level.
        plate_radius: Radius of the largest plate.
        plates: Plates on each side.
    """

    height: float
    thigh: float
    shank: float
    trunk: float
    upper_arm: float
    forearm: float
    foot: float
    ankle: float
    shoulder: float
    hip: float
    fat: float
    muscle: float
    stance: float
    toe_out: float
    knee_reach: float
    grip: float
    spine_curve: float
    row_lean: float
    bar_roll: float
    plate_radius: float
    plates: int

    @property
    def leg(self) -> float:
        """Length of the straight leg, hip to ankle."""
        return self.thigh + self.shank

    @property
    def arm(self) -> float:
        """Length of the straight arm, shoulder to wrist."""
        return self.upper_arm + self.forearm

    @property
    def toe(self) -> float:
        """Distance of the tip of the foot from below the ankle."""
        return 0.8 * self.foot


def sample_subject(rng: np.random.Generator) -> Subject:
    """Draw a lifter."""
    height = float(np.clip(rng.normal(1.74, 0.09), 1.5, 2.0))

    def share(mean: float, spread: float = 0.035) -> float:
        return height * mean * math.exp(float(np.clip(rng.normal(0, spread), -2.5 * spread, 2.5 * spread)))

    return Subject(
        height=height,
        thigh=share(0.243),
        shank=share(0.246),
        trunk=share(0.29),
        upper_arm=share(0.175),
        forearm=share(0.155),
        foot=share(0.15),
        ankle=height * 0.04,
        shoulder=share(0.118, 0.06),
        hip=share(0.058, 0.06),
        fat=math.exp(rng.normal(0, 0.13)),
        muscle=math.exp(rng.normal(0, 0.12)),
        stance=float(rng.uniform(0.14, 0.25)),
        toe_out=float(rng.uniform(8, 30)),
        knee_reach=float(rng.uniform(-0.045, 0.005)),
        grip=float(rng.uniform(0.30, 0.44)),
        spine_curve=float(np.clip(rng.normal(4, 3), -3, 10)),
        row_lean=float(np.clip(rng.normal(60, 3), 54, 66)),
        bar_roll=float(np.clip(rng.normal(0, 0.7), -1.5, 1.5)),
        plate_radius=float(rng.choice([0.225, 0.225, 0.225, 0.17, 0.14])),
        plates=int(rng.integers(1, 4)),
    )
