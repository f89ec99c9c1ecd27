from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest

from aqa_bench.media.pose.mediapipe_backend import MediaPipePose, _quiet_start


def test_what_a_graph_says_at_its_start_is_kept_from_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with _quiet_start():
        os.write(2, b"W0000 chatter\n")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"


def test_it_is_shown_if_the_start_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="read-only"), _quiet_start():
        raise OSError(os.write(2, b"E0000 why\n"), "read-only")
    assert capfd.readouterr().err == "E0000 why\n"


@pytest.mark.skipif(importlib.util.find_spec("mediapipe") is None, reason="needs the extra pose (mediapipe)")
def test_mediapipe_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    joints = MediaPipePose()(np.zeros((2, 64, 64, 3), np.uint8))
    assert capfd.readouterr().err == ""
    assert not joints.any()
