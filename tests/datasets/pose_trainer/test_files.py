from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.datasets.pose_trainer.files import Clip, parse_clip, read_clip

PATH = Path("bicep/bicep_good_1.npy")


def encoded(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def pose(frames: int = 4, dtype: str = "float64") -> np.ndarray:
    clip = np.random.default_rng(0).uniform(10, 400, (frames, 18, 3))
    clip[..., 2] = 0.5
    return clip.astype(dtype)


def with_value(value: float, at: tuple[object, ...]) -> np.ndarray:
    clip = pose()
    clip[at] = value
    return clip


GOOD = encoded(pose())


@pytest.mark.parametrize("dtype", ["float64", "float32", ">f8", "float16"])
def test_a_valid_file_is_read_as_float32(dtype):
    content = encoded(pose(dtype=dtype))
    clip = parse_clip(content, PATH)
    assert clip.keypoints.dtype == np.float32
    np.testing.assert_array_equal(clip.keypoints, pose(dtype=dtype).astype(np.float32))
    assert (clip.size, clip.sha256) == (len(content), sha256_bytes(content))


def test_column_major_files_are_read_alike():
    np.testing.assert_array_equal(
        parse_clip(encoded(np.asfortranarray(pose())), PATH).keypoints, parse_clip(GOOD, PATH).keypoints
    )


def test_confidence_is_clipped_to_one_and_missing_joints_are_zero():
    raw = pose()
    raw[0, 3, 2], raw[1, 4, 2] = 1.02, 0
    clip = parse_clip(encoded(raw), PATH).keypoints
    assert clip[0, 3, 2] == 1
    assert clip[1, 4].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"hello, this is text", "no .npy header"),
        (GOOD[:5], "no .npy header"),
        (GOOD[:60], "no .npy header"),
        (GOOD[:-1], "truncated"),
        (GOOD[: len(GOOD) // 2], "truncated"),
        (GOOD + b"x", "too long"),
        (encoded(pose().reshape(4, 54)), "shape (4, 54)"),
        (encoded(pose()[:, :17]), "shape (4, 17, 3)"),
        (encoded(pose()[..., :2]), "shape (4, 18, 2)"),
        (encoded(pose()[:0]), "no frames"),
        (encoded(np.float64(3)), "shape ()"),
        (encoded(pose().astype("int64")), "values of type int64"),
        (encoded(pose().astype(complex)), "values of type complex128"),
        (encoded(pose().astype(str)), "values of type <U"),
        (encoded(np.array([None, {}], dtype=object), allow_pickle=True), "type object"),
        (encoded(with_value(np.nan, (2, 5, 0))), "NaN or infinity in 1 of 4 frames (2)"),
        (encoded(with_value(np.inf, (slice(1, 3), 5, 2))), "NaN or infinity in 2 of 4 frames (1, 2)"),
        (encoded(with_value(0, ...)), "no joint detected in any frame"),
        (encoded(with_value(0, (3,))), "no joint detected in 1 of 4 frames (3)"),
        (encoded(with_value(-0.5, (0, 0, 2))), "confidences from -0.5"),
        (encoded(with_value(93.0, (0, 0, 2))), "confidences from 0.5 to 93"),
        (encoded(with_value(1e300, (0, 0, 0))), "beyond the range of float32"),
    ],
)  # fmt: skip
def test_every_fault_is_one_readable_error(content, found):
    with pytest.raises(DataError) as error:
        parse_clip(content, PATH)
    assert found in error.value.found
    assert error.value.where == str(PATH)
    assert error.value.expected
    assert error.value.remedy


def test_a_pickle_is_never_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "boom",))

    header = encoded(np.array([None], dtype=object), allow_pickle=True)[:128]
    for content in (pickle.dumps(Bomb()), header + pickle.dumps(Bomb())):
        with pytest.raises(DataError):
            parse_clip(content, PATH)
    assert not (tmp_path / "boom").exists()


def test_a_header_that_claims_terabytes_allocates_nothing():
    content = GOOD.replace(b"(4, 18, 3)", b"(10000000000, 18, 3)")
    with pytest.raises(DataError):
        parse_clip(content, PATH)


@settings(max_examples=300)
@given(st.data())
def test_damaged_bytes_give_a_clip_or_a_data_error(data):
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        # Most faults that matter are in the first bytes: the header.
        at = data.draw(st.integers(0, 127) | st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content)) | st.just(len(content))) :]
    check(bytes(content))


@given(st.binary(max_size=200) | st.binary(max_size=120).map(lambda tail: GOOD[:10] + tail))
def test_arbitrary_bytes_give_a_clip_or_a_data_error(content):
    check(content)


def check(content: bytes) -> None:
    try:
        clip = parse_clip(content, PATH)
    except DataError:
        return
    assert isinstance(clip, Clip)
    assert clip.keypoints.shape[1:] == (18, 3)
    assert np.isfinite(clip.keypoints).all()


def test_missing_files_folders_and_huge_files_are_reported(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_clip(tmp_path / "absent.npy")
    with pytest.raises(DataError, match="cannot be read"):
        read_clip(tmp_path)
    huge = tmp_path / "huge.npy"
    with huge.open("wb") as file:
        file.truncate(1 << 27)
    with pytest.raises(DataError, match="more than 67,108,864 bytes"):
        read_clip(huge)
