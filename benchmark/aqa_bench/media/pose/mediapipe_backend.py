"""MediaPipe Pose (BlazePose) as a pose estimator."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from aqa_bench.core.errors import UsageError
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.pose.estimator import unavailable

__all__ = ["MediaPipePose"]

_JOINTS = 33


class MediaPipePose:
    """MediaPipe Pose in tracking mode: the person found in one frame is followed in the next.

    The model ships inside the ``mediapipe`` 0.10.14 wheel; nothing is downloaded. It sees one person.

    Args:
        tracking: Follow the person; otherwise detect anew in every frame.
        smooth: Smooth landmarks over time. Its filter expects about 30 frames per second; at fewer, the
            landmarks lag behind the body.
        min_confidence: Least confidence of a detection, in [0, 1].
    """

    layout = "mediapipe-33"

    def __init__(self, *, tracking: bool = True, smooth: bool = False, min_confidence: float = 0.3) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")
        warnings.filterwarnings("ignore", r"SymbolDatabase\.GetPrototype", UserWarning)
        try:
            self._library: Any = import_module("mediapipe")
            self._pose = self._library.solutions.pose.Pose
        except (ImportError, AttributeError) as error:
            raise unavailable("mediapipe", "pose", error) from error
        if not 0 <= min_confidence <= 1:
            raise UsageError("This is not a confidence.", expected="0..1", found=str(min_confidence))
        self._options = {
            "static_image_mode": not tracking,
            "smooth_landmarks": smooth,
            "min_detection_confidence": min_confidence,
            "model_complexity": 1,
        }
        self.identity = f"mediapipe {self._library.__version__} {sorted(self._options.items())}"

    def __call__(self, frames: UInt8Array) -> FloatArray:
        """Keypoints ``(T, 33, 3)`` float32 in pixels, with MediaPipe's visibility as confidence."""
        keypoints = np.zeros((len(frames), _JOINTS, 3), np.float32)
        with self.opened() as look:
            for time, frame in enumerate(frames):
                keypoints[time] = look(frame)
        return keypoints

    @contextmanager
    def opened(self) -> Iterator[Callable[[UInt8Array], FloatArray]]:
        """An estimator that takes one frame ``(H, W, 3)`` at a time and gives ``(33, 3)`` in its pixels."""
        with _quiet_start():
            pose = self._pose(**self._options)
            # Its threads have started and said what they say when a frame is done. Nobody is in this one.
            pose.process(np.zeros((64, 64, 3), np.uint8))
        with pose:

            def look(frame: UInt8Array) -> FloatArray:
                height, width = frame.shape[:2]
                found = pose.process(np.ascontiguousarray(frame)).pose_landmarks
                if found is None:
                    return np.zeros((_JOINTS, 3), np.float32)
                joints = [(point.x * width, point.y * height, point.visibility) for point in found.landmark]
                return np.array(joints, np.float32)

            yield look


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep what C++ writes to stderr, which no setting stops, from the terminal unless the block fails."""
    with tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(said.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            if failed:
                said.seek(0)
                os.write(2, said.read())
