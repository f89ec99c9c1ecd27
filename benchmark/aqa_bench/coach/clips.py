"""Repetitions as a method sees them: the lifter cut out of the picture, joints and the bar's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aqa_bench.coach.body import Body, with_neck
from aqa_bench.coach.motion import MOTIONS
from aqa_bench.coach.reading import Footage
from aqa_bench.coach.repetitions import Cut
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import FloatArray, Media, Trajectory, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.images import resized
from aqa_bench.media.layouts import convert, find_layout, missing
from aqa_bench.media.pose.box import crop, person_box
from aqa_bench.media.trajectory import from_heights

__all__ = ["Lifter", "RepetitionClip", "RepetitionStill", "pictures_of"]

_LONGEST = 1280
_ROOM = 0.12
_SIDE = 224
_CLEARER = 0.03
_ARM = ("shoulder", "elbow", "wrist")


@dataclass(frozen=True)
class Lifter:
    """The person who is judged.

    Attributes:
        joints: ``(T, V, 3)``: x, y in pixels of the clip and confidence.
        layout: Their order.
        body: The same in angles and heights.
    """

    joints: FloatArray
    layout: str
    body: Body


class RepetitionClip(Media):
    """One repetition.

    Args:
        lifter: Who is judged.
        cut: Which frames.
        exercise: The exercise.
        fps: Frames per second.
        pictures: ``(T, S, S, 3)`` of its frames; None where no method looks at them.
        square: What the pictures show: left, top, right, bottom in pixels of the clip.
        order: Which of its frames is shown at each time; each at its own by default.
    """

    def __init__(
        self,
        lifter: Lifter,
        cut: Cut,
        exercise: str,
        fps: float,
        pictures: UInt8Array | None = None,
        square: npt.NDArray[np.int64] | None = None,
        order: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self._lifter, self._cut, self._exercise, self._fps = lifter, cut, exercise, fps
        self._pictures, self._square = pictures, square
        self._order = np.arange(cut.end - cut.start + 1) if order is None else order
        kinds = {Modality.KEYPOINTS, Modality.TRAJECTORY, Modality.ATTRIBUTES}
        self.provides = frozenset(kinds if pictures is None else kinds | {Modality.FRAMES})

    def held(self, first: int, last: int) -> RepetitionClip:
        """The same, but for frames ``first`` to ``last``, in which the lifter stands still."""
        order = self._order.copy()
        order[first : last + 1] = order[first - 1] if first else order[min(last + 1, len(order) - 1)]
        return RepetitionClip(
            self._lifter, self._cut, self._exercise, self._fps, self._pictures, self._square, order
        )

    @property
    def length(self) -> int:
        """Number of frames."""
        return self._cut.end - self._cut.start + 1

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._fps

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """``exercise``."""
        return {"exercise": self._exercise}

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of joints and pictures."""
        pictures = b"" if self._pictures is None else self._pictures[self._order].tobytes()
        return sha256_bytes(self._own.astype("<f4").tobytes() + pictures)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames ``(T, S, S, 3)`` of the square around the lifter."""
        if self._pictures is None:
            raise self._absent(Modality.FRAMES)
        chosen = self._pictures[self._order if indices is None else self._order[list(indices)]]
        return chosen if size is None else np.stack([resized(frame, size) for frame in chosen])

    def keypoints(self, layout: str) -> FloatArray:
        """Joints ``(T, V, 3)`` in pixels of :meth:`frames`, of the clip where there are none.

        Where the body hides one arm, that arm is missing, as it is for estimators that do not guess.
        """
        joints = self._own
        if layout == "openpose-18":
            placed: FloatArray = without_far_arm(with_neck(joints, self._lifter.layout))
        else:
            placed = convert(joints, self._lifter.layout, layout, allow_missing=True)
        if self._square is None or self._pictures is None:
            return placed
        left, top, right, _ = self._square.tolist()
        seen = ~missing(placed)
        placed[seen, 0] = (placed[seen, 0] - left) * self._pictures.shape[2] / (right - left)
        placed[seen, 1] = (placed[seen, 1] - top) * self._pictures.shape[2] / (right - left)
        return placed

    def trajectory(self) -> Trajectory:
        """The bar's way as the joints show it: the hands', and in a squat the shoulders'.

        Raises:
            DataError: It is seen too seldom.
        """
        motion = MOTIONS[self._exercise]
        heights = motion.bar(self._lifter.body)[self._cut.start : self._cut.end + 1]
        return from_heights(heights[self._order], starts=motion.starts)

    @property
    def _own(self) -> FloatArray:
        return self._lifter.joints[self._cut.start : self._cut.end + 1][self._order]


class RepetitionStill(Media):
    """The picture of a repetition's turn.

    Args:
        picture: ``(S, S, 3)``.
    """

    provides = frozenset({Modality.IMAGE})
    length = 1

    def __init__(self, picture: UInt8Array) -> None:
        self._picture = picture

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of the picture."""
        return sha256_bytes(np.ascontiguousarray(self._picture).tobytes())

    def image(self, size: int | None = None) -> UInt8Array:
        """The picture ``(S, S, 3)``."""
        return self._picture.copy() if size is None else resized(self._picture, size)


def without_far_arm(joints: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Joints in ``openpose-18`` without the arm that the estimator is plainly less sure of."""
    order = find_layout("openpose-18")
    arms = [[order.index(f"{side}_{joint}") for joint in _ARM] for side in ("left", "right")]
    sure = [float(joints[:, arm, 2].mean()) for arm in arms]
    if abs(sure[0] - sure[1]) > _CLEARER:
        far = arms[int(sure[0] > sure[1])]
        joints[:, far[1:]] = 0
    return joints


def pictures_of(
    footage: Footage, lifter: Lifter, cuts: Sequence[Cut], progress: Progress, side: int | None = None
) -> tuple[list[UInt8Array], npt.NDArray[np.int64]]:
    """The lifter's pictures in every repetition, in one square for the whole clip.

    Args:
        footage: The clip.
        lifter: Who is judged.
        cuts: The repetitions.
        progress: Where to report.
        side: Side of the pictures in pixels, that of the pictures which the judge was trained on.

    Returns:
        For each repetition ``(T, S, S, 3)``, and the square in pixels of the clip.
    """
    square = _square(lifter, cuts)
    shape = footage.shape(_LONGEST)
    scale = shape[1] / footage.clip.width
    small = np.rint(square * scale).astype(np.int64)
    kept: dict[int, UInt8Array] = {}
    wanted = {time for cut in cuts for time in range(cut.start, cut.end + 1)}
    last = max(wanted, default=-1)
    progress.start("cutting out", last + 1)
    for time, frame in enumerate(footage.frames(_LONGEST)):
        if time > last:
            break
        if time in wanted:
            kept[time] = resized(crop(frame[None], small)[0], side or _SIDE)
        progress.advance()
    return [np.stack([kept[time] for time in range(cut.start, cut.end + 1)]) for cut in cuts], square


def _square(lifter: Lifter, cuts: Sequence[Cut]) -> npt.NDArray[np.int64]:
    shown = np.concatenate([lifter.joints[cut.start : cut.end + 1] for cut in cuts])
    return np.rint(person_box(shown, margin=_ROOM)).astype(np.int64)
