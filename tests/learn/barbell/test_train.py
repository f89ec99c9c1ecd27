from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.learn.barbell.detector import Architecture, BarbellDetector
from aqa_bench.learn.barbell.train import DetectorRecipe, train_detector

pytest.importorskip("ultralytics", reason='needs the extra "detect"')

TINY = DetectorRecipe(Architecture(width=0.0625, depth=0.1, image_size=64), epochs=2, batch=8)


def clips() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 100, (16, 64, 64, 3), dtype=np.uint8)
    boxes = np.zeros((16, 4), np.float32)
    for frame, box in zip(frames, boxes, strict=True):
        x, y = rng.integers(2, 38, 2)
        box[:] = x, y, x + 24, y + 12
        frame[y : y + 12, x : x + 24] = 250
    return [(frames, boxes)]


def test_training_repeats_itself_leaves_no_trace_and_survives_saving(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(5)
    states = torch.get_rng_state(), random.getstate(), torch.get_num_threads()
    one, two = train_detector(clips(), TINY), train_detector(clips(), TINY)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), torch.get_num_threads()) == states[1:]
    assert not torch.are_deterministic_algorithms_enabled()
    assert capsys.readouterr().out == ""
    weights = one.network.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in two.network.state_dict().items())

    loaded = BarbellDetector.load(one.save(tmp_path / "detector"))
    frames = clips()[0][0]
    for ours, theirs in zip(
        one.detect(frames, min_confidence=0), loaded.detect(frames, min_confidence=0), strict=True
    ):
        assert np.allclose(ours, theirs, atol=1e-4)
