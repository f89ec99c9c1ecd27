"""Twenty drawn clips of squats, of ten people, and their table: what docs/own-data.md begins with."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

JOINTS = {
    "nose": (0, 0),
    "left_shoulder": (20, 40),
    "right_shoulder": (-20, 40),
    "left_elbow": (30, 70),
    "right_elbow": (-30, 70),
    "left_wrist": (25, 45),
    "right_wrist": (-25, 45),
    "left_hip": (12, 110),
    "right_hip": (-12, 110),
    "left_knee": (14, 160),
    "right_knee": (-14, 160),
    "left_ankle": (15, 210),
    "right_ankle": (-15, 210),
}


def label(person: int, clip: int) -> int:
    """1 where the knees go in."""
    return int((person + clip) % 2 == 0 if person < 6 else person % 2)


def draw(person: int, clip: int, rng: np.random.Generator) -> np.ndarray:
    """Keypoints ``(T, 13, 3)`` in pixels with confidence."""
    frames, scale, place = int(rng.integers(40, 60)), rng.uniform(0.8, 1.3), rng.uniform(100, 300, 2)
    depth = np.sin(np.pi * np.arange(frames) / (frames - 1))
    values = np.empty((frames, len(JOINTS), 3))
    for column, (name, (x, y)) in enumerate(JOINTS.items()):
        sinks = "knee" not in name and "ankle" not in name
        width = 1 + (-0.7 if label(person, clip) else 0.4) * depth if "knee" in name else np.ones(frames)
        values[:, column, 0] = x * width * scale + place[0]
        values[:, column, 1] = (y + 45 * depth * sinks) * scale + place[1]
    values[..., :2] += rng.normal(0, 1.5, values[..., :2].shape)
    values[..., 2] = rng.uniform(0.6, 1, values.shape[:2])
    return values


def write(folder: Path) -> None:
    """``labels.csv``, and a CSV file for each clip in ``clips``."""
    rng = np.random.default_rng(7)
    (folder / "clips").mkdir(parents=True)
    rows = [["file", "person", "knees_in"]]
    for person in range(10):
        for clip in range(2):
            name = f"p{person:02d}-{clip + 1}.csv"
            rows.append([name, f"p{person:02d}", str(label(person, clip))])
            write_clip(folder / "clips" / name, draw(person, clip, rng))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def write_clip(path: Path, values: np.ndarray) -> None:
    """Keypoints as a long table."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["frame", "joint", "x", "y", "confidence"])
        for frame, people in enumerate(values):
            for name, (x, y, confidence) in zip(JOINTS, people, strict=True):
                writer.writerow([frame, name, f"{x:.1f}", f"{y:.1f}", f"{confidence:.2f}"])
