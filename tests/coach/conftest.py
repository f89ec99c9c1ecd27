"""A drawn person who curls, filmed from the side: joints that are known exactly, and a video of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.media.layouts import find_layout
from aqa_bench.media.video import encode

FPS = 15.0
_ORDER = find_layout("openpose-18")


def draw_curl(
    repetitions: int = 2, *, closed: float = 45.0, swing: float = 8.0, pause: int = 6
) -> np.ndarray:
    """``(T, 18, 3)`` of curls that face right: each a second up and a second down, then a pause.

    Args:
        repetitions: How many.
        closed: Angle of the elbow at the turn, degrees.
        swing: Angle by which the upper arm swings forward, degrees.
        pause: Frames of rest before, between and after.
    """
    half = round(FPS)
    wave = (1 - np.cos(np.linspace(0, np.pi, half))) / 2
    once = np.concatenate([wave, wave[::-1], np.zeros(pause)])
    phase = np.concatenate([np.zeros(pause), *[once] * repetitions])
    pose = np.zeros((len(phase), len(_ORDER), 3))
    fixed = {
        "nose": (210, 40),
        "neck": (195, 70),
        "hip": (195, 180),
        "knee": (197, 235),
        "ankle": (195, 290),
        "eye": (206, 34),
        "ear": (196, 36),
    }
    upper, fore = np.radians(swing * phase), np.radians(160 - (160 - closed) * phase)
    shoulder = np.array([195.0, 74.0])
    elbow = shoulder + 55 * np.stack([np.sin(upper), np.cos(upper)], 1)
    # The forearm points along the upper arm, turned by what the elbow is bent.
    turn = upper + np.pi - fore
    wrist = elbow + 50 * np.stack([np.sin(turn), np.cos(turn)], 1)
    for column, name in enumerate(_ORDER.joints):
        side, _, part = name.rpartition("_")
        if side == "left" and part in ("elbow", "wrist", "eye", "ear"):
            continue
        place = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist}.get(part, fixed.get(part))
        pose[:, column, :2] = place
        pose[:, column, 2] = 0.9
    return pose.astype(np.float32)


@pytest.fixture(scope="session")
def curl() -> Callable[..., np.ndarray]:
    """Draws curls."""
    return draw_curl


@pytest.fixture(scope="session")
def curl_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A video of two curls, and the file of its joints."""
    folder = tmp_path_factory.mktemp("curl")
    joints = draw_curl()
    frames = np.full((len(joints), 320, 400, 3), 40, np.uint8)
    for time, pose in enumerate(joints):
        for x, y, _ in pose[pose[:, 2] > 0]:
            frames[time, int(y) - 3 : int(y) + 3, int(x) - 3 : int(x) + 3] = 230
    np.savez(folder / "curl.npz", keypoints=joints, layout="openpose-18")
    return encode(folder / "curl.mp4", frames, FPS), folder / "curl.npz"
