from __future__ import annotations

import json

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.datasets.waseda_squat.files import parse_distances, read_distances
from aqa_bench.media.source import MediaFile


def document(frames: int = 3) -> dict[str, dict[str, object]]:
    rng = np.random.default_rng(0)
    return {str(i): {"index": i, "3d_joint": rng.uniform(0.1, 2, 171).tolist()} for i in range(frames)}


def test_frames_are_read_by_number_whatever_their_order(tmp_path):
    content = document(12)
    file = tmp_path / "0918_squat_000001.json"
    file.write_text(json.dumps(dict(sorted(content.items(), reverse=True))))
    values = read_distances(MediaFile(file))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(
        values, np.array([content[str(i)]["3d_joint"] for i in range(12)], dtype=np.float32)
    )


def broken(change) -> bytes:
    content = document()
    change(content)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (json.dumps(document()).encode()[:-20], "are truncated or damaged"),
        (b"\x80\x81", "are truncated or damaged"),
        (b"[" * 100_000, "are truncated or damaged"),
        (b"[]", "a list"),
        (b"{}", "no frames"),
        (b'{"0": {}, "0": {}}', "'0' occurs twice"),
        (broken(lambda c: c["1"]["3d_joint"].pop()), "170 numbers in frame 1"),
        (broken(lambda c: c["2"]["3d_joint"].append(1.0)), "172 numbers in frame 2"),
        (broken(lambda c: c["1"].update({"3d_joint": "x"})), "a str in frame 1"),
        (broken(lambda c: c["1"].pop("3d_joint")), "frame 1 without '3d_joint'"),
        (broken(lambda c: c.update({"1": 3})), "frame 1 without"),
        (broken(lambda c: c.pop("1")), "none numbered 1"),
        (broken(lambda c: c["2"].update(index=7)), "says that its index is 7"),
        (broken(lambda c: c["0"]["3d_joint"].__setitem__(3, float("nan"))), "NaN or infinity in 1 of 3"),
        (broken(lambda c: c["0"]["3d_joint"].__setitem__(3, 1e300)), "NaN or infinity in 1 of 3"),
        (
            broken(lambda c: c["0"]["3d_joint"].__setitem__(3, -0.5)),
            "negative distances in 1 of 3",
        ),
        (broken(lambda c: c["0"]["3d_joint"].__setitem__(3, None)), "None in frame 0"),
        (broken(lambda c: c["0"]["3d_joint"].__setitem__(3, True)), "True in frame 0"),
        (broken(lambda c: c["0"]["3d_joint"].__setitem__(3, "1.0")), "'1.0' in frame 0"),
        (broken(lambda c: c["1"].update({"3d_joint": [0] * 171})), "only zeros in 1 of 3 frames (1)"),
    ],
)
def test_every_fault_is_named(content, found):
    with pytest.raises(DataError) as caught:
        parse_distances(content, "clip.json")
    assert found in caught.value.found
    assert caught.value.where == "clip.json"


def test_a_file_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(DataError, match="could not be read"):
        read_distances(MediaFile(tmp_path / "none.json"))
