"""One clip: simulated, annotated, and ready to be rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .camera import project, sample_shake
from .errors import ERRORS, ErrorDraw, intervals_above, sample_errors
from .figure import BAR_HALF, PLATE_AT, Parts, barbell_parts, body_parts
from .kinematics import Array
from .motion import Motion
from .occlusion import MIN_VISIBILITY, body_visibility, points_visible
from .performance import Performance, perform, perform_cleanly
from .plan import ClipPlan
from .presets import PRESETS
from .scene import Scene, sample_scene
from .style import sample_style
from .subject import Subject, sample_subject

if TYPE_CHECKING:
    from .render import Shot

__all__ = ["COCO_17", "Clip", "ClipAnnotation", "make_clip", "make_shot"]

#: Names of the joints of the keypoint arrays, in the order of COCO.
COCO_17 = (
    "nose",
    *(
        f"{side}_{part}"
        for part in ("eye", "ear", "shoulder", "elbow", "wrist")
        for side in ("left", "right")
    ),
    *(f"{side}_{part}" for part in ("hip", "knee", "ankle") for side in ("left", "right")),
)

#: The estimate of visibility is off by up to this much, so scenes are drawn until they exceed the sum.
_ESTIMATE_SLACK = 0.08
_ATTEMPTS, _BARE_ATTEMPTS = 12, 12


@dataclass(frozen=True)
class ClipAnnotation:
    """What is known about a clip. Times in seconds, angles in degrees, lengths in metres.

    Attributes:
        id: Clip id.
        source: Source id, the group that must not straddle splits.
        role: ``labelled`` or ``unlabelled``.
        exercise: Exercise.
        frames: Number of frames.
        fps: Frames per second.
        seed: Seed of the repetition.
        labels: 1 where the error's magnitude is over its threshold, by task.
        magnitudes: Largest realised size of each error, in the units of ``ERRORS``.
        severity: 0 at the threshold or below, 1 at severe or above.
        intervals: Spans of time in which the error is over its threshold.
        camera: Azimuth, inclination and distance.
        subject: Body height.
        visibility: Estimated share of the lifter that nothing hides.
        courses: Realised size of each error per frame, shape ``(T,)``.
        keypoints_2d: Pixel x, y and confidence (1 in sight, 0.5 hidden, 0 outside) of the joints of
            ``COCO_17``, shape ``(T, 17, 3)``.
        keypoints_3d: World positions, x to the lifter's left, y up, z forward, shape ``(T, 17, 3)``.
        bar_box: Left, top, right and bottom of the barbell in pixels, inside the frame, shape ``(T, 4)``.
        bar_height: Height of the bar's centre, shape ``(T,)``.
        cycle: Position in the repetition, 0 to 1, shape ``(T,)``.
    """

    id: str
    source: str
    role: str
    exercise: str
    frames: int
    fps: float
    seed: int
    labels: Mapping[str, int]
    magnitudes: Mapping[str, float]
    severity: Mapping[str, float]
    intervals: Mapping[str, list[tuple[float, float]]]
    camera: Mapping[str, float]
    subject: float
    visibility: float
    courses: Mapping[str, Array]
    keypoints_2d: Array
    keypoints_3d: Array
    bar_box: Array
    bar_height: Array
    cycle: Array

    def record(self) -> dict[str, Any]:
        """The annotation without its arrays, as JSON values rounded to 6 significant digits."""
        return {
            "id": self.id,
            "source": self.source,
            "role": self.role,
            "exercise": self.exercise,
            "frames": self.frames,
            "fps": self.fps,
            "seed": self.seed,
            "labels": dict(self.labels),
            "magnitudes": {name: _rounded(v) for name, v in self.magnitudes.items()},
            "severity": {name: _rounded(v) for name, v in self.severity.items()},
            "intervals": {
                name: [[_rounded(v) for v in span] for span in s] for name, s in self.intervals.items()
            },
            "camera": {name: _rounded(v) for name, v in self.camera.items()},
            "height": _rounded(self.subject),
        }


@dataclass(frozen=True)
class Clip:
    """A simulated clip: the annotation and what a renderer needs."""

    plan: ClipPlan
    annotation: ClipAnnotation
    scene: Scene
    body: Parts
    bar: Parts
    shake: Array


def _rounded(value: float) -> float:
    return 0.0 if abs(value) < 1e-6 else float(f"{value:.6g}")


@lru_cache(maxsize=8)
def _staged(plan: ClipPlan) -> tuple[Subject, Scene]:
    """Lifter and scene of a source, drawn again until enough of the lifter is in sight.

    The test is made on a clean repetition, so that no error can change the scene.
    """
    preset = PRESETS[plan.preset]
    subject = sample_subject(plan.source_stream("subject"))
    style = sample_style(plan.source_stream("rehearsal"), preset.frames, plan.exercise)
    motion = perform_cleanly(plan.exercise, subject, style)
    candidates: list[tuple[float, Scene]] = []
    for attempt in range(_ATTEMPTS + _BARE_ATTEMPTS):
        rng = plan.source_stream("scene", attempt)
        scene = sample_scene(rng, plan.exercise, preset, subject, bare=attempt >= _ATTEMPTS)
        seen = body_visibility(
            scene, body_parts(subject, motion, scene.look), barbell_parts(subject, motion, scene.look)
        )
        candidates.append((seen, scene))
        if seen > MIN_VISIBILITY + _ESTIMATE_SLACK:
            break
    return subject, max(candidates, key=lambda candidate: candidate[0])[1]


def make_clip(plan: ClipPlan, *, errors: Mapping[str, ErrorDraw] | None = None) -> Clip:
    """Simulate and annotate a clip.

    Args:
        plan: Which clip.
        errors: Errors to aim at instead of those drawn; all else stays the same to the last bit, so
            clips of one plan with different errors are counterfactual pairs.
    """
    preset = PRESETS[plan.preset]
    first = ClipPlan(plan.preset, plan.exercise, plan.role, -1, plan.source, 1)
    subject, scene = _staged(first)
    style = sample_style(plan.stream("style"), preset.frames, plan.exercise)
    drawn = sample_errors(plan.stream("error"), plan.exercise, preset)
    shown = perform(plan.exercise, subject, style, {**drawn, **(errors or {})})
    shake = sample_shake(plan.stream("shake"), preset.frames)
    body = body_parts(subject, shown.motion, scene.look)
    bar = barbell_parts(subject, shown.motion, scene.look)
    annotation = _annotate(plan, subject, scene, shown, style.cycle, body, bar, shake)
    return Clip(plan, annotation, scene, body, bar, shake)


def make_shot(clip: Clip) -> Shot:
    """What the renderer films of a clip."""
    from .render import Shot

    rng = clip.plan.stream("sensor")
    return Shot(
        clip.scene, clip.body, clip.bar, clip.shake, float(rng.uniform(0.004, 0.02)), int(rng.integers(2**31))
    )


def _annotate(
    plan: ClipPlan,
    subject: Subject,
    scene: Scene,
    shown: Performance,
    cycle: Array,
    body: Parts,
    bar: Parts,
    shake: Array,
) -> ClipAnnotation:
    preset = PRESETS[plan.preset]
    specs = ERRORS[plan.exercise]
    moved = shake * preset.size
    joints = np.stack([shown.motion.joints[name] for name in COCO_17], 1)
    pixels, depth = project(scene.camera, joints, preset.size)
    pixels = pixels + moved[:, None]
    inside = ((pixels >= 0) & (pixels < preset.size)).all(-1) & (depth > 0.1)
    confidence = np.where(inside, np.where(points_visible(scene, bar, joints), 1.0, 0.5), 0.0)
    camera = scene.camera
    return ClipAnnotation(
        id=plan.id,
        source=str(plan.source),
        role=plan.role,
        exercise=plan.exercise,
        frames=preset.frames,
        fps=preset.fps,
        seed=plan.seed,
        labels={s.name: int(shown.magnitude[s.name] > s.threshold) for s in specs},
        magnitudes=shown.magnitude,
        severity={
            s.name: float(np.clip((shown.magnitude[s.name] - s.threshold) / (s.severe - s.threshold), 0, 1))
            for s in specs
        },
        intervals={
            s.name: intervals_above(shown.course[s.name], s.threshold, preset.fps) for s in specs if s.when
        },
        camera={"azimuth": camera.azimuth, "inclination": camera.inclination, "distance": camera.distance},
        subject=subject.height,
        visibility=body_visibility(scene, body, bar),
        courses=shown.course,
        keypoints_2d=np.concatenate([pixels, confidence[..., None]], -1),
        keypoints_3d=joints,
        bar_box=_bar_box(subject, shown.motion, scene, preset.size, moved),
        bar_height=shown.motion.bar[:, 1],
        cycle=cycle,
    )


def _bar_box(subject: Subject, motion: Motion, scene: Scene, size: int, moved: Array) -> Array:
    """Bounds of bar and plates in the picture, shape ``(T, 4)``."""
    bar, axis = motion.bar, motion.bar_axis
    forward = np.cross(axis, np.array([0.0, 1.0, 0.0]))
    up = np.cross(forward, axis)
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = subject.plate_radius * (np.cos(angle)[:, None, None] * up + np.sin(angle)[:, None, None] * forward)
    points = [bar + axis * sign * BAR_HALF for sign in (1, -1)]
    points += [
        r + bar + axis * sign * at for r in ring for sign in (1, -1) for at in (PLATE_AT, PLATE_AT + 0.05)
    ]
    pixels = project(scene.camera, np.stack(points, 1), size)[0] + moved[:, None]
    bounds: Array = np.concatenate([pixels.min(1), pixels.max(1)], -1)
    return bounds.clip(0, size)
