from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.protocol.keypoints.files import locate, scan


def laid(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def test_only_files_that_may_hold_poses_are_found(tmp_path: Path) -> None:
    root = laid(
        tmp_path,
        "manifest.json",
        "a.npz",
        "b/0.json",
        "b/0_rendered.png",
        ".cache/c.npz",
        ".d.npy",
        "x/A.NPY",
    )
    assert scan(root) == ("a.npz", "b/0.json", "x/A.NPY")


def test_links_are_followed_and_circles_are_not(tmp_path: Path) -> None:
    laid(tmp_path / "blobs", "1", "set/0.json")
    root = tmp_path / "poses"
    root.mkdir()
    (root / "a.npz").symlink_to(tmp_path / "blobs" / "1")
    (root / "b").symlink_to(tmp_path / "blobs" / "set", target_is_directory=True)
    (root / "b" / "again").symlink_to(root, target_is_directory=True)
    assert scan(root) == ("a.npz", "b/0.json")


def test_each_way_of_naming_finds_its_sample() -> None:
    files = [
        "1_1.npz",
        "1_2/1_2_000000000000_keypoints.json",
        "1_2/1_2_000000000001_keypoints.json",
        "2_1_7_keypoints.json",
        "2_1_8.json",
        "3_1_000000000000_keypoints.json",
        "3_1_000000000001_keypoints.json",
        "good/0918_squat_000001.npy",
        "notes.json",
        "4_1_000000000000_keypoints.json",
    ]
    ids = ["1_1", "1_2", "2_1_7", "2_1_8", "3_1", "good/0918_squat_000001", "5_1"]
    assert locate(files, ids, where=Path("poses")) == {
        "1_1": ("1_1.npz",),
        "1_2": tuple(files[1:3]),
        "2_1_7": ("2_1_7_keypoints.json",),
        "2_1_8": ("2_1_8.json",),
        "3_1": tuple(files[5:7]),
        "good/0918_squat_000001": ("good/0918_squat_000001.npy",),
    }


def test_a_still_image_of_a_clip_is_not_a_frame_of_it() -> None:
    files = ["37803_2_44_keypoints.json", "37803_2_000000000044_keypoints.json"]
    found = locate(files, {"37803_2", "37803_2_44"}, where=Path("poses"))
    assert found == {"37803_2_44": (files[0],), "37803_2": (files[1],)}


@pytest.mark.parametrize(
    "files", [("a.npz", "a.npy"), ("a.npz", "a/a_0.json"), ("a.json", "a_0_keypoints.json")]
)
def test_two_poses_of_a_sample_are_refused(files: tuple[str, ...]) -> None:
    with pytest.raises(DataError) as caught:
        locate(files, {"a"}, where=Path("poses"))
    assert all(name in (caught.value.found or "") for name in files)


@given(st.sets(st.from_regex(r"[a-c]{1,2}(/[a-c])?", fullmatch=True), max_size=6), st.randoms())
def test_every_file_has_one_owner_at_most(ids: set[str], random) -> None:
    files = [
        random.choice([f"{name}.npz", f"{name}/0001.json", f"{name}_0001_keypoints.json", f"{name}.json"])
        for name in sorted(ids)
    ]
    try:
        found = locate(files, ids, where=Path("poses"))
    except DataError:
        return
    claimed = [name for names in found.values() for name in names]
    assert len(claimed) == len(set(claimed))
    assert set(found) <= ids
    assert set(claimed) <= set(files)
