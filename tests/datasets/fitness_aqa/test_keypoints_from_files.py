"""The pose rows of the papers' tables, on the tiny release, from poses that somebody else estimated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from aqa_bench.cli.main import main
from aqa_bench.core.registry import open_dataset
from aqa_bench.stats import scoring

SQUAT, PRESS, ROW = (f"fitness-aqa/{name}" for name in ("backsquat", "overhead-press", "barbell-row"))
SMALL = ("length=16", "width=16", "blocks=1", "epochs=30", "batch_size=4", "lr=0.01", "patience=null")


@pytest.fixture
def cli(
    prepared: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """A command with ``--json``: its document, or where it has none, what it says on stderr."""
    monkeypatch.setenv("AQA_BENCH_DATA", str(prepared.parent / "data"))
    if not (prepared.parent / "data").exists():
        shutil.copytree(prepared, prepared.parent / "data" / "fitness-aqa")
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)

    def call(*arguments: object, status: int = 0) -> Any:
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert code == status, captured.err
        return json.loads(captured.out) if captured.out else captured.err

    return call


def run(cli: Callable[..., Any], dataset: str, poses: Path, out: Path, *more: object, **options: Any) -> Any:
    settings = [text for setting in SMALL for text in ("--set", setting)]
    return cli(
        *("run", "--method", "pose-tdm", "--dataset", dataset, "--keypoints", poses, "--out", out),
        *("--device", "cpu", *settings, *more),
        **options,
    )


def figure(name: str, error: float, frames: int, joints: int, axes: int) -> np.ndarray:
    """A body whose knees are far apart, or in an error close together: ``(T, joints, axes)``."""
    rng = np.random.default_rng(int(name.replace("_", "")) % 2**31)
    body = np.random.default_rng(0).uniform(100, 400, size=(1, joints, axes)) + rng.normal(size=axes)
    body = np.repeat(body, frames, axis=0) + rng.normal(size=(frames, joints, axes))
    knees = (10, 13) if joints == 25 else (26, 29)
    for side, knee in zip((-1, 1), knees, strict=True):
        body[:, knee, 0] = 250 + side * (15 if error else 90)
    return body


def openpose(*bodies: np.ndarray) -> str:
    people = [
        {"person_id": [-1], "pose_keypoints_2d": np.insert(body, 2, 0.8, axis=1).round(3).ravel().tolist()}
        for body in bodies
    ]
    return json.dumps({"version": 1.3, "people": people})


def targets(dataset: str, *tasks: str) -> dict[str, float]:
    opened = open_dataset(dataset)
    found = {}
    for task in tasks:
        at_hand = opened.samples(task)
        found |= {name: target for name, target in opened.targets(task).items() if name in at_hand}
    return found


def write_clips(root: Path, labels: dict[str, float], frames: int) -> Path:
    """OpenPose's output of every clip: somebody passes by, listed first, last or alone; nobody has joints."""
    for i, (name, error) in enumerate(labels.items()):
        folder = root / name
        folder.mkdir(parents=True)
        body = figure(name, error, frames, 25, 2)
        for t in range(frames):
            other = figure("7", 1 - error, 1, 25, 2)[0] * 0.5 + np.array([900, 0])
            people = [(body[t],), (other, body[t]), (body[t], other)][(i + t) % 3]
            document = json.loads(openpose(*people))
            document["people"].insert(0, {"person_id": [-1], "pose_keypoints_2d": [0] * 75})
            (folder / f"{name}_{t:012d}_keypoints.json").write_text(json.dumps(document))
    return root


