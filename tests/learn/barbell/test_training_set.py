from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aqa_bench.core.errors import DataError
from aqa_bench.learn.barbell.training_set import resize_longest, write_training_set

NAN = float("nan")


def noise(frames: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def test_images_labels_and_data_file_fit_together(tmp_path: Path) -> None:
    frames = noise(3, 40, 80)
    boxes = np.array([[8, 4, 24, 12], [NAN] * 4, [-10, 30, 40, 60]], np.float32)
    data = write_training_set(tmp_path, [(frames, boxes)], image_size=80)

    images = sorted((tmp_path / "images").iterdir())
    labels = [(tmp_path / "labels" / f"{image.stem}.txt").read_text() for image in images]
    assert np.array_equal(np.asarray(Image.open(images[2])), frames[2])
    assert labels[1] == ""
    assert [float(v) for v in labels[0].split()] == pytest.approx([0, 16 / 80, 8 / 40, 16 / 80, 8 / 40])
    # Clipped to the frame: x 0 to 40, y 30 to 40.
    assert [float(v) for v in labels[2].split()] == pytest.approx([0, 20 / 80, 35 / 40, 40 / 80, 10 / 40])
    text = data.read_text()
    assert str(tmp_path.resolve()) in text
    assert '0: "bar"' in text


def test_boxes_outside_the_frame_or_without_area_are_no_examples(tmp_path: Path) -> None:
    boxes = np.array([[90, 0, 99, 9], [5, 5, 5.5, 20], [20, 20, 10, 30], [2, 2, 9, 9]], np.float32)
    write_training_set(tmp_path, [(noise(4, 32, 32), boxes)], image_size=32)
    sizes = [path.stat().st_size for path in sorted((tmp_path / "labels").iterdir())]
    assert [size > 0 for size in sizes] == [False, False, False, True]


def test_labels_do_not_depend_on_the_image_size(tmp_path: Path) -> None:
    boxes = np.array([[8, 4, 24, 12]], np.float32)
    for size in (32, 96):
        write_training_set(tmp_path / str(size), [(noise(1, 40, 80), boxes)], image_size=size)
    one, two = (next((tmp_path / str(size) / "labels").iterdir()).read_text() for size in (32, 96))
    assert one == two


@pytest.mark.parametrize("boxes", [np.zeros((2, 4)), np.zeros((3, 5))])
def test_boxes_of_another_clip_are_refused(tmp_path: Path, boxes: np.ndarray) -> None:
    with pytest.raises(DataError, match="frames and boxes"):
        write_training_set(tmp_path, [(noise(3, 32, 32), boxes)], image_size=32)


def test_nothing_to_learn_from_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no boxes"):
        write_training_set(tmp_path, [(noise(2, 32, 32), np.full((2, 4), NAN))], image_size=32)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([32, 64]))
def test_the_longer_side_gets_the_size_and_the_shape_is_kept(height: int, width: int, size: int) -> None:
    resized = resize_longest(np.full((1, height, width, 3), 77, np.uint8), size)
    assert max(resized.shape[1:3]) == size
    shorter = min(height, width) * size / max(height, width)
    assert abs(min(resized.shape[1:3]) - max(1, shorter)) <= 0.5
    assert (resized == 77).all()


def test_what_is_not_frames_is_refused() -> None:
    with pytest.raises(DataError, match="not frames"):
        resize_longest(np.zeros((2, 8, 8), np.uint8), 32)
