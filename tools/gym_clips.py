"""A gym clip in numbers: what must not tell its labels, and what must."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.datasets.synthetic_gym.clip import Clip, make_clip, make_shot
from aqa_bench.datasets.synthetic_gym.diving.dive import DiveClip, make_dive
from aqa_bench.datasets.synthetic_gym.diving.faults import FAULTS
from aqa_bench.datasets.synthetic_gym.figure import frames_of

__all__ = ["TELLING", "Described", "describe", "describe_dive"]

Floats = npt.NDArray[np.float64]

FIRST_FRAME, CELLS = 32, 8
#: Parts of the body that every diver has; tied-up hair comes last.
COMMON_PARTS = 28
#: Sets that tell a target. Joints and faults show what it is about, so the probes must find them; the height
#: of the bar in metres tells how deep a squat is, by construction, and stands as a control in the tables.
TELLING = ("exact joints", "fault sizes", "bar travel")


@dataclass(frozen=True)
class Described:
    """A clip in numbers: its features by set, what is asked of it, and where it belongs."""

    id: str
    group: str
    targets: dict[str, float]
    features: dict[str, Floats]


def describe(plan: Any) -> Described:
    """A clip's nuisances and controls; its first frame is drawn, small."""
    clip = make_clip(plan)
    known, camera, scene = clip.annotation, clip.scene.camera, clip.scene
    bar, turn = known.bar_height, np.radians(camera.azimuth)
    joints = known.keypoints_3d - known.keypoints_3d[:, 11:13].mean(1, keepdims=True)
    return Described(
        id=known.id,
        group=known.source,
        targets={name: float(label) for name, label in known.labels.items()},
        features={
            "tempo": known.cycle,
            "elevation curve": (bar - bar.min()) / np.ptp(bar),
            "azimuth": np.array([camera.azimuth, np.sin(turn), np.cos(turn)]),
            "distance": np.array([camera.distance, camera.inclination, known.subject]),
            "colours": _colours(clip),
            "furniture": np.array(
                [len(scene.boxes), len(scene.others), len(scene.bars), len(scene.room.posters)], float
            ),
            "first frame": _cells(_first_frame(clip)),
            "bar travel": bar,
            "exact joints": joints.ravel(),
        },
    )


def describe_dive(plan: Any) -> Described:
    """A dive's nuisances and controls; its first frame is drawn, small."""
    clip = make_dive(plan)
    known, camera = clip.annotation, clip.camera
    heights = known.keypoints_3d[:, 11, 1]
    return Described(
        id=known.plan.id,
        group=f"{known.plan.event:02d}",
        targets={"score": known.judgement.score, "difficulty": known.plan.dive.difficulty},
        features={
            "tempo": np.array([known.entry, float(np.argmax(heights))]),
            "elevation curve": (heights - heights.min()) / np.ptp(heights),
            "azimuth": camera.axes[0].ravel(),
            "distance": np.array([camera.focal, *clip.pool.eye]),
            "colours": clip.body.colour[:COMMON_PARTS].ravel(),
            "body": clip.body.radius[:COMMON_PARTS].ravel(),
            "first frame": _cells(_first_frame_of_dive(clip)),
            "fault sizes": np.array([abs(known.faults[name]) for name in FAULTS]),
        },
    )


def _colours(clip: Clip) -> Floats:
    look, room, light = clip.scene.look, clip.scene.room, clip.scene.light
    values = [np.ravel(np.asarray(getattr(look, each.name), float)) for each in fields(look)]
    values += [room.colours.ravel(), room.band_colour.ravel(), light.ambient.ravel(), light.diffuse.ravel()]
    return np.concatenate(
        [*values, light.direction.ravel(), [light.gamma, room.band, room.tiles, room.floor]]
    )


def _first_frame(clip: Clip) -> npt.NDArray[np.uint8]:
    from aqa_bench.datasets.synthetic_gym.render import render_shot

    frames: npt.NDArray[np.uint8] = render_shot(make_shot(clip), FIRST_FRAME, 1, shown=[0]).frames.numpy()
    return frames[0]


def _first_frame_of_dive(clip: DiveClip) -> npt.NDArray[np.uint8]:
    from aqa_bench.datasets.synthetic_gym.diving.render import render_dive

    first = np.zeros(1, np.intp)
    alone = replace(
        clip,
        camera=replace(clip.camera, axes=clip.camera.axes[:1]),
        body=frames_of(clip.body, first),
        splash=frames_of(clip.splash, first),
        since=clip.since[:1],
    )
    frames: npt.NDArray[np.uint8] = render_dive(alone, FIRST_FRAME, 1).numpy()
    return frames[0]


def _cells(frame: npt.NDArray[np.uint8]) -> Floats:
    side = FIRST_FRAME // CELLS
    cells: Floats = frame.reshape(CELLS, side, CELLS, side, 3).mean((1, 3)).ravel() / 255
    return cells