def test_table_2_from_folders_of_openpose(cli: Callable[..., Any], tiny: ModuleType, tmp_path: Path) -> None:
    poses = write_clips(tmp_path / "poses", targets(SQUAT, "kie"), tiny.FRAMES)
    refused = cli("dataset", "verify", SQUAT, "--keypoints", poses, status=1)
    assert {p["what"] for p in refused["problems"]} == {"Several people are in one clip."}
    told = run(cli, SQUAT, poses, tmp_path / "runs", "--task", "kie", status=1)
    assert "--people nearest" in told

    audit = cli("dataset", "verify", SQUAT, "--keypoints", poses, "--people", "nearest")
    assert audit["tasks"]["kie"] == {"samples": 12, "with_keypoints": 12}
    assert audit["several_people"] == {"samples": 12, "frames": 12 * 16, "most": 2}
    assert audit["keypoints"]["layout"] == "body-25"

    for recipe, source in (("paper", "openpose"), ("openpose", None)):
        more = ("--set", f"source={source}") if source else ()
        done = run(
            *(cli, SQUAT, poses, tmp_path / "runs", "--task", "kie", "--people", "nearest"),
            *("--recipe", recipe, "--set", "optimizer=adamw", *more),
        )
        assert done["metrics"]["kie"]["auroc"]["value"] == 1
        assert done["coverage"]["kie"] == {"expected": 3, "scored": 3}
    record = json.loads((Path(done["path"]) / "run.json").read_text())
    assert record["keypoints"]["people"] == "nearest"
    assert record["facts"]["pose"] == "openpose"
    assert str(tmp_path) not in json.dumps(record)
    (scored,) = cli("score", done["path"])
    assert scored["agrees"]


@pytest.mark.parametrize(
    ("recipe", "manifest"),
    [("spin", {"kind": "joints", "layout": "spin-49"}), ("hmr", {"kind": "distances"})],
)
def test_table_2_from_joints_in_space_or_their_distances(
    cli: Callable[..., Any], tiny: ModuleType, tmp_path: Path, recipe: str, manifest: dict[str, str]
) -> None:
    from scipy.spatial.distance import pdist

    for name, error in targets(SQUAT, "kie").items():
        joints = figure(name, error, tiny.FRAMES, 49, 3) / 100
        array = joints if recipe == "spin" else np.stack([pdist(frame) for frame in joints[:, 25:44]])
        (tmp_path / "poses").mkdir(exist_ok=True)
        np.save(tmp_path / "poses" / f"{name}.npy", array)
    (tmp_path / "poses" / "manifest.json").write_text(json.dumps(manifest | {"estimator": recipe.upper()}))
    done = run(
        *(cli, SQUAT, tmp_path / "poses", tmp_path / "runs", "--task", "kie"),
        *("--recipe", recipe, "--set", "optimizer=adamw"),
    )
    assert done["metrics"]["kie"]["auroc"]["value"] == 1


@pytest.mark.parametrize(("dataset", "task"), [(SQUAT, "ss"), (ROW, "lumbar")], ids=["table 3", "table 5"])
def test_single_images_from_one_folder_of_openpose(
    cli: Callable[..., Any], tmp_path: Path, dataset: str, task: str
) -> None:
    poses = tmp_path / "poses"
    poses.mkdir()
    for name, error in targets(dataset, task).items():
        body = figure(name, error, 1, 25, 2)[0]
        (poses / f"{name}_keypoints.json").write_text(openpose(body))
    assert cli("dataset", "verify", dataset, "--keypoints", poses, "--task", task)["ok"]
    done = run(cli, dataset, poses, tmp_path / "runs", "--task", task, "--set", "source=openpose")
    assert done["metrics"][task]["auroc"]["value"] == 1


def test_table_4_from_arrays(cli: Callable[..., Any], tiny: ModuleType, tmp_path: Path) -> None:
    poses = tmp_path / "poses"
    poses.mkdir()
    for name, error in targets(PRESS, "knees").items():
        np.savez(poses / f"{name}.npz", figure(name, error, tiny.FRAMES, 25, 2), layout="body-25")
    done = run(cli, PRESS, poses, tmp_path / "runs", "--task", "knees", "--set", "source=openpose")
    assert done["metrics"]["knees"]["auroc"]["value"] == 1


def test_other_methods_that_need_keypoints_run_on_them_too(
    cli: Callable[..., Any], tiny: ModuleType, tmp_path: Path
) -> None:
    command = ["run", "--method", "stgcn-ocsvm", "--dataset", SQUAT, "--task", "kie", "--scheme", "official"]
    command += ["--out", str(tmp_path / "runs")]
    assert "needs data that fitness-aqa/backsquat does not have" in cli(*command, status=2)
    poses = write_clips(tmp_path / "poses", targets(SQUAT, "kie"), tiny.FRAMES)
    (poses / "manifest.json").write_text('{"people": "nearest"}')
    assert "kie" in cli(*command, "--keypoints", poses)["metrics"]
