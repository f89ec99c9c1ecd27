"""Tables of own data with the slips that spreadsheets and hands make: each ends in a clear answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import open_dataset

FILES = [f"clip-{n}" for n in range(6)]
Add, Table = Callable[..., Any], Callable[..., Path]


def test_a_german_spreadsheet_with_scores(add: Add, media: Path, tmp_path: Path) -> None:
    rows = ["sep=;", "file;note;;", *(f"{name};{number},5;;" for number, name in enumerate(FILES)), ";;;"]
    path = tmp_path / "Übung 1.csv"
    path.write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    add(path, labels=("note",))
    assert list(open_dataset("local/mine").targets("note").values()) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]


def test_a_decimal_comma_between_commas_is_refused_with_a_hint(add: Add, table: Table) -> None:
    with pytest.raises(DataError, match="not a number") as caught:
        add(table(file=FILES, label=["0,5", 1, 2, 3, 4, 5]))
    assert "decimal point" in str(caught.value.remedy)


def test_zeros_that_a_spreadsheet_took_are_named(add: Add, table: Table, media: Path) -> None:
    for number, name in enumerate(FILES):
        (media / f"{name}.npz").rename(media / f"{number:03d}.npz")
    with pytest.raises(DataError, match=r"did you mean 000\.npz") as caught:
        add(table(file=range(6), label=[0, 1] * 3))
    assert "format the column as text" in str(caught.value.expected)
    add(table(file=[f"{number:03d}" for number in range(6)], label=[0, 1] * 3))


def test_links_and_folders_that_lead_nowhere_are_said(add: Add, table: Table, media: Path) -> None:
    (media / "clip-0.npz").unlink()
    (media / "clip-0.npz").symlink_to("gone.npz")
    labels = [0, 1] * 3
    with pytest.raises(DataError, match=r"a broken link to gone\.npz"):
        add(table(file=["clip-0.npz", *FILES[1:]], label=labels))
    (media / "clip-0.npz").unlink()
    (media / "clip-0").mkdir()
    with pytest.raises(DataError, match=r"a folder without \.json files"):
        add(table(file=FILES, label=labels))


def test_links_and_odd_paths_are_read(add: Add, table: Table, media: Path) -> None:
    folder = media / "Kniebeugen (2. Tag) – été"
    folder.mkdir()
    names = []
    for name in FILES:
        (folder / f"{name} .npz").symlink_to(media / f"{name}.npz")
        names.append(f"{folder.name}/{name} .npz")
    add(table(file=names, label=[0, 1] * 3))
    samples = open_dataset("local/mine").samples("label")
    assert all(len(sample.media.keypoints("coco-17")) for sample in samples.values())


def test_an_id_without_end_is_refused_in_short(add: Add, table: Table) -> None:
    with pytest.raises(DataError, match="name cannot be used: 5000 characters") as caught:
        add(table(id=["x" * 5000, *FILES[1:]], file=FILES, label=[0, 1] * 3))
    assert len(str(caught.value.found)) < 200
    assert "at most 200" in str(caught.value.expected)


def test_names_with_two_marks_on_a_letter_are_names(add: Add, table: Table) -> None:
    names = ["ที่หนึ่ง", "Nguye\u0302\u0303n", *FILES[2:]]
    with pytest.raises(DataError, match=r"group cannot be used: U\+200B"):
        add(table(file=FILES, group=["a\u200b", *FILES[1:]], label=[0, 1] * 3))
    assert add(table(id=names, file=FILES, group=names, label=[0, 1] * 3)).facts["groups"] == 6


def test_one_person_in_two_spellings_is_noted(add: Add, table: Table) -> None:
    added = add(table(file=FILES, label=[0, 1] * 3, group=["Anna", "anna", "07", "7", "c", "d"]))
    notes = " ".join(added.facts["notes"])
    assert "Groups Anna and anna differ only in spelling" in notes
    assert "Groups 07 and 7 differ only in spelling" in notes
    assert "c and d" not in notes


def test_copies_in_several_groups_are_noted(add: Add, table: Table, media: Path) -> None:
    (media / "clip-5.npz").write_bytes((media / "clip-0.npz").read_bytes())
    columns = {"file": FILES, "label": [0, 1] * 3}
    notes = add(table(**columns, group=list("aabbcc"))).facts["notes"]
    assert any("clip-0 and clip-5" in note for note in notes)
    notes = add(table(**columns, group=list("aabbca")), replace=True).facts["notes"]
    assert not any("more than once" in note for note in notes)


def test_ids_that_differ_in_case_are_two_samples(
    add: Add, table: Table, poses: dict[str, np.ndarray]
) -> None:
    ids = ["Squat", "squat", "SQUAT", "s1", "s2", "s3"]
    add(table(id=ids, file=FILES, label=[0, 1] * 3))
    samples = open_dataset("local/mine").samples("label")
    assert {*samples} == {*ids}
    for name, file in zip(ids, FILES, strict=True):
        np.testing.assert_array_equal(samples[name].media.keypoints("coco-17"), poses[file])
