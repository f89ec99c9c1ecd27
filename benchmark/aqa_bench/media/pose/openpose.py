"""What OpenPose writes with ``--write_json``: a file for each frame, and in it everyone it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.media.pose.estimator import Pose, check_pose
from aqa_bench.media.pose.frame_numbers import number_frames
from aqa_bench.media.pose.people import People, choose_person

__all__ = ["OpenPoseClip", "one_person", "read_openpose_clip", "read_openpose_json"]

_LAYOUT_OF_LENGTH = {75: "body-25", 54: "openpose-18"}
_LARGEST = 1e6


@dataclass(frozen=True)
class OpenPoseClip:
    """One clip as it was written, before one person is chosen.

    Attributes:
        first: Number in the name of the first file.
        people: Everyone in each frame from the first file to the last, ``(V, 3)`` each; frames without a
            file are empty, and people without a joint are left out.
        files: Number of files.
        layout: Joint order; None where nobody is in any frame.
    """

    first: int
    people: tuple[tuple[FloatArray, ...], ...]
    files: int
    layout: str | None

    @property
    def several(self) -> int:
        """Frames with more than one person."""
        return sum(len(people) > 1 for people in self.people)

    @property
    def most(self) -> int:
        """People in the fullest frame."""
        return max(map(len, self.people), default=0)


def read_openpose_json(folder: Path, people: People | None = People.NEAREST) -> Pose:
    """Read the keypoints of one person in one clip.

    Files are put in order by the number in their names; frames without a file are kept, empty.

    Args:
        folder: Folder of ``*_keypoints.json`` files (or of any ``*.json`` files, where there are none).
        people: Who is taken of several people; None refuses several.

    Returns:
        Keypoints in pixels, as ``body-25`` or ``openpose-18``; zeros in frames without the person. Their
        first frame is that of the first file.

    Raises:
        DataError: There are no files, they are of several clips, one is damaged, nobody is in any frame,
            or several people are and ``people`` is None.
    """
    files = list(folder.glob("*_keypoints.json")) or list(folder.glob("*.json"))
    clip = read_openpose_clip(files, where=folder)
    if clip.layout is None:
        raise _refused(folder, f"{clip.files} files without people")
    return one_person(clip, people, where=folder)


def read_openpose_clip(
    files: Sequence[Path], *, where: Path, read: Callable[[Path], bytes] = read_bounded
) -> OpenPoseClip:
    """Read everyone in the files of one clip.

    Args:
        files: A file for each frame, in any order.
        where: Their folder, for errors.
        read: Reads a file.

    Raises:
        DataError: There are no files, they are of several clips or body models, or one is damaged.
    """
    if not files:
        raise _refused(where, "no files")
    by_name = {path.name: path for path in files}
    numbered = number_frames(by_name, where=where)
    people = {number: _people(by_name[name], read) for number, name in numbered.items()}
    lengths = {person.size for frame in people.values() for person in frame}
    if len(lengths) > 1:
        names = ", ".join(_LAYOUT_OF_LENGTH[length] for length in sorted(lengths))
        raise _refused(where, f"several body models: {names}")
    first, last = min(numbered), max(numbered)
    return OpenPoseClip(
        first=first,
        people=tuple(_shown(people.get(number, ())) for number in range(first, last + 1)),
        files=len(files),
        layout=_LAYOUT_OF_LENGTH[lengths.pop()] if lengths else None,
    )


def one_person(clip: OpenPoseClip, rule: People | None, *, where: Path, layout: str | None = None) -> Pose:
    """Keypoints of one person of a clip.

    Args:
        clip: Everyone.
        rule: Who is taken of several people; None refuses several.
        where: What to name in an error.
        layout: Joint order of a clip in which nobody is.

    Returns:
        ``(T, V, 3)``, zeros in frames without the person.

    Raises:
        DataError: Several people are in a frame and there is no rule, or nobody is and no layout is given.
    """
    name = clip.layout or layout
    if name is None:
        raise _refused(where, f"{clip.files} files without people")
    if rule is None and clip.several:
        time = next(time for time, people in enumerate(clip.people) if len(people) > 1)
        raise DataError(
            "Several people are in one clip.",
            where=where,
            expected="one person per frame, or a rule for choosing one",
            found=f"{len(clip.people[time])} people in frame {clip.first + time}, several in {clip.several} "
            f"of {len(clip.people)} frames",
            remedy="Choose nearest (tracks everyone and uses the most visible person) or largest (in each "
            'frame): --people nearest, or "people": "nearest" in manifest.json.',
        )
    keypoints = np.zeros((len(clip.people), len(find_layout(name)), 3), np.float32)
    for time, place in enumerate(choose_person(clip.people, rule or People.NEAREST)):
        if place is not None:
            keypoints[time] = clip.people[time][place]
    return check_pose(Pose(keypoints, name), where=where)


def _people(path: Path, read: Callable[[Path], bytes]) -> tuple[FloatArray, ...]:
    """Everyone in a file, as flat numbers."""
    try:
        content: Any = parse_json(read(path))["people"]
        people = [
            np.array(person.get("pose_keypoints_2d", person.get("pose_keypoints")), dtype=np.float64)
            for person in content
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise _malformed(path, f"{type(error).__name__}: {error}") from error
    for numbers in people:
        if numbers.ndim != 1 or numbers.size not in _LAYOUT_OF_LENGTH:
            raise _malformed(path, f"an array of shape {numbers.shape}")
        if not (np.abs(numbers) <= _LARGEST).all():
            raise _malformed(path, "numbers that are not finite or too large")
    return tuple(numbers.astype(np.float32) for numbers in people)


def _shown(people: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
    """People who show a joint."""
    shaped = (person.reshape(-1, 3) for person in people)
    return tuple(person for person in shaped if not missing(person).all() and person[:, :2].any())


def _refused(where: Path, found: str) -> DataError:
    return DataError(
        "This is not a folder of OpenPose output.",
        where=where,
        expected="one JSON file per frame of one clip, all with the same body model",
        found=found,
        remedy="Run OpenPose with --write_json on one clip.",
    )


def _malformed(path: Path, found: str) -> DataError:
    return DataError(
        "An OpenPose file has the wrong format.",
        where=path,
        expected="people[..].pose_keypoints_2d: 75 numbers (BODY-25) or 54 (COCO-18)",
        found=found,
        remedy="Run OpenPose on the clip again (--model_pose BODY_25 or COCO).",
    )
