from __future__ import annotations

import io

import numpy as np
from PIL import Image

from aqa_bench.media.contact_sheet import Block, block_sheet, contact_sheet
from aqa_bench.media.faces import blur_faces
from aqa_bench.media.layouts import LAYOUTS

NOISE = np.random.default_rng(0).integers(0, 255, (3, 60, 60, 3)).astype(np.uint8)


def pose(at: tuple[float, float]) -> np.ndarray:
    layout = LAYOUTS["coco-17"]
    points = np.zeros((3, 17, 3), dtype=np.float32)
    points[:, layout.index("nose")] = (*at, 1)
    points[:, layout.index("left_ankle")] = (at[0], at[1] + 40, 1)
    return points


def test_heads_are_coarsened_and_the_rest_is_left_alone() -> None:
    blurred = blur_faces(NOISE, pose((30, 10)), "coco-17")
    changed = np.argwhere((blurred != NOISE).any(axis=(0, 3)))
    assert len(changed)
    low, high = changed.min(axis=0), changed.max(axis=0)
    assert (low <= (10, 30)).all()
    assert (high >= (10, 30)).all()
    assert high[0] < 30
    np.testing.assert_array_equal(blurred[:, 40:], NOISE[:, 40:])


def test_without_keypoints_the_whole_frame_is_coarsened() -> None:
    for blurred in (blur_faces(NOISE), blur_faces(NOISE, np.zeros((3, 17, 3), np.float32), "coco-17")):
        assert blurred.std() < 0.7 * NOISE.std()
        assert abs(blurred.mean() - NOISE.mean()) < 2
        assert (blurred != NOISE).any(axis=-1).mean() > 0.9


def test_the_input_is_left_alone() -> None:
    before = NOISE.copy()
    blur_faces(NOISE)
    np.testing.assert_array_equal(NOISE, before)


def test_a_sheet_holds_every_frame_and_draws_boxes() -> None:
    frames = np.zeros((10, 20, 20, 3), np.uint8)
    boxes = np.tile(np.float32([2, 3, 15, 16]), (10, 1))
    boxes[9] = np.nan
    plain, boxed = (
        np.asarray(Image.open(io.BytesIO(contact_sheet(frames, ["x"] * 10, ["a title"], b))))
        for b in (None, boxes)
    )
    assert plain.shape == boxed.shape
    assert plain.shape[1] >= 8 * 20
    assert plain.shape[0] >= 2 * 20
    yellow = (boxed == (255, 200, 0)).all(axis=-1)
    assert not (plain == (255, 200, 0)).all(axis=-1).any()
    assert yellow.sum() == 9 * (2 * 14 + 2 * 12)


def test_blocks_stand_below_each_other_and_marked_frames_have_a_red_edge() -> None:
    frames = np.zeros((4, 30, 30, 3), np.uint8)
    one, two = (
        np.asarray(Image.open(io.BytesIO(block_sheet(["title"], blocks, columns=2))))
        for blocks in (
            [Block("first", frames, ["x"] * 4)],
            [Block("first", frames, ["x"] * 4), Block("second", frames, ["x"] * 4, marked=frozenset({3}))],
        )
    )
    assert two.shape[0] > 1.7 * one.shape[0]
    red = (two == (220, 30, 30)).all(axis=-1)
    assert red.sum() == 30 * 30 - 22 * 22
    assert red[: one.shape[0]].sum() == 0
    assert not (one == (220, 30, 30)).all(axis=-1).any()
