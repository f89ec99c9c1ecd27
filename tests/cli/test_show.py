from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def test_keypoints_without_pictures_are_stick_figures(cli: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "figure.png"
    answer = cli("dataset", "show", "stick-figures/shoulder-press", "--frames", "4", "--out", out)
    assert (answer.code, answer.out.strip()) == (0, str(out))
    sheet = np.asarray(Image.open(io.BytesIO(out.read_bytes()))).astype(int)
    assert sheet.shape[1] >= 4 * 160
    for one, other in ((0, 2), (2, 0)):
        assert (sheet[..., one] - sheet[..., other] > 100).sum() > 100


def test_a_dataset_without_media_says_so(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from aqa_bench.core.registry import open_dataset

    kind = type(open_dataset("stick-figures/shoulder-press"))
    monkeypatch.setattr(kind, "samples", lambda self, task: {})
    answer = cli("dataset", "show", "stick-figures/shoulder-press", "--out", tmp_path / "x.png")
    assert answer.code == 1
    assert "No sample can be shown" in answer.err
    assert "dataset verify stick-figures/shoulder-press" in answer.err
