"""YOLO-pose from ultralytics as a pose estimator."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.paths import cache_home
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.pose.estimator import unavailable

__all__ = ["UltralyticsPose", "import_ultralytics"]

_JOINTS = 17


def import_ultralytics() -> Any:
    """Import ultralytics with telemetry, automatic installs and downloads switched off.

    Its settings go to the cache folder and leave the user's own alone.

    Raises:
        UsageError: It is not installed.
    """
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(cache_home() / "ultralytics"))
    try:
        library = import_module("ultralytics")
    except ImportError as error:
        raise unavailable("ultralytics", "detect", error) from error
    utils: Any = import_module("ultralytics.utils")
    utils.ONLINE = False
    # The dictionary's own method does not write the settings file.
    dict.update(library.settings, sync=False)
    return library


class UltralyticsPose:
    """A YOLO-pose model with weights from a local file; nothing is downloaded.

    Of several people the one with the largest box is taken.

    Args:
        weights: A ``.pt`` file of a YOLO-pose model. Such a file is a pickle: use one you trust.
        min_confidence: Least confidence of a detection, in [0, 1].
        image_size: Side in pixels that the model sees.
        device: Device as ultralytics names it, e.g. ``cpu`` or ``0``.
    """

    layout = "coco-17"

    def __init__(
        self,
        *,
        weights: Path | str,
        min_confidence: float = 0.25,
        image_size: int = 640,
        device: str = "cpu",
    ) -> None:
        path = Path(weights)
        library = import_ultralytics()
        if not path.is_file():
            raise UsageError(
                "The weights of the pose model do not exist.",
                where=path,
                expected="a local YOLO-pose .pt file (it is not downloaded)",
                remedy="Download a YOLO-pose model and pass its file.",
            )
        self._model: Any = library.YOLO(str(path), task="pose")
        self._options = {"conf": min_confidence, "imgsz": image_size, "device": device, "verbose": False}
        self.identity = (
            f"ultralytics {library.__version__} {sha256_file(path)[:16]} {min_confidence} {image_size}"
        )

    def __call__(self, frames: UInt8Array) -> FloatArray:
        """Keypoints ``(T, 17, 3)`` float32 in pixels."""
        keypoints = np.zeros((len(frames), _JOINTS, 3), np.float32)
        for time, frame in enumerate(frames):
            # Arrays are taken for BGR.
            result = self._model.predict(np.ascontiguousarray(frame[..., ::-1]), **self._options)[0]
            if result.keypoints is None or not len(result.boxes):
                continue
            boxes = result.boxes.xywh.cpu().numpy()
            person = int((boxes[:, 2] * boxes[:, 3]).argmax())
            found = result.keypoints.data[person].cpu().numpy()
            if found.shape != (_JOINTS, 3):
                raise DataError(
                    "The weights are not those of a person pose model.",
                    expected="17 joints",
                    found=str(found.shape),
                )
            keypoints[time] = found
        return keypoints
