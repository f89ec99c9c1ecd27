"""Files of own data: every kind is read as it is, and what is wrong with one is said by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.own import own_cards
from aqa_bench.core.registry import dataset_cards, find_dataset, open_dataset
from aqa_bench.core.sealed import Damaged
from aqa_bench.core.task import Modality
from aqa_bench.media.images import encode_png
from aqa_bench.media.layouts import convert, find_layout
from aqa_bench.media.video import encode

Add, Table = Callable[..., Any], Callable[..., Path]
NAMES = find_layout("coco-17").joints


def seen(dataset: str = "local/mine", layout: str = "coco-17") -> dict[str, np.ndarray]:
    samples = open_dataset(dataset).samples("label")
    return {name: sample.media.keypoints(layout) for name, sample in samples.items()}


def long_csv(
    path: Path, values: np.ndarray, names: tuple[str, ...] = NAMES, head: str = "frame,joint,x,y,confidence"
) -> None:
    lines = [head]
    for frame, joints in enumerate(values, 3):
        lines += [
            ",".join(map(repr, (frame, *joint.tolist()))).replace(",", f",{name},", 1)
            for name, joint in zip(names, joints, strict=True)
        ]
    path.write_text("\n".join(lines) + "\n")


def openpose(folder: Path, values: np.ndarray, layout: str = "openpose-18") -> None:
    folder.mkdir()
    for frame, joints in enumerate(convert(values, "coco-17", layout)):
        people = [{"pose_keypoints_2d": joints.ravel().tolist()}]
        (folder / f"a_{frame}_keypoints.json").write_text(json.dumps({"people": people}))


def trc(path: Path, values: np.ndarray, names: tuple[str, ...]) -> None:
    head = [
        "PathFileType\t4\t(X/Y/Z)\ta.trc",
        "DataRate\tNumFrames\tNumMarkers\tUnits",
        f"100\t{len(values)}\t{len(names)}\tmm",
    ]
    head += ["Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t", "\t\tX1\tY1\tZ1", ""]
    rows = [
        "\t".join([str(n + 1), f"{n / 100}", *("" if np.isnan(v) else repr(float(v)) for v in frame.ravel())])
        for n, frame in enumerate(values)
    ]
    path.write_bytes("\r\n".join(head + rows).encode())


def test_arrays_are_read_as_they_are(add: Add, six: Path, poses: dict[str, np.ndarray]) -> None:
    added = add(six)
    assert added.facts["layout"] == "coco-17"
    assert added.card.provides == {Modality.KEYPOINTS}
    for name, values in seen().items():
        np.testing.assert_array_equal(values, poses[name])
    for name, values in seen(layout="openpose-18").items():
        np.testing.assert_array_equal(values, convert(poses[name], "coco-17", "openpose-18"))


def test_npy_needs_the_layouts_name(add: Add, six: Path, media: Path, poses: dict[str, np.ndarray]) -> None:
    shutil.rmtree(media)
    media.mkdir()
    for name, values in poses.items():
        np.save(media / f"{name}.npy", values)
    with pytest.raises(UsageError, match=r"joint order .* is unknown"):
        add(six)
    with pytest.raises(UsageError, match="Did you mean 'coco-17'"):
        add(six, layout="coco17")
    add(six, layout="coco-17")
    for name, values in seen().items():
        np.testing.assert_array_equal(values, poses[name])


def test_long_tables_and_openpose_folders(
    add: Add, six: Path, media: Path, poses: dict[str, np.ndarray]
) -> None:
    for file in media.iterdir():
        file.unlink()
    for name, values in poses.items():
        long_csv(media / f"{name}.csv", values)
    assert add(six).facts["layout"] == "coco-17"
    for name, values in seen().items():
        np.testing.assert_array_equal(values, poses[name])
        (media / f"{name}.csv").unlink()
        openpose(media / name, poses[name])
    assert add(six, replace=True).facts["layout"] == "openpose-18"
    for name, values in seen(layout="openpose-18").items():
        np.testing.assert_allclose(values, convert(poses[name], "coco-17", "openpose-18"), rtol=1e-6)


def test_a_long_table_keeps_gaps_and_names_what_is_wrong(add: Add, six: Path, media: Path) -> None:
    for file in media.iterdir():
        shutil.copy(file, file.with_suffix(".old"))
        file.unlink()
    good = "frame,joint,x,y\n0,left_hip,10,20\n0,right_hip,5,20\n4,left_hip,nan,\n4,right_hip,6,21\n"
    for number in range(6):
        (media / f"clip-{number}.csv").write_bytes(b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode())
    added = add(six)
    assert added.facts["layout"] == "body-12"
    assert any("18 frames have no joints" in note for note in added.facts["notes"])
    values = seen(layout="body-12")["clip-0"]
    left, right = (find_layout("body-12").index(f"{side}_hip") for side in ("left", "right"))
    assert values.shape == (5, 12, 3)
    np.testing.assert_array_equal(values[0, left], [10, 20, 1])
    np.testing.assert_array_equal(values[4, [left, right]], [[0, 0, 0], [6, 21, 1]])
    for bad, line, found in (
        ("0,left_hip,1,2\n", 6, "'left_hip'"),
        ("0.5,left_hip,1,2\n", 6, "'0.5'"),
        ("5,left_hip,1;5,2\n", 6, "'1;5'"),
    ):
        (media / "clip-0.csv").write_text(good + bad)
        with pytest.raises(DataError) as caught:
            add(six, replace=True)
        assert f"clip-0.csv, line {line}" in str(caught.value.where)
        assert caught.value.found == found
    (media / "clip-0.csv").write_text(good.replace("left_hip", "LASI"))
    with pytest.raises(DataError, match=r"(?s)match no layout.*LASI.*joints.csv"):
        add(six, replace=True)


def test_markers_in_space_are_mapped_by_a_table(add: Add, six: Path, media: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    names = ("LASI", "RASI", "LKNE", "RKNE", "LANK", "RANK", "LSHO", "RSHO", "LWRA", "LWRB", "HEEL?")
    clips = {}
    for number in range(6):
        (media / f"clip-{number}.npz").unlink()
        clips[f"clip-{number}"] = rng.normal(size=(5, len(names), 3)).round(3) * 1000
        clips[f"clip-{number}"][2, 2] = np.nan
        trc(media / f"clip-{number}.trc", clips[f"clip-{number}"], names)
    mapping = tmp_path / "joints.csv"
    rows = [("LASI", "left_hip"), ("RASI", "right hip"), ("LKNE", "left_knee"), ("RKNE", "right_knee")]
    rows += [
        ("LANK", "left_ankle"),
        ("RANK", "right_ankle"),
        ("LSHO", "left_shoulder"),
        ("RSHO", "Right-Shoulder"),
    ]
    rows += [("LWRA", "left_wrist"), ("LWRB", "left_wrist")]
    mapping.write_text("source,joint\n" + "".join(f"{a},{b}\n" for a, b in rows))
    added = add(six, layout=str(mapping))
    assert (added.facts["kind"], added.facts["layout"]) == ("joints", "body-12")
    assert added.card.provides == {Modality.JOINTS_3D, Modality.KEYPOINTS}
    assert any("not used: HEEL?" in note for note in added.facts["notes"])
    sample = open_dataset("local/mine").samples("label")["clip-1"]
    assert sample.media.fps == 100
    values = sample.media.joints_3d("body-12")
    at = find_layout("body-12").index
    np.testing.assert_allclose(values[:, at("right_hip"), :3], clips["clip-1"][:, 1], rtol=1e-6)
    np.testing.assert_allclose(
        values[:, at("left_wrist"), :3], clips["clip-1"][:, 8:10].mean(axis=1), rtol=1e-5
    )
    assert not values[2, at("left_knee")].any()
    assert not values[:, at("right_wrist")].any()
    mapping.write_text("source,joint\nLASI,left_hipp\n")
    with pytest.raises(DataError, match="Did you mean left_hip") as caught:
        add(six, layout=str(mapping), replace=True)
    assert "line 2, column joint" in str(caught.value.where)


def test_joints_in_space_are_seen_from_the_front_however_the_room_is_turned(
    add: Add, six: Path, media: Path
) -> None:
    rng = np.random.default_rng(3)
    at = find_layout("coco-17").index
    body = rng.normal(0, 0.05, (6, 17, 3))
    # x to the person's left, y up, z to the front.
    for side, sign in (("left", 1), ("right", -1)):
        for part, height in (("ankle", 0.1), ("knee", 0.5), ("hip", 1), ("shoulder", 1.5), ("wrist", 1.2)):
            body[:, at(f"{side}_{part}")] += (sign * (0.2 if part == "shoulder" else 0.12), height, 0)
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turned *= np.sign(np.linalg.det(turned))
    for number in range(6):
        (media / f"clip-{number}.npz").unlink()
        np.save(media / f"clip-{number}.npy", body if number else body @ turned.T + (3, -2, 9))
    add(six, layout="coco-17", dimensions=3)
    plain, other = (seen()[f"clip-{n}"] for n in (1, 0))
    centred = [v[..., :2] - v[..., :2].mean(axis=(0, 1)) for v in (plain, other)]
    np.testing.assert_allclose(centred[0], centred[1], atol=1e-5)
    assert (plain[:, at("left_hip"), 0] > plain[:, at("right_hip"), 0]).all()
    assert (plain[:, at("left_ankle"), 1] > plain[:, at("left_shoulder"), 1]).all()


def test_c3d(add: Add, six: Path, media: Path, tmp_path: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    names = ["left_hip", "right_hip", "left_ankle"]
    points = np.random.default_rng(4).normal(size=(4, 3, 7))
    points[3] = 1
    for number in range(6):
        file = ezc3d.c3d()
        file["parameters"]["POINT"]["RATE"]["value"] = [50]
        file["parameters"]["POINT"]["LABELS"]["value"] = names
        file["data"]["points"] = points
        file.write(str(media / f"clip-{number}.c3d"))
        (media / f"clip-{number}.npz").unlink()
    add(six)
    sample = open_dataset("local/mine").samples("label")["clip-0"]
    at = [find_layout("body-12").index(name) for name in names]
    np.testing.assert_allclose(
        sample.media.joints_3d("body-12")[:, at, :3], points[:3].transpose(2, 1, 0), rtol=1e-5
    )
    assert sample.media.fps == 50
    (media / "clip-0.c3d").write_bytes(b"no c3d" * 200)
    with pytest.raises(DataError, match="C3D file cannot be read"):
        add(six, replace=True)


def test_c3d_without_its_reader_names_the_extra(
    add: Add, six: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ezc3d", None)
    for number in range(6):
        (media / f"clip-{number}.npz").rename(media / f"clip-{number}.c3d")
    with pytest.raises(UsageError, match=r"aqa-bench\[mocap\]"):
        add(six)


def test_videos_and_images(add: Add, six: Path, media: Path) -> None:
    rng = np.random.default_rng(5)
    pictures = {f"clip-{n}": rng.integers(0, 255, (4, 32, 48, 3), dtype=np.uint8) for n in range(6)}
    for name, frames in pictures.items():
        (media / f"{name}.npz").unlink()
        encode(media / f"{name}.MP4", frames, fps=25)
    assert add(six).card.provides == {Modality.FRAMES}
    sample = open_dataset("local/mine").samples("label")["clip-2"]
    assert (sample.media.length, sample.media.fps) == (4, 25)
    assert sample.media.frames([0, 3], 16).shape == (2, 16, 16, 3)
    with pytest.raises(DataError, match="no keypoints"):
        sample.media.keypoints("coco-17")
    with pytest.raises(UsageError, match="no joints"):
        add(six, replace=True, layout="coco-17")
    for name, frames in pictures.items():
        (media / f"{name}.MP4").unlink()
        (media / f"{name}.png").write_bytes(encode_png(frames[0]))
    assert add(six, replace=True).card.provides == {Modality.IMAGE}
    image = open_dataset("local/mine").samples("label")["clip-2"].media.image()
    np.testing.assert_array_equal(image, pictures["clip-2"][0])
    np.savez(media / "clip-5.npz", keypoints=np.ones((1, 17, 3)), layout="coco-17")
    (media / "clip-5.png").unlink()
    with pytest.raises(DataError, match="different kinds"):
        add(six, replace=True)


@pytest.mark.parametrize("encoding", ["bom and crlf", "semicolons", "tabs"])
def test_tables_of_spreadsheets(add: Add, six: Path, encoding: str) -> None:
    plain = add(six).facts["fingerprint"]
    text = six.read_text()
    content = {
        "bom and crlf": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        "semicolons": text.replace(",", ";").encode(),
        "tabs": text.replace(",", "\t").encode(),
    }[encoding]
    six.write_bytes(content)
    assert add(six, replace=True).facts["fingerprint"] == plain


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "0 lines"),
        (b"file,label\n", "1 lines"),
        (b"file,label,Label\na,1,1\n", "'label'"),
        (b"file,label\na,1,2\n", "3: "),
        (b"name,label\na,1\n", "name, label"),
        ("file,label\nä,1\n".encode("latin-1"), "byte 0xe4"),
    ],
)
def test_tables_that_are_none(add: Add, tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        add(path)
    assert found in str(caught.value.found)


def test_rows_whose_file_is_not_there_twice_or_of_no_kind(add: Add, table: Table, media: Path) -> None:
    (media / "text.docx").write_bytes(b"")
    shutil.copy(media / "clip-0.npz", media / "clip-0.mp4")
    for name, told in (
        ("clip_1", "did you mean clip-1.npz"),
        ("clip-0", "several files: clip-0.mp4, clip-0.npz"),
        ("text.docx", "text.docx, a file of unknown kind"),
    ):
        with pytest.raises(DataError) as caught:
            add(table(file=["clip-1", "clip-2", "clip-3", name], label=[0, 1, 0, 1]))
        assert "line 5, column file" in str(caught.value.where)
        assert told in str(caught.value.expected)
    with pytest.raises(DataError, match="the other is line 2"):
        add(table(file=["clip-1", "clip-2", "clip-1"], label=[0, 1, 0]))
    two = table(id=["a", "b", "c"], file=["clip-1.npz", "clip-2.npz", "clip-1.npz"], label=[0, 1, 0])
    assert [*seen(add(two).card.id)] == ["a", "b", "c"]
    assert open_dataset("local/mine").audit().duplicates == [["a", "c"]]


def test_what_has_changed_since_is_refused_and_named(
    add: Add, six: Path, media: Path, poses: dict[str, np.ndarray]
) -> None:
    add(six)
    assert open_dataset("local/mine").audit().ok
    np.savez(media / "clip-0.npz", keypoints=poses["clip-0"] + 1, layout="coco-17")
    (media / "clip-1.npz").unlink()
    dataset = open_dataset("local/mine")
    with pytest.raises(DataError, match="changed since it was added"):
        dataset.samples("label")["clip-0"].media.keypoints("coco-17")
    audit = dataset.audit()
    assert not audit.ok
    assert audit.coverage.missing == ["clip-1"]
    assert audit.coverage.unreadable == ["clip-0: changed since it was added"]
    with pytest.raises(DataError, match="missing or have changed"):
        dataset.materialise(frozenset(), __import__("aqa_bench.core.progress").core.progress.NullProgress())


def test_it_is_a_dataset_like_any_other_and_no_card_of_the_house(add: Add, six: Path, home: Path) -> None:
    add(six)
    assert find_dataset("local/mine") == own_cards()["local/mine"]
    assert "local/mine" not in dataset_cards()
    with pytest.raises(UsageError, match="Did you mean 'local/mine'"):
        find_dataset("local/mien")
    with pytest.raises(UsageError, match="The dataset local/mine already exists"):
        add(six)
    with pytest.raises(UsageError, match="not a valid dataset name"):
        add(six, name="My Data")
    file = home / "mine" / "dataset.json"
    file.write_bytes(file.read_bytes().replace(b'"clip-1"', b'"clip-9"'))
    assert own_cards() == {}
    with pytest.raises(Damaged):
        open_dataset("local/mine")
    assert isinstance(add(six, replace=True).card.id, str)


def test_the_content_decides_the_fingerprint_and_the_reading_the_key(
    add: Add, six: Path, table: Table
) -> None:
    first = add(six)
    key = open_dataset("local/mine").samples("label")["clip-0"].media.content_key
    assert add(six, replace=True).facts["fingerprint"] == first.facts["fingerprint"]
    changed = six.read_text().replace("clip-0,0", "clip-0,1")
    six.write_text(changed)
    assert add(six, replace=True).facts["fingerprint"] != first.facts["fingerprint"]
    assert open_dataset("local/mine").samples("label")["clip-0"].media.content_key == key
    with pytest.raises(AqaBenchError, match="layout"):
        add(six, replace=True, layout="body-25")
