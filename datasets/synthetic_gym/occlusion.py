"""Lines of sight, tested on sample points: what of the lifter the camera can see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .camera import project
from .figure import Parts, frames_of
from .kinematics import Array
from .scene import Scene

__all__ = ["MIN_VISIBILITY", "body_visibility", "points_visible"]

#: Share of the lifter's outline that must be in sight for a clip to be kept.
MIN_VISIBILITY = 0.6

_FRAMES = 5
_ALONG = (0.1, 0.5, 0.9)
_PLATE = 0.1
_PERSON_RADIUS, _PERSON_HEIGHT = 0.2, 1.7


def points_visible(scene: Scene, bar: Parts, points: Array) -> NDArray[np.bool_]:
    """Whether points are in front of every rack, plate and bystander.

    Args:
        scene: The scene.
        bar: The lifter's barbell, ``T`` frames.
        points: World points, shape ``(T, K, 3)``.

    Returns:
        Shape ``(T, K)``.
    """
    eye = scene.camera.position
    ray = points - eye
    free = np.ones(points.shape[:2], bool)
    for box in scene.boxes:
        cos, sin = np.cos(box.yaw), np.sin(box.yaw)
        turn = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
        origin, way = turn @ (eye - np.array(box.centre)), ray @ turn.T
        way = np.where(np.abs(way) < 1e-9, 1e-9, way)
        middle, span = -origin / way, np.abs(np.array(box.half) / way)
        enter, leave = (middle - span).max(-1), (middle + span).min(-1)
        free &= ~((enter < leave) & (enter < 1) & (leave > 0))
    for plates in (bar, *scene.bars):
        for i in np.flatnonzero(plates.radius[:, 0] > _PLATE):
            centre = (plates.start[:, i] + plates.end[:, i])[:, None] / 2
            normal = (plates.end[:, i] - plates.start[:, i])[:, None]
            slope = (ray * normal).sum(-1)
            at = ((centre - eye) * normal).sum(-1) / np.where(np.abs(slope) < 1e-9, 1e-9, slope)
            off = np.linalg.norm(eye + ray * at[..., None] - centre, axis=-1)
            free &= ~((at > 0) & (at < 0.99) & (off < plates.radius[i, 0]))
    for other in scene.others:
        place = other.start[:, 0, None][..., [0, 2]]
        flat = ray[..., [0, 2]]
        at = ((place - eye[[0, 2]]) * flat).sum(-1) / np.maximum((flat**2).sum(-1), 1e-9)
        near = np.linalg.norm(eye[[0, 2]] + flat * at[..., None] - place, axis=-1) < _PERSON_RADIUS
        free &= ~(near & (at > 0) & (at < 1) & (eye[1] + ray[..., 1] * at < _PERSON_HEIGHT))
    return free


def body_visibility(scene: Scene, body: Parts, bar: Parts) -> float:
    """Share of the lifter's body in sight and in the picture, over a few frames.

    Parts count by their outline. The estimate needs no rendering; rendered clips carry the exact
    share of pixels besides.
    """
    frames = np.linspace(0, len(body.start) - 1, _FRAMES).round().astype(int)
    start, end = body.start[frames], body.end[frames]
    points = np.concatenate([start + (end - start) * share for share in _ALONG], 1)
    length = np.linalg.norm(end - start, axis=-1).mean(0)
    outline = np.tile((length + body.radius.mean(1)) * body.radius.mean(1), len(_ALONG))
    some = [frames_of(parts, frames) for parts in (bar, *scene.bars, *scene.others)]
    count = len(scene.bars)
    at_frames = Scene(
        scene.camera,
        scene.light,
        scene.look,
        scene.room,
        scene.boxes,
        others=tuple(some[1 + count :]),
        bars=tuple(some[1 : 1 + count]),
    )
    pixels, depth = project(scene.camera, points, 1)
    inside = ((pixels > 0) & (pixels < 1)).all(-1) & (depth > 0.2)
    seen = points_visible(at_frames, some[0], points) & inside
    return float((seen * outline).sum() / (outline.sum() * len(frames)))
