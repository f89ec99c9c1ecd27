from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.coach import tracks as module
from aqa_bench.coach.tracks import Tracks, people_of, read_tracks, write_tracks


def test_people_are_described(curl) -> None:
    joints = np.stack([curl(), np.zeros_like(curl())])
    (person,) = people_of(Tracks(joints, "openpose-18", "drawn"))
    assert person.index == 0
    assert person.frames == len(curl())
    left, top, right, bottom = person.box
    assert (left, top, bottom) == (195, 34, 290)
    assert right > 230
    assert person.box_in_frame[3] == 290


def test_movement_is_a_path_in_body_heights(curl) -> None:
    still = np.repeat(curl()[:1], 60, axis=0)
    walking = still.copy()
    walking[:, :, 0] += np.linspace(0, 2 * 256, 60)[:, None]
    shaken = still.copy()
    shaken[:, :, 0] += np.random.default_rng(0).normal(0, 0.5, 60)[:, None]
    moving = [
        people_of(Tracks(pose[None], "openpose-18", "drawn"))[0].moving for pose in (still, shaken, walking)
    ]
    assert moving[:2] == [0, 0]
    assert moving[2] == pytest.approx(2, rel=0.1)


def test_kept_tracks_are_read_for_their_own_clip_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, curl
) -> None:
    kept = Tracks(curl()[None], "openpose-18", "drawn")
    file = tmp_path / "poses.npz"
    write_tracks(file, kept, "a" * 64)
    found = read_tracks(file, "a" * 64, len(curl()))
    assert found is not None
    np.testing.assert_array_equal(found.joints, kept.joints)
    assert (found.layout, found.source) == ("openpose-18", "drawn")
    assert read_tracks(file, "b" * 64, len(curl())) is None
    assert read_tracks(file, "a" * 64, 3) is None
    assert read_tracks(tmp_path / "absent.npz", "a" * 64, 3) is None
    file.write_bytes(file.read_bytes()[:200])
    assert read_tracks(file, "a" * 64, len(curl())) is None
    write_tracks(file, kept, "a" * 64)
    monkeypatch.setattr(module, "_VERSION", 2)
    assert read_tracks(file, "a" * 64, len(curl())) is None
