from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.registry import open_dataset

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    """The dataset's own poses as files."""
    root = tmp_path / "poses"
    for name, sample in open_dataset(DATASET).samples("form").items():
        file = root / f"{name}.npz"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, keypoints=sample.media.keypoints("openpose-18"), layout="openpose-18")
    return root


def test_verify_says_what_a_run_can_use(cli, poses: Path) -> None:
    answer = cli("dataset", "verify", DATASET, "--keypoints", poses)
    assert answer.code == 0, answer.err
    assert "keypoints in layout openpose-18 from 60 files" in answer.out
    assert "A run can use them." in answer.out
    document = cli("dataset", "verify", DATASET, "--keypoints", poses, "--json").document
    assert document["ok"]
    assert document["tasks"] == {"form": {"samples": 60, "with_keypoints": 60}}


def test_verify_names_file_expected_found_and_remedy(cli, poses: Path) -> None:
    files = sorted(poses.rglob("*.npz"))
    for file in files[:7]:
        np.savez(file, keypoints=np.zeros((5, 17, 3)), layout="openpose-18")
    files[7].unlink()
    (poses / "stray.npy").write_bytes(b"")
    answer = cli("dataset", "verify", DATASET, "--keypoints", poses)
    assert answer.code == 1
    assert "A run would refuse them" in answer.out
    assert "(7 samples)" in answer.out
    assert f"{files[0]}: expected keypoints of openpose-18: (T, 18, 2) or" in answer.out
    assert "found shape (5, 17, 3), which fits coco-17, h36m-17" in answer.out
    assert "... and 2 more" in answer.out
    assert "what to do: Correct the layout" in answer.out
    assert (
        f"Samples without keypoints (1): {files[7].relative_to(poses).with_suffix('').as_posix()}"
        in answer.out
    )
    assert "Files that match no sample (1): stray.npy" in answer.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--people", "nearest"), "No keypoints were given"),
        (("--task", "form"), "No keypoints were given"),
        (("--keypoints", "poses", "--people", "tallest"), "nearest or largest"),
    ],
)
def test_wrong_usage_of_verify(cli, arguments: tuple[str, ...], told: str) -> None:
    answer = cli("dataset", "verify", DATASET, *arguments)
    assert answer.code == 2
    assert told in answer.err


def test_run_takes_a_folder_of_poses(cli, poses: Path, tmp_path: Path) -> None:
    command = [
        "run",
        "--method",
        "pose-trainer-rules",
        "--dataset",
        DATASET,
        "--out",
        tmp_path / "runs",
        "--json",
    ]
    own = cli(*command).document
    answer = cli(*command, "--keypoints", poses)
    assert answer.code == 0, answer.err
    # The same poses under another id: what decides the result is in the id.
    assert answer.document["metrics"] == own["metrics"]
    assert answer.document["run_id"] != own["run_id"]
