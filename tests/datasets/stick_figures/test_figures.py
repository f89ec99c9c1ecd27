from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.datasets.stick_figures.figures import Fault, Source, draw_clip
from aqa_bench.media.layouts import LAYOUTS, missing

INDEX = LAYOUTS["openpose-18"].index
DATASET = "stick-figures/shoulder-press"


def elbow_angle(clip: np.ndarray) -> np.ndarray:
    """Angle between upper arm and forearm in degrees, 180 = straight, where the near arm is seen."""
    arm = [INDEX(f"right_{joint}") for joint in ("shoulder", "elbow", "wrist")]
    shoulder, elbow, wrist = clip[(clip[:, arm, 2] > 0).all(axis=1)][:, arm, :2].swapaxes(0, 1)
    upper, fore = shoulder - elbow, wrist - elbow
    cosine = (upper * fore).sum(axis=1) / np.linalg.norm(upper, axis=1) / np.linalg.norm(fore, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def many(fault: Fault | None) -> list[np.ndarray]:
    return [draw_clip(DATASET, Source(n, fault), c) for n in range(20) for c in range(2)]


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_clip_is_a_valid_keypoint_sequence(fault):
    for clip in many(fault):
        assert clip.dtype == np.float32
        assert clip.shape[1:] == (18, 3)
        assert 50 <= len(clip) <= 100
        assert np.isfinite(clip).all()
        assert not clip[missing(clip)].any()
        assert ((clip[..., 2] >= 0) & (clip[..., 2] <= 1)).all()
        seen = clip[~missing(clip)]
        assert (seen[:, :2] >= 0).all()
        assert (seen[:, 0] <= 640).all()
        assert (seen[:, 1] <= 560).all()
        assert (~missing(clip)).any(axis=1).all()


def test_the_same_arguments_draw_the_same_clip_and_others_do_not():
    clip = draw_clip(DATASET, Source(3, None), 0)
    np.testing.assert_array_equal(draw_clip(DATASET, Source(3, None), 0), clip)
    for other in (
        draw_clip(DATASET, Source(3, None), 1),
        draw_clip(DATASET, Source(4, None), 0),
        draw_clip("other", Source(3, None), 0),
    ):
        assert other.shape != clip.shape or not np.array_equal(other, clip)


def test_clips_of_a_source_share_its_body():
    def arm(number: int, clip: int) -> float:
        """Median of near upper arm over trunk length."""
        k = draw_clip(DATASET, Source(number, None), clip)
        joints = [INDEX(j) for j in ("right_shoulder", "right_elbow", "neck", "right_hip")]
        shoulder, elbow, neck, hip = k[(k[:, joints, 2] > 0).all(axis=1)][:, joints, :2].swapaxes(0, 1)
        return float(np.median(np.linalg.norm(elbow - shoulder, axis=1) / np.linalg.norm(neck - hip, axis=1)))

    arms = np.array([[arm(n, c) for c in range(2)] for n in range(20)])
    assert np.abs(arms[:, 0] - arms[:, 1]).mean() < 0.5 * arms[:, 0].std()


def test_each_fault_is_what_its_name_says_and_overlaps_with_good_form():
    def straightest(fault: Fault | None) -> np.ndarray:
        return np.array([np.quantile(elbow_angle(clip), 0.95) for clip in many(fault)])

    def most_behind(fault: Fault | None) -> np.ndarray:
        """How far the elbow gets behind the neck, in pixels."""
        return np.array(
            [(c[:, 1, 0] - c[:, INDEX("right_elbow"), 0])[c[:, 3, 2] > 0].max() for c in many(fault)]
        )

    def sway(fault: Fault | None) -> np.ndarray:
        """Range of the neck's place over the hip, in pixels."""
        return np.array([np.ptp((c[:, 1, 0] - c[:, 8, 0])[c[:, 8, 2] > 0]) for c in many(fault)])

    for measure, fault, sign in (
        (straightest, Fault.LOCKOUT, -1),
        (most_behind, Fault.ELBOWS, 1),
        (sway, Fault.LEAN, 1),
    ):
        good, bad = sign * measure(None), sign * measure(fault)
        wins = (bad[:, None] > good[None]).mean()
        assert 0.8 < wins < 1, fault


def test_the_far_arm_is_missing_more_often_than_the_near_one():
    gone = np.concatenate([missing(clip) for clip in many(None)]).mean(axis=0)
    assert 0.1 < gone[INDEX("left_wrist")] < 0.5
    assert gone[INDEX("right_wrist")] < 0.06
    assert gone[INDEX("neck")] == 0
