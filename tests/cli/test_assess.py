from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.registry import open_dataset
from aqa_bench.core.schemes import folds
from aqa_bench.datasets.stick_figures import adapter
from aqa_bench.media.video import encode

PRESSES = "stick-figures/shoulder-press"


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A stick figure's press as a video without anything to see, and its joints."""
    folder = tmp_path_factory.mktemp("press")
    joints = next(iter(open_dataset(PRESSES).samples("form").values())).media.keypoints("openpose-18")
    np.savez(folder / "press.npz", keypoints=joints, layout="openpose-18")
    frames = np.zeros((len(joints), 64, 64, 3), np.uint8)
    return encode(folder / "press.mp4", frames, 30.0), folder / "press.npz"


def test_a_verdict_stands_beside_its_evidence(cli, press: tuple[Path, Path], tmp_path: Path) -> None:
    clip, keypoints = press
    arguments = ("assess", clip, "--exercise", "shoulder-press", "--keypoints", keypoints)
    told = cli(*arguments, "--out", tmp_path / "out", "--json").document
    assert told["exercise"] == "shoulder-press"
    assert told["schema_version"] == 1
    assert (tmp_path / "out" / told["video"]).is_file()
    shown = cli(*arguments, "--out", tmp_path / "out")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0].startswith("Shoulder press, ")
    evidence = told["evidence"][0]
    assert any(f"accuracy {evidence['value']:.2f}" in line and "floor" in line for line in lines)
    assert len([line for line in lines if line.startswith("repetition")]) == len(told["repetitions"])


def test_a_saved_model_judges_in_place_of_the_rules(
    cli, press: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(adapter._RULES, "folds", lambda *a: folds(*a)[:1])
    answer = cli(
        *("run", "--method", "pose-trainer-rules", "--dataset", PRESSES, "--out", tmp_path / "runs"),
        *("--save-model", tmp_path / "model"),
    )
    assert answer.code == 0, answer.err
    clip, keypoints = press
    told = cli(
        *("assess", clip, "--exercise", "shoulder-press", "--keypoints", keypoints, "--json"),
        *("--model", tmp_path / "model", "--out", tmp_path / "out"),
    ).document
    (evidence,) = told["evidence"]
    assert (evidence["judge"], evidence["tested_on"]) == ("pose-trainer-rules", PRESSES)
    assert "this clip cannot be compared with them" in told["notes"][0]
    (repetition,) = [each for each in told["repetitions"] if each["complete"]]
    (verdict,) = repetition["verdicts"]
    if verdict["answer"] == "cannot judge":
        assert [each["kind"] for each in verdict["obstacles"]] == ["judge"]
    else:
        assert (verdict["answer"] == "error") == (verdict["score"] >= verdict["threshold"])


def test_wrong_usage_is_told(cli, press: tuple[Path, Path], tmp_path: Path) -> None:
    clip, _ = press
    plank = cli("assess", clip, "--exercise", "plank", "--out", tmp_path / "out")
    assert (plank.code, "bicep-curl" in plank.err) == (2, True)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    before = threading.active_count()
    broken = cli("assess", text, "--exercise", "squat", "--out", tmp_path / "out")
    # Whoever says every ten seconds how far it is has ended too.
    assert threading.active_count() == before
    assert (broken.code, "cannot be read as a video" in broken.err) == (1, True)
    assert not (tmp_path / "out" / "assessment.json").exists()
