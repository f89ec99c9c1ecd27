"""Files as media: a video, an image, keypoints or features of one sample, as it lies on disk."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from aqa_bench.core.arrays import ARRAY_BYTES, parse_npy
from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.sample import FloatArray, Media, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.images import IMAGE_SUFFIXES, read_image
from aqa_bench.media.layouts import convert
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.front import front_view
from aqa_bench.media.pose.named_joints import arranged, chosen_layout
from aqa_bench.media.pose.openpose import one_person, read_openpose_clip
from aqa_bench.media.pose.people import People
from aqa_bench.media.pose.pose_files import POSE_SUFFIXES, read_pose_file
from aqa_bench.media.source import MediaFile

__all__ = ["FeatureFile", "ImageFile", "JointFile", "KeypointFile", "VideoFile", "media_of_file"]

_ARRAYS = frozenset({".npy", ".npz"})


class VideoFile(Media):
    """A video.

    Args:
        path: The file.

    Raises:
        DataError: It is missing, damaged or has no frames.
    """

    provides = frozenset({Modality.FRAMES})

    def __init__(self, path: Path) -> None:
        from aqa_bench.media.video import probe

        self.path = path
        self._info = probe(path)

    @property
    def length(self) -> int:
        """Number of frames."""
        return self._info.frames

    @property
    def fps(self) -> float | None:
        """Frames per second, as the container says."""
        return self._info.fps

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of the file."""
        return MediaFile(self.path).sha256()

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` RGB.

        Raises:
            DataError: The video is damaged, or has fewer frames than asked for.
        """
        from aqa_bench.media.video import decode

        return decode(self.path, indices, size)


class ImageFile(Media):
    """A still image.

    Args:
        path: The file.
    """

    provides = frozenset({Modality.IMAGE})
    length = 1

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of the file."""
        return MediaFile(self.path).sha256()

    def image(self, size: int | None = None) -> UInt8Array:
        """The image ``(H, W, 3)`` RGB.

        Raises:
            DataError: It is damaged.
        """
        return read_image(self.path, size)


class KeypointFile(Media):
    """Keypoints of one clip.

    Args:
        keypoints: ``(T, V, 3)`` float32: x, y in pixels and confidence.
        layout: Their joint order.
        fps: Frames per second, where they are known.
        partial: Whether joints that are asked for and not there are missing, rather than an error.
    """

    provides = frozenset({Modality.KEYPOINTS})

    def __init__(
        self, keypoints: FloatArray, layout: str, fps: float | None = None, *, partial: bool = False
    ) -> None:
        self._keypoints, self.layout = keypoints.astype(np.float32, copy=False), layout
        self._fps, self._partial = fps, partial

    @property
    def length(self) -> int:
        """Number of frames."""
        return len(self._keypoints)

    @property
    def fps(self) -> float | None:
        """Frames per second, where the file tells them."""
        return self._fps

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of layout and values."""
        return sha256_bytes(self.layout.encode() + np.ascontiguousarray(self._keypoints, "<f4").tobytes())

    def keypoints(self, layout: str) -> FloatArray:
        """Keypoints ``(T, V, 3)`` in another joint order.

        Raises:
            DataError: That order has joints which this one has no parts of.
        """
        return convert(self._keypoints, self.layout, layout, allow_missing=self._partial)


class JointFile(KeypointFile):
    """Joints in space of one clip; their keypoints are the view from the front.

    Args:
        joints: ``(T, V, 4)`` float32: x, y, z and confidence.
        layout: Their joint order.
        fps: Frames per second, where they are known.
        partial: Whether joints that are asked for and not there are missing, rather than an error.
    """

    provides = frozenset({Modality.KEYPOINTS, Modality.JOINTS_3D})

    def __init__(
        self, joints: FloatArray, layout: str, fps: float | None = None, *, partial: bool = False
    ) -> None:
        super().__init__(front_view(joints, layout), layout, fps, partial=partial)
        self._joints = joints.astype(np.float32, copy=False)

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of layout and values."""
        return sha256_bytes(self.layout.encode() + np.ascontiguousarray(self._joints, "<f4").tobytes())

    def joints_3d(self, layout: str) -> FloatArray:
        """Joints ``(T, V, 4)`` in another joint order.

        Raises:
            DataError: That order has joints which this one has no parts of.
        """
        return convert(self._joints, self.layout, layout, allow_missing=self._partial)


class FeatureFile(Media):
    """Features that were computed elsewhere.

    Args:
        values: ``(T, D)`` or ``(D,)``.
    """

    provides = frozenset({Modality.FEATURES})

    def __init__(self, values: FloatArray) -> None:
        self._values = values.astype(np.float32, copy=False)

    @property
    def length(self) -> int:
        """Number of frames, 1 of a vector."""
        return len(np.atleast_2d(self._values))

    @cached_property
    def content_key(self) -> str:
        """Hex SHA-256 of the values."""
        return sha256_bytes(np.ascontiguousarray(self._values, "<f4").tobytes())

    def features(self) -> FloatArray:
        """The values."""
        return self._values.copy()


def media_of_file(
    path: Path,
    *,
    layout: str | None = None,
    features: bool = False,
    dimensions: int | None = None,
    partial: bool = False,
) -> Media:
    """The media of a file.

    Args:
        path: A video; an image; joints in any file that :func:`.pose_files.read_pose_file` reads, an OpenPose
            ``.json`` of a still image or a folder of them, one for each frame of a clip; or features as
            ``.npy``.
        layout: Joint order of keypoints whose file does not say it, or a table that maps their names.
        features: Whether an array holds features rather than keypoints.
        dimensions: 2 or 3, where a file of joints does not tell.
        partial: Whether joints that a method asks for and a file lacks are missing, as in own data.

    Raises:
        DataError: It is missing, damaged, or nothing of these.
        UsageError: The layout does not exist.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return _openpose(sorted(path.glob("*.json")), path, layout, partial)
    if not path.is_file():
        raise DataError("The file does not exist.", where=path, expected="a video, an image or keypoints")
    if suffix == ".json":
        return _openpose([path], path, layout, partial)
    if suffix in IMAGE_SUFFIXES:
        return ImageFile(path)
    if features and suffix in _ARRAYS:
        return _features(path)
    if suffix in POSE_SUFFIXES:
        return _joints(path, layout, dimensions, partial)
    return VideoFile(path)


def _joints(path: Path, layout: str | None, dimensions: int | None, partial: bool) -> KeypointFile:
    raw = read_pose_file(path, dimensions=dimensions)
    told = layout if raw.layout is None or layout is None else raw.layout
    name, joints = chosen_layout([raw], told, path)
    kind = KeypointFile if raw.kind is PoseKind.KEYPOINTS else JointFile
    return kind(arranged(raw, name, joints, path), name, raw.fps, partial=partial)


def _openpose(files: Sequence[Path], where: Path, layout: str | None, partial: bool) -> KeypointFile:
    # Everyone is followed, and the one seen most is taken, as for the keypoints of a dataset.
    pose = one_person(read_openpose_clip(files, where=where), People.NEAREST, where=where, layout=layout)
    return KeypointFile(pose.keypoints, pose.layout, partial=partial)


def _features(path: Path) -> FeatureFile:
    try:
        values = parse_npy(read_bounded(path, ARRAY_BYTES))
        if values.dtype.kind not in "fiu" or values.ndim not in (1, 2) or not np.isfinite(values).all():
            raise ValueError(f"{values.dtype} of shape {values.shape}, or values that are not finite")
    except (OSError, ValueError) as error:
        raise DataError(
            "Features could not be read.",
            where=path,
            expected="a .npy file of finite numbers, (T, D) or (D,)",
            found=str(error),
        ) from error
    return FeatureFile(values)
