from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.registry import open_dataset
from aqa_bench.media.pose import People
from aqa_bench.protocol.keypoints import KeypointAudit, KeypointFolder, audit_keypoints
from aqa_bench.protocol.keypoints.report import FrameCount

DATASET = "stick-figures/shoulder-press"
Poses = Callable[..., Path]


def audit(folder: Path, people: People | None = None) -> KeypointAudit:
    return audit_keypoints(open_dataset(DATASET), KeypointFolder(folder, people))


def change(folder: Path, place: int, edit: Callable[[np.ndarray], np.ndarray]) -> tuple[str, Path]:
    """Edit the keypoints of one sample; its id and file."""
    name = list(open_dataset(DATASET).samples("form"))[place]
    file = folder / f"{name}.npz"
    np.savez(file, keypoints=edit(np.load(file)["keypoints"]))
    return name, file


def test_what_a_run_can_use_is_ok_and_measured(poses: Poses) -> None:
    found = audit(poses())
    frames = sum(sample.media.length for sample in open_dataset(DATASET).samples("form").values())
    assert found.ok
    assert not found.problems
    assert found.tasks["form"].model_dump() == {"samples": 60, "with_keypoints": 60}
    assert found.frames == FrameCount(expected=frames, found=frames)
    assert found.missing_joints == 0
    assert found.confidence is not None
    assert found.confidence.model_dump() == {"low": 1, "median": 1, "high": 1}
    assert any("give none" in note for note in found.notes)
    assert found.keypoints.layout == "openpose-18"


def test_gaps_missing_joints_nan_and_confidences_are_counted(poses: Poses) -> None:
    folder = poses()

    def spoil(keypoints: np.ndarray) -> np.ndarray:
        keypoints = keypoints[:-5].copy()
        keypoints[0] = 0
        keypoints[1, 3, 0] = np.nan
        keypoints[2:4, 3, 2] = 0
        keypoints[5, 5, 2] = 0.25
        return keypoints

    change(folder, 0, spoil)
    change(folder, 1, lambda keypoints: np.concatenate([keypoints, keypoints[:2]]))
    found = audit(folder)
    shown = found.frames.expected - 6
    assert found.ok
    assert (found.frames.missing, found.frames.samples_with_missing) == (5, 1)
    assert (found.frames.empty, found.frames.surplus) == (6, 2)
    assert found.unknown_joints == 1
    assert found.missing_by_joint["right_elbow"] == round(3 / shown, 4)
    assert found.missing_joints == round(3 / shown / 18, 4)
    assert found.confidence is not None
    assert found.confidence.low == 0.25


def test_every_file_that_a_run_would_refuse_is_told_with_its_remedy(poses: Poses) -> None:
    folder = poses()
    expected = {}
    for place, edit in (
        (0, lambda k: k[:, :17]),
        (1, lambda k: np.concatenate([k, k])),
        (2, lambda k: k / [1000, 1000, 1]),
    ):
        name, file = change(folder, place, edit)
        expected[name] = str(file)
    found = audit(folder)
    assert not found.ok
    assert {problem.sample: problem.where for problem in found.problems} == expected
    assert all(problem.expected and problem.found and problem.remedy for problem in found.problems)
    assert found.frames.found > 0


def test_missing_samples_and_files_of_no_sample_are_named(poses: Poses) -> None:
    folder = poses(leave_out=3)
    (folder / "other").mkdir()
    for name in ("stray.npz", "other/0.json", "other/1.json"):
        (folder / name).write_bytes(b"")
    found = audit(folder)
    assert not found.ok
    assert set(found.missing) == set(list(open_dataset(DATASET).targets("form"))[:3])
    assert found.extra == {"stray.npz": 1, "other": 2}
    assert not found.problems


@pytest.mark.parametrize("rule", [None, *People])
def test_the_rule_for_several_people_is_told(poses: Poses, rule: People | None) -> None:
    assert audit(poses(), rule).keypoints.people == (rule.value if rule else None)
