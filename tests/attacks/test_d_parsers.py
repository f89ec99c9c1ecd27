"""Files that people bring, made to exhaust memory, time or the stack: each is refused by a sentence."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.cli.main import main
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.restricted_pickle import unpickle
from aqa_bench.datasets.fitness_aqa.index import read_index
from aqa_bench.learn.backbones.weight_files import read_weights
from aqa_bench.media.images import MAX_PIXELS, read_image
from aqa_bench.media.pose.arrays import PoseKind, read_pose_array
from aqa_bench.media.pose.openpose import read_openpose_json
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import encode, probe
from aqa_bench.protocol.feature_folder import FeatureFolder
from aqa_bench.protocol.suite import read_suite

MOST = 512 << 20
SECONDS = 5


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """No attack of this file costs 512 MB more than there were, or five seconds of a processor."""
    before, started = _peak(), time.process_time()
    yield
    assert _peak() - before < MOST
    assert time.process_time() - started < SECONDS


def _peak() -> int:
    status = Path("/proc/self/status")
    found = re.search(r"VmPeak:\s*(\d+) kB", status.read_text()) if status.is_file() else None
    return int(found[1]) << 10 if found else 0


def nested_tuples() -> bytes:
    """A megabyte that overflows the stack when the outermost tuple becomes a key."""
    return b"}" + b")" + b"\x85" * (1 << 20) + b"K\x01s."


def doubled() -> bytes:
    """Forty lists, each of which holds the one before twice: a terabyte when written out."""
    return b"(lp0\n" + b"".join(b"(g%d\ng%d\nlp%d\n" % (i, i, i + 1) for i in range(40)) + b"."


def copied() -> bytes:
    """A text of a megabyte, of which ten thousand calls make a copy each."""
    text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)
    call = b"g0\ng1\nR"
    return b"c_codecs\nencode\np0\n(" + text + b"X\x06\0\0\0latin1tp1\n(" + call * 10_000 + b"l."


def empty_rows() -> bytes:
    """An array of a billion rows of nothing, which is a list of as many."""
    content = pickle.dumps(np.zeros((7, 0)), 2)
    return content.replace(b"K\x07K\x00\x86", b"J\x00\xca\x9a;K\x00\x86")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "entry 2,147,483,647, at byte 3"),
        (nested_tuples(), "deeper nesting, at byte"),
        (doubled(), "content repeated many times, at byte"),
        (copied(), "a text copied many times, at byte"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"a.", "after byte 0"),
        (b"c__main__\nanything\n)R.", "the global __main__.anything"),
    ],
    ids=["memo", "tuples", "doubling", "copies", "length", "code"],
)
def test_annotations_of_dives_that_are_a_bomb_end_prepare_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, found: str
) -> None:
    (tmp_path / "final_annotations_dict.pkl").write_bytes(content)
    for name in ("train_split_0.pkl", "test_split_0.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps([(1, 2)], 2))
    assert main(["dataset", "prepare", "mtl-aqa", "--source", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert found in said
    assert "final_annotations_dict.pkl" in said
    assert "Traceback" not in said


def test_a_split_of_a_billion_empty_rows_is_refused() -> None:
    with pytest.raises(DataError, match=r"an array of shape \(1000000000, 0\)"):
        unpickle(empty_rows(), "train_split_0.pkl")


def npz(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("keypoints.npy", content)
    return buffer.getvalue()


def npy(shape: str, values: bytes = b"") -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def with_method(method: int) -> bytes:
    content = bytearray(npz(npy("(1, 17, 3)", bytes(204))))
    for mark, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = content.find(mark) + offset
        content[at : at + 2] = struct.pack("<H", method)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (npy("(1000000000000, 17, 3)", b"few"), "truncated"),
        (npy("(99999999999, 0)"), "no values, in shape"),
        (npz(npy("(1000000, 17, 3)", bytes(204_000_000))), "bytes from"),
        (with_method(97), "compression method 97"),
        (with_method(14), "compression method 14"),
        (npy("(" * 9000), "an unreadable .npy header"),
    ],
    ids=["terabytes", "rows", "bomb", "method", "lzma", "nesting"],
)
def test_keypoints_that_claim_more_than_they_hold_are_refused(
    tmp_path: Path, content: bytes, found: str
) -> None:
    file = tmp_path / "a.npz"
    file.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(found)) as refused:
        read_pose_array(file, PoseKind.KEYPOINTS, "coco-17")
    assert refused.value.where == str(file)


@pytest.mark.parametrize(
    "content",
    [b'{"people": ' + b"[" * 500_000, b'{"people": [{"pose_keypoints_2d": [' + b"1e999," * 74 + b"1]}]}",
     b'{"people": [{"pose_keypoints_2d": [' + b"9" * 5000 + b"]}]}", b'{"people": 3}', b"[]", b"\xff\xfe"],
    ids=["nesting", "infinity", "digits", "number", "list", "bytes"],
)  # fmt: skip
def test_a_frame_of_openpose_is_refused_however_it_is_broken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a_000000000000_keypoints.json").write_bytes(content)
    with pytest.raises(DataError, match="has the wrong format"):
        read_openpose_json(tmp_path)


def test_a_member_that_inflates_to_more_than_it_says_is_not_inflated(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * 1024 + packer.flush()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.json", packed)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    for mark, method, size in ((b"PK\3\4", 8, 22), (b"PK\1\2", 10, 24)):
        at = content.rfind(mark)
        content[at + method : at + method + 2] = struct.pack("<H", zipfile.ZIP_DEFLATED)
        content[at + size : at + size + 4] = struct.pack("<I", 100)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"could not be read|100"):
        MediaFile(tmp_path / "a.zip", "a.json").read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_a_folder_that_somebody_sent_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(DataError, match="not a plain file"):
        FeatureFolder(tmp_path)
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(DataError, match="not a plain file"):
        read_pose_array(tmp_path / "a.npy", PoseKind.KEYPOINTS, "coco-17")


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 20_000, "a." * 30_000 + "b = 1", "block = " + "9" * 5000],
    ids=["nesting", "dots", "digits"],
)
def test_a_suite_that_is_built_to_be_slow_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(AqaBenchError, match="cannot be read"):
        read_suite(tmp_path / "a.toml")


@pytest.mark.parametrize(
    "value", ["[" * 200_000, "9" * 5000, '{"a":' * 100_000], ids=["lists", "digits", "objects"]
)
def test_an_option_that_is_nested_without_end_is_an_unfit_value(
    capsys: pytest.CaptureFixture[str], value: str
) -> None:
    arguments = ["run", "--method", "pose-trainer-dtw", "--dataset", "stick-figures/shoulder-press"]
    assert main([*arguments, "--set", f"scheme={value}"]) != 0
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "unexpected error" not in said


def test_predictions_with_one_row_twice_take_no_quadratic_search(tmp_path: Path) -> None:
    rows = [f"a{number},t,0,test,0.5" for number in range(80_000)]
    text = "\n".join(["sample_id,task,fold,split,score", *rows, rows[-1]]) + "\n"
    (tmp_path / "predictions.csv").write_text(text)
    with pytest.raises(DataError, match="a79999 repeated in line 80002"):
        read_predictions(tmp_path / "predictions.csv")


def test_an_index_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(64 << 20), 1)
    (tmp_path / "index").write_bytes(bomb * 16)
    with pytest.raises(DataError, match="cannot be used"):
        read_index(tmp_path / "index")


def test_weights_that_ask_for_two_billion_bytes_get_none(tmp_path: Path) -> None:
    asking: list[Callable[[], bytes]] = [
        lambda: b"\x80\x02X\xff\xff\xff\x7fshort.",
        lambda: b"\x80\x02]" + b"(" * 100_000 + b".",
        # PyTorch looks for a pattern in its own message about what is not allowed.
        lambda: b"ctorch\n" + b"a.b" * 30_000 + b"\n.",
    ]
    for number, content in enumerate(asking):
        file = tmp_path / f"{number}.pt"
        file.write_bytes(content())
        with pytest.raises(DataError, match="cannot be read"):
            read_weights(file)


def test_a_video_whose_table_claims_a_hundred_million_frames_is_refused(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 255, (4, 16, 16, 3), dtype=np.uint8)
    content = bytearray(encode(tmp_path / "a.mp4", frames).read_bytes())
    for table, offset in ((b"ctts", 12), (b"stsz", 12)):
        at = content.find(table)
        if at > 0:
            content[at + offset : at + offset + 4] = struct.pack(">I", 95_000_000)
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(DataError, match="could not be decoded"):
        probe(tmp_path / "a.mp4")


@pytest.mark.parametrize("side", [6324, 20_000])
def test_a_blank_picture_of_kilobytes_takes_no_gigabyte(side: int) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(1 + 4 * side)) for _ in range(min(side, 6324))) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    if side * side <= MAX_PIXELS:
        assert read_image(content, 8).shape == (8, 8, 3)
    else:
        with pytest.raises(DataError, match="pixels"):
            read_image(content, 8)
