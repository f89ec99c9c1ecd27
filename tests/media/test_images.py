from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aqa_bench.core.errors import DataError
from aqa_bench.media import images
from aqa_bench.media.images import read_image
from aqa_bench.media.source import MediaFile


def encoded(array: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_lossless_from_every_source(picture: np.ndarray, tmp_path: Path) -> None:
    data = encoded(picture)
    (tmp_path / "a.png").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", data)
    for source in (data, tmp_path / "a.png", str(tmp_path / "a.png"), MediaFile(tmp_path / "a.zip", "a.png")):
        np.testing.assert_array_equal(read_image(source), picture)


def test_grey_palette_and_alpha_become_rgb(picture: np.ndarray) -> None:
    grey = read_image(encoded(picture[..., 0]))
    np.testing.assert_array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    alpha = np.dstack([picture, np.full(picture.shape[:2], 9, np.uint8)])
    np.testing.assert_array_equal(read_image(encoded(alpha)), picture)


def test_exif_orientation_is_applied(picture: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: display rotated 90 degrees clockwise
    np.testing.assert_array_equal(read_image(encoded(picture, exif=exif)), np.rot90(picture, -1))


def test_sizes(picture: np.ndarray) -> None:
    assert read_image(encoded(picture), 16).shape == (16, 16, 3)
    boxed = read_image(encoded(np.full((20, 40, 3), 200, np.uint8)), 16, "letterbox")
    assert (boxed[:4] == 0).all()
    assert (boxed[4:12] == 200).all()
    assert (boxed[12:] == 0).all()


def test_damage_is_a_data_error(picture: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(picture, "JPEG")
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    for source in (b"", b"hello", data[:100], tmp_path / "a.jpg", tmp_path / "none.jpg"):
        with pytest.raises(DataError):
            read_image(source)
    monkeypatch.setattr(images, "MAX_PIXELS", 100)
    with pytest.raises(DataError, match="30 x 20 pixels"):
        read_image(data)
