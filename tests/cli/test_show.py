from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def test_keypoints_without_pictures_are_stick_figures(cli: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "figure.png"
    answer = cli("dataset", "show", "stick-figures/shoulder-press", "--frames", "4", "--out", out)
    assert (answer.code, answer.out.strip()) == (0, str(out))
    sheet = np.asarray(Image.open(io.BytesIO(out.read_bytes()))).astype(int)
    assert sheet.shape[1] >= 4 * 160
    for one, other in ((0, 2), (2, 0)):
        assert (sheet[..., one] - sheet[..., other] > 100).sum() > 100
