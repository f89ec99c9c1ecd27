"""A release of a few clips with every quirk of the real one, in each of the forms people have it."""

from __future__ import annotations

import io
import json
import shutil
import struct
import zipfile
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

FRAMES = 24
TRAIN = ("32903_1", "32903_2", "11681_3", "45823_6", "20001_1", "20002_1", "20003_1", "20004_1")
VAL = ("37165_2", "32903_8")
TEST = ("50001_1", "50002_1", "50003_1")
KIE = {"32903_1": [[0.1, 0.4]], "20001_1": [[0.2, 0.5]], "37165_2": [[0.1, 0.3]], "50001_1": [[0.1, 0.4]]}
KFE = {
    "32903_1": [[0.1, 0.4]],
    "11681_3": [[0.1, 0.2], [0.4, 0.7]],
    "50002_1": [[0.3, 0.6]],
    "37165_2": [[0.3, 0.6]],
}
MISSING = "20004_1"
TWINS = ("20002_1", "50003_1")
POOL = ("32903_1", "11681_3", "50001_1", "32903_77", "60001_1", "60002_1", "60003_1", "90001_1", "11111_1")


@cache
def clip(seed: int = 0, frames: int = FRAMES) -> bytes:
    """A small mp4; clips of one length differ in a trailing ``free`` box, which costs nothing to write."""
    if seed:
        payload = struct.pack(">I", seed)
        return clip(0, frames) + struct.pack(">I", 8 + len(payload)) + b"free" + payload
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"threads": "1"})
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for t in range(frames):
            picture = np.full((32, 32, 3), (40 + 5 * t) % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


@cache
def crop(seed: int) -> bytes:
    """A small JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((16, 12, 3), seed % 256, np.uint8)).save(buffer, "JPEG", comment=str(seed))
    return buffer.getvalue()


def heights(frames: int = FRAMES) -> list[float]:
    """A squat's trajectory file: high, low, high."""
    return [round(float(h), 2) for h in 300 - 120 * np.sin(np.linspace(0, np.pi, frames))]


def boxes(frames: int = FRAMES, empty: tuple[int, ...] = (3,)) -> list[object]:
    """A press's trajectory file: image rows low on screen, high, low; region 0 is the bar."""
    rows = 220 - 150 * np.sin(np.linspace(0, np.pi, frames))
    return [
        [[] if t in empty else [[100, int(y) - 5, 300, int(y) + 5, 90]], [], [[1, 2, 30, 40, 50]]]
        for t, y in enumerate(rows)
    ]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _seed(name: str) -> int:
    return int(name.replace("_", "")) % 2**31 + 1


def _squat() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    ids = (*TRAIN, *VAL, *TEST)
    root = "Squat/Labeled_Dataset"
    for name in (*ids, "33901_1", "33902_1"):
        if name != MISSING:
            files[f"{root}/videos.zip!videos/{name}.mp4"] = clip(_seed(TWINS[0] if name in TWINS else name))
    for task, positive in (("inward", KIE), ("forward", KFE)):
        labels = {name: positive.get(name, []) for name in ids}
        files[f"{root}/Labels/error_knees_{task}.json"] = _json(labels)
    for part, names in (("train", TRAIN), ("val", VAL), ("test", TEST)):
        files[f"{root}/Splits/{part}_keys.json"] = _json(names)
    files[f"{root}/Splits/traj_nan.json"] = _json(["60002_1.json"])
    files[f"{root}/Labels/ReadMe.md.docx"] = b"PK"

    shallow = f"{root}/Shallow_Squat_Error_Dataset"
    crops = [
        f"{c}_{f}"
        for c in ("32903_1", "11681_3", "20001_1", "20002_1", "70001_1", "90001_1")
        for f in (3, 9, 12)
    ]
    for name in (*crops, "80001_1_5", "80001_1_6"):
        files[f"{shallow}/images.zip!crops_unaligned/{name}.jpg"] = crop(_seed(name))
    files[f"{shallow}/labels_shallow_depth.json"] = _json({name: i % 2 for i, name in enumerate(crops)})
    for part, names in (("train", crops[:12]), ("val", crops[12:15]), ("test", crops[15:])):
        files[f"{shallow}/splits/{part}_ids.json"] = _json(names)

    for name in POOL:
        files[f"Squat/Unlabeled_Dataset/videos.zip!videos/{name}.mp4"] = clip(_seed(name))
        if name != "60001_1":
            track = f"bar_trajectories_raw.zip!bar_trajectories_raw/part1/{name}.json"
            files[f"Squat/Unlabeled_Dataset/{track}"] = _json(heights())
    return files


def _press() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    train = [f"7000{i}_1" for i in range(6)]
    val, test = ["71000_1", "71001_1"], ["72000_1", "72001_1"]
    ids = [*train, *val, *test]
    root = "OHP/Labeled_Dataset"
    for name in (*ids, "73000_1"):
        files[f"{root}/videos.zip!videos/{name}.mp4"] = clip(_seed(name))
    for error, step in (("elbows", 3), ("knees", 2)):
        labels = {name: [[0.1, 0.5]] if i % step == 0 else [] for i, name in enumerate(ids)}
        files[f"{root}/Labels/error_{error}.json"] = _json(labels)
    for part, names in (("train", train), ("val", val), ("test", test)):
        files[f"{root}/Splits/{part}_keys.json"] = _json(names)
    for i, name in enumerate((*ids, "74000_1", "74001_1")):
        track = boxes(empty=tuple(range(16)) if name == "74001_1" else (3, i % FRAMES))
        files[f"OHP/Unlabeled_Dataset/videos.zip!videos/{name}.mp4"] = clip(_seed(name))
        files[f"OHP/Unlabeled_Dataset/bar_trajectories_raw.zip!bar_trajectories_raw/{name}.json"] = _json(
            track
        )
    return files


def _row() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    root = "BarbellRow/Labeled_Dataset"
    images = [f"5606{c}_3_{f}" for c in range(8) for f in (1, 51)]
    for name in (*images, "99999_1_1"):
        files[f"{root}/barbellrow_images_raw.zip!barbellrow_images_raw/{name}.jpg"] = crop(_seed(name))
    for error, folder, ids in (
        ("lumbar_error", "Splits_Lumbar_Error", images[:14]),
        ("torso_angle_error", "Splits_TorsoAngle_Error", images[2:]),
    ):
        labels = {name: i % 3 // 2 for i, name in enumerate(images)}
        files[f"{root}/Labels/labels_{error}.json"] = _json(labels)
        for part, names in (("train", ids[:8]), ("val", ids[8:10]), ("test", ids[10:])):
            files[f"{root}/Splits/{folder}/{part}_ids.json"] = _json(names)
    return files


def release() -> dict[str, bytes]:
    """Every file of the tiny release: path, with ``archive.zip!member`` for what comes in archives."""
    return {**_squat(), **_press(), **_row()}


def write_extracted(root: Path, files: dict[str, bytes] | None = None, doubled: bool = False) -> Path:
    """The release with every archive unpacked; ``doubled`` unpacks each into a folder of its own name."""
    for name, content in (release() if files is None else files).items():
        archive, _, member = name.partition("!")
        folder = archive.removesuffix(".zip") if doubled else str(Path(archive).parent)
        path = root / (f"{folder}/{member}" if member else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zipped(root: Path, files: dict[str, bytes] | None = None) -> Path:
    """The release as it is downloaded."""
    members: dict[str, dict[str, bytes]] = {}
    for name, content in (release() if files is None else files).items():
        archive, _, member = name.partition("!")
        path = root / archive
        path.parent.mkdir(parents=True, exist_ok=True)
        if member:
            members.setdefault(archive, {})[member] = content
        else:
            path.write_bytes(content)
    for archive, contents in members.items():
        method = zipfile.ZIP_STORED if "videos" in archive else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(root / archive, "w", method) as file:
            for member, content in contents.items():
                file.writestr(member, content)
    return root


def write_lowercase(root: Path) -> Path:
    """Unpacked, with folders in lower case and the small drifts seen in the wild."""
    drift = {"Splits_Lumbar_Error": "Splits_Lumbar_error", "train_ids.json": "train_Ids.json"}
    files = {}
    for name, content in release().items():
        for old, new in drift.items():
            name = name.replace(old, new)
        folder, _, last = name.rpartition("/")
        files[f"{folder.lower()}/{last}"] = content
    return write_extracted(root, files)


def write_renamed(root: Path) -> Path:
    """Unpacked, with exercise folders whose names say nothing, or doubled."""
    names = {"Squat/": "LegDay/", "OHP/": "Overhead Press/OHP/", "BarbellRow/": "Back/"}
    files = {}
    for name, content in release().items():
        for old, new in names.items():
            if name.startswith(old):
                name = new + name.removeprefix(old)
        files[name] = content
    return write_extracted(root, files)


def write_split(first: Path, second: Path) -> tuple[Path, Path]:
    """Two download folders with the same inner tree: every other file in each, labels in both."""
    write_zipped(
        first / "Fitness-AQA_dataset_release", {n: c for n, c in release().items() if "/Unl" not in n}
    )
    unlabeled = {n: c for n, c in release().items() if "/Unl" in n}
    write_extracted(second / "Fitness-AQA_dataset_release", unlabeled, doubled=True)
    moved = second / "Fitness-AQA_dataset_release/BarbellRow"
    shutil.move(first / "Fitness-AQA_dataset_release/BarbellRow", moved)
    labels = {n: c for n, c in release().items() if "Labels/" in n}
    write_extracted(second / "Fitness-AQA_dataset_release", labels)
    return first, second
