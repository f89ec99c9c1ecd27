from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.learn.barbell import detector as module
from aqa_bench.learn.barbell.detector import Architecture, BarbellDetector, require_ultralytics
from aqa_bench.media.pose import ultralytics_backend

SIZE = Architecture(image_size=64)


class Bright(nn.Module):
    """Predicts the extent of the bright pixels twice, and a second, less sure box beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> tuple[Tensor, None]:
        rows = []
        for image in images:
            y, x = torch.nonzero(image.mean(0) > 0.9, as_tuple=True)
            box = [(x.min() + x.max() + 1) / 2, (y.min() + y.max() + 1) / 2]
            box += [x.max() - x.min() + 1, y.max() - y.min() + 1]
            rows.append([[*box, 0.9], [*box, 0.8], [4, 4, 6, 6, 0.3], [9, 9, 2, 2, 0.01]])
        return torch.tensor(rows).transpose(1, 2), None


def bright(frames: int, height: int, width: int, box: tuple[int, int, int, int]) -> np.ndarray:
    images = np.zeros((frames, height, width, 3), np.uint8)
    images[:, box[1] : box[3], box[0] : box[2]] = 255
    return images


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 128), (256, 100), (30, 60)])
def test_boxes_are_in_pixels_of_the_frames_given(height: int, width: int) -> None:
    box = (width // 4, height // 4, width // 2, height // 2)
    found = BarbellDetector(Bright(), SIZE).detect(bright(3, height, width, box), batch=2)
    assert len(found) == 3
    for boxes in found:
        assert boxes.shape == (2, 5)
        assert boxes[0, :4] == pytest.approx(box, abs=max(height, width) / 64 + 0.5)
        assert boxes[:, 4] == pytest.approx([0.9, 0.3])


def test_a_detector_comes_back_as_it_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "build_network", lambda _: Bright())
    trained = Bright()
    trained.scale.data.fill_(7)
    BarbellDetector(trained, SIZE).save(tmp_path / "d", dataset="x/y")
    loaded = BarbellDetector.load(tmp_path / "d")
    assert loaded.architecture == SIZE
    assert loaded.network.state_dict()["scale"].item() == 7
    assert json.loads((tmp_path / "d" / "detector.json").read_text())["about"] == {"dataset": "x/y"}


@pytest.mark.parametrize("damage", ["absent", "weights", "pickle", "json", "format", "architecture", "other"])
def test_damaged_detectors_are_refused(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "build_network", lambda _: nn.Linear(1, 1) if damage == "other" else Bright())
    folder = BarbellDetector(Bright(), SIZE).save(tmp_path / "d")
    description, weights = folder / "detector.json", folder / "weights.safetensors"
    if damage == "absent":
        description.unlink()
    elif damage == "weights":
        weights.write_bytes(weights.read_bytes()[:-3])
    elif damage == "pickle":
        torch.save({"scale": torch.ones(1)}, weights)
    elif damage == "json":
        description.write_text("{")
    elif damage in ("format", "architecture"):
        content = json.loads(description.read_text())
        content[damage] = 9 if damage == "format" else {"image_size": 50}
        description.write_text(json.dumps(content))
    with pytest.raises(DataError, match="cannot be read"):
        BarbellDetector.load(folder)


@pytest.mark.parametrize("size", [0, 16, 100])
def test_image_sizes_must_fit_the_strides(size: int) -> None:
    with pytest.raises(UsageError, match="strides"):
        Architecture(image_size=size)


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(ultralytics_backend, "import_module", absent)
    with pytest.raises(UsageError) as caught:
        require_ultralytics()
    assert 'pip install "aqa-bench[detect]"' in str(caught.value)
    assert "pose" not in str(caught.value)
