"""Small valid inputs of the parsers that ``tools/fuzz.py`` attacks, made anew each time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np


def dives() -> Iterable[bytes]:
    fields = {
        "start_frame": 10,
        "end_frame": 99,
        "position": 1,
        "armstand": 0,
        "rotation_type": 2,
        "ss_no": 3,
        "tw_no": 1,
        "difficulty": 3.2,
        "final_score": 81.5,
        "judge_scores": [8.0] * 7,
    }
    for protocol in (0, 2, 4):
        yield pickle.dumps({(1, dive): fields for dive in range(3)}, protocol)
    yield pickle.dumps({(1, 2): {**fields, "final_score": np.float64(70.5), "ss_no": np.int64(4)}}, 2)


def dive_splits() -> Iterable[bytes]:
    yield from (pickle.dumps([(1, 2), (3, 4)], protocol) for protocol in (0, 2, 4))
    yield pickle.dumps(np.arange(8).reshape(4, 2), 2)


def npy(array: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def npz(packed: bool = True, **arrays: object) -> bytes:
    buffer = io.BytesIO()
    write: Any = np.savez_compressed if packed else np.savez
    write(buffer, **{name: np.asarray(array) for name, array in arrays.items()})
    return buffer.getvalue()


def points(joints: int, width: int = 3, frames: int = 4) -> np.ndarray:
    values = np.random.default_rng(0).uniform(10, 90, (frames, joints, width))
    values[..., -1] = 0.75
    return values


def poses() -> Iterable[bytes]:
    yield npz(keypoints=points(17).astype(np.float32), layout="coco-17")
    yield npz(packed=False, keypoints=points(18), layout="openpose-18")
    yield npy(points(17))


def openpose_frames() -> Iterable[bytes]:
    for joints in (25, 18):
        person = {
            "person_id": [-1],
            "pose_keypoints_2d": points(joints, frames=1).reshape(-1).round(2).tolist(),
        }
        yield json.dumps({"version": 1.3, "people": [person, person]}).encode()


def feature_facts(**place: object) -> dict[str, object]:
    known = {"version": 1, "extractor": "resnet", "dims": 4, "licence": "MIT", "pretrained_on": "nothing"}
    return {**known, **place, "details": {"size": 224}}


def feature_manifests() -> Iterable[bytes]:
    digest = hashlib.sha256(npy(np.zeros((2, 4)))).hexdigest()
    entry = {"file": "a.npy", "sha256": digest}
    yield json.dumps(feature_facts(features={"a": entry, "b/c": entry})).encode()
    yield json.dumps(feature_facts(features={"c": {"file": "./a.npy", "sha256": digest}})).encode()


def tensors() -> Iterable[bytes]:
    from safetensors.numpy import save

    yield save({"a": np.ones((2, 4), np.float32), "b": np.zeros((1, 4), np.float16)}, {"about": "x"})


def model_states() -> Iterable[bytes]:
    from aqa_bench.core.state import State, pack_state

    columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    yield pack_state(State({"value": {"tuple": [1, 0.5, None]}}, {"a": columns, "b": np.array(3)}))


def models() -> Iterable[bytes]:
    from aqa_bench.core.record import RunRecord
    from aqa_bench.protocol.saved.document import Fold, Input, ModelDocument, SavedTask

    run = RunRecord.model_validate_json(next(iter(records())))
    task = {"id": "t", "name": "T", "kind": "binary", "unit": "clip", "primary": "f1"}
    fold = Fold(split="r0f0", seed=3, sha256="0" * 64, threshold=0.5, val_scores=[0.1, 0.2])
    metric = run.metrics["t"]["f1"]
    saved = SavedTask(task=task, folds=[fold], primary="f1", measured=metric, floor=0.5, tested=9)
    spans = {"length": (3, 9), "fps": (24.0, 30.0), "width": None, "height": None}
    known = {"read": ["frames"], "layouts": [], "sizes": [64], "frames_read": [8], "region": None}
    seen = Input(samples=9, **known, **spans)
    document = ModelDocument(run=run, tasks=[saved], input=seen, shared=None, licence="x", notes=["y"])
    yield document.to_json()


def squats() -> Iterable[bytes]:
    yield b"[9, 6, 3, 1, 3, 6, 9, NaN, 9.5]"
    yield b"[90.5, null, 30, 12, 3, 26, 39]"


def presses() -> Iterable[bytes]:
    boxes = [[[], [[10.0, 90.0 - 9 * t, 20.0, 99.0 - 9 * t, 88.0]], []] for t in range(9)]
    yield json.dumps(boxes).encode()


def labels() -> Iterable[bytes]:
    yield json.dumps({"9001_1": [[0.2, 0.9], [1, 2]], "9001_2": [], "9001_3": [[3.5, 4]]}).encode()
    yield json.dumps({"1_1": 0, "1_2": 1, "1_3": 1}).encode()
    yield json.dumps(["9001_1", "9001_2.json", "9001_3"]).encode()


def waseda_poses() -> Iterable[bytes]:
    values = np.random.default_rng(1).uniform(0.1, 1, (2, 171)).round(2).tolist()
    yield json.dumps({str(i): {"index": i, "3d_joint": row} for i, row in enumerate(values)}).encode()


def waseda_splits() -> Iterable[bytes]:
    entries = {str(i): {"folder_path": f"x/bad_toe/0918_squat_00000{i}.mp4", "label": 6} for i in range(3)}
    yield json.dumps(entries).encode()
    yield json.dumps(["good/0918_squat_000001.mp4", "good/0918_squat_000002.mp4"]).encode()


def suites() -> Iterable[bytes]:
    yield (
        b'about = "Small."\n[[block]]\ndatasets = ["stick-figures/*"]\nmethods = ["constant", "prior"]\n'
        b'schemes = ["folds"]\nseeds = [0, 1]\nset = ["rate=0.5"]\n'
    )


def cards() -> Iterable[bytes]:
    plugins = Path(__file__).resolve().parents[2]
    for name in ("methods/constant", "methods/half_cycle_difference", "datasets/unlv_dive"):
        yield (plugins / name / "card.toml").read_bytes()


def recipes() -> Iterable[bytes]:
    yield b'[quick]\nabout = "Small."\nrate = 0.1\nsizes = [1, 2]\n[paper]\nbase = "quick"\nepochs = 20\n'


def overrides() -> Iterable[bytes]:
    yield b"scheme=folds\nresize=224\nhead_epochs=3\nscheme=null"
    yield b'scheme="folds"\nhead=resnet1d\nhead_lr=1e-3\nstages=[-1, -2]'


def records() -> Iterable[bytes]:
    metric = {"value": 0.5, "low": 0.25, "high": None}
    yield json.dumps(
        {
            "schema_version": 1,
            "run_id": "0123456789abcdef",
            "kind": "measured",
            "benchmark_version": "1",
            "dataset": "d/x",
            "dataset_fingerprint": "ff",
            "scheme": "folds",
            "honest": True,
            "splits_fingerprint": {"t": "ee"},
            "tasks": ["t"],
            "method": "m",
            "method_version": 1,
            "recipe": "quick",
            "hyperparameters": {"rate": 0.1, "sizes": [1, 2]},
            "seed": 0,
            "source_revision": None,
            "created": "2026-01-02T00:00:00Z",
            "device": "cpu",
            "dtype": "float32",
            "batch_size": 8,
            "environment": {
                "python": "3",
                "platform": "p",
                "processor": "c",
                "threads": 1,
                "packages": {"a": "1"},
            },
            "timings": {"fit": 0.1},
            "regime": "frozen",
            "modality": "2D pose",
            "pretrained_on": "nothing",
            "control": False,
            "parameters": 5,
            "gflops": 0.5,
            "facts": {"epochs_run": 3},
            "pool_size": {"t": 0},
            "decision": "tuned",
            "thresholds": {"t": {"r0f0": 0.3}},
            "coverage": {"t": {"expected": 3, "scored": 3}},
            "train_ranges": {"t": [0.0, 1.0]},
            "metrics": {"t": {"f1": metric}},
            "floors": {"t": None},
            "skill": {"t": 0.1},
            "predictions_sha256": "aa",
        }
    ).encode()


def receipts() -> Iterable[bytes]:
    from aqa_bench.core.receipt import Receipt, Verdict
    from aqa_bench.core.record import Environment
    from aqa_bench.core.sealed import blank_stamp

    values = {"dataset": "d/x", "method": "m", "run_id": "0123", "seed": 0, "record_sha256": "a" * 64}
    values |= {"predictions_sha256": "b" * 64, "rerun_sha256": "b" * 64, "machine": ["device"]}
    values |= {"largest_difference": 0.0, "rank_correlation": None, "metric_difference": 0.0, "device": "cpu"}
    values |= {"dtype": "float32", "sandbox": False, "fresh_cache": True, "created": "2026-01-02T00:00:00Z"}
    values |= {"harness": "1.0", "source_revision": None, "verdict": Verdict.IDENTICAL}
    machine = Environment(python="3", platform="p", processor="c", threads=1, packages={"a": "1"})
    yield Receipt(stamp=blank_stamp("receipt", 1), environment=machine, **values).model_dump_json().encode()


def predictions() -> Iterable[bytes]:
    rows = [f"clip {i},t,{i % 2},{'val' if i % 3 else 'test'},{i / 7}" for i in range(6)]
    yield ("sample_id,task,fold,split,score\n" + "\n".join(rows) + "\n").encode()
    yield b'sample_id,task,fold,split,score\r\n"a,""b",t,0,test,0.5\r\n'


def locks() -> Iterable[bytes]:
    hashes = {"run.json": "a" * 64, "predictions.csv": "b" * 64}
    yield json.dumps({"version": "1", "dataset_fingerprint": "ff", "runs": {"d/m/0123": hashes}}).encode()


def indexes() -> Iterable[bytes]:
    row = [0, "a.mp4", 9, 1, "a" * 64, 30, 29.97, 320, 240, 30, None]
    yield gzip.compress(
        json.dumps(
            {
                "version": 1,
                "exercise": "backsquat",
                "sources": ["/x"],
                "containers": [["/x", False]],
                "files": {"clip": {"9001_1": row}},
                "labels": {"kie": {"9001_1": True}},
                "intervals": {"kie": {"9001_1": [[0.5, 1.0]]}},
                "splits": {"kie": {"train": ["9001_1"]}},
                "traj_nan": [],
                "problems": [],
            }
        ).encode()
    )


def dive_indexes() -> Iterable[bytes]:
    dive = {
        "id": "01_02",
        "event": "01",
        "start": 1,
        "end": 9,
        "position": "pike",
        "armstand": False,
        "rotation": "back",
        "somersaults": 2.5,
        "twists": 0.0,
        "difficulty": 3.0,
        "score": 80.0,
    }
    yield json.dumps(
        {"version": 1, "sources": [], "dives": {"01_02": dive}, "train": ["01_02"], "test": [], "named": 1}
    ).encode()


def zips() -> Iterable[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("Squat/Labeled_Dataset/Labels/error_knees_inward.json", '{"1_1": [[0, 1]]}')
            archive.writestr("Pose/good/0918_squat_000001.json", next(iter(waseda_poses())))
        yield buffer.getvalue()


def images() -> Iterable[bytes]:
    from PIL import Image

    picture = Image.fromarray(np.random.default_rng(2).integers(0, 255, (12, 16, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    for form, options in (("JPEG", {"exif": exif}), ("PNG", {"exif": exif}), ("WEBP", {}), ("BMP", {})):
        buffer = io.BytesIO()
        picture.save(buffer, form, **options)
        yield buffer.getvalue()
    for mode in ("P", "LA", "RGBA", "I;16"):
        buffer = io.BytesIO()
        (picture.convert("L") if mode == "I;16" else picture).convert(mode).save(buffer, "PNG")
        yield buffer.getvalue()


def videos() -> Iterable[bytes]:
    from aqa_bench.media.video import encode

    with tempfile.TemporaryDirectory() as folder:
        frames = np.random.default_rng(3).integers(0, 255, (4, 16, 16, 3), dtype=np.uint8)
        yield encode(Path(folder, "a.mp4"), frames, rotation=90).read_bytes()


def clips() -> Iterable[bytes]:
    from aqa_bench.media.frame_store.clip_file import write_clip
    from aqa_bench.media.frame_store.encoding import Encoding

    frames = np.random.default_rng(4).integers(0, 255, (2, 8, 8, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        for quality in (None, 90):
            write_clip(Path(folder, "a"), frames, Encoding(quality))
            yield Path(folder, "a").read_bytes()


def sealed_files() -> Iterable[bytes]:
    from aqa_bench.core.sealed import blank_stamp, sealed_write_json, stamped

    yield stamped(f'{{"seal": "{blank_stamp("weights", 1)}", "a": 1}}'.encode(), "weights", 1)
    with tempfile.TemporaryDirectory() as folder:
        yield sealed_write_json(Path(folder, "a"), "partial", 1, {"a": [1, 2.5]}).read_bytes()


def states() -> Iterable[bytes]:
    import torch

    state = {"state_dict": {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}, "epoch": 3}
    for zipped in (True, False):
        buffer = io.BytesIO()
        torch.save(state, buffer, _use_new_zipfile_serialization=zipped)
        yield buffer.getvalue()


def layers() -> Iterable[bytes]:
    from safetensors.numpy import save

    yield save({"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)})


def checkpoints() -> Iterable[bytes]:
    from aqa_bench.learn.training.checkpoint import save_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        state, history = training()
        save_checkpoint(Path(folder, "a"), state, history)
        yield Path(folder, "a").read_bytes()


def training() -> tuple[Any, Any]:
    import torch

    from aqa_bench.learn.training.checkpoint import History, TrainingState

    model = torch.nn.Linear(3, 2)
    return TrainingState(model, torch.optim.Adam(model.parameters()), None, torch.device("cpu")), History()


def one(*contents: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: contents
