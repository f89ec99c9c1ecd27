from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.core.dataset import DatasetFamily
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.datasets.fitness_aqa import build
from aqa_bench.datasets.fitness_aqa.family import FAMILY
from aqa_bench.datasets.fitness_aqa.index import read_index, write_index

DATASET = find_family("fitness-aqa")

SQUAT = "fitness-aqa/backsquat"


class Counted(NullProgress):
    """Counts the steps reported."""

    def __init__(self) -> None:
        self.total = self.steps = 0

    def start(self, task: str, total: int | None = None) -> None:
        self.total += total or 0

    def advance(self, steps: int = 1, **fields: object) -> None:
        self.steps += steps


def test_the_plugin_loads_its_family() -> None:
    family: DatasetFamily = DATASET.load()
    assert family is FAMILY
    assert [card.id for card in DATASET.cards] == list(FAMILY.cards)


def test_the_coverage_table(tiny: ModuleType, tmp_path: Path) -> None:
    progress = Counted()
    files = tiny.release()
    files["Squat/Labeled_Dataset/videos.zip!videos/50001_1.mp4"] = b"damaged"
    lines = FAMILY.prepare(SQUAT, [tiny.write_extracted(tmp_path / "r", files)], tmp_path / "h", {}, progress)
    table = [line.split() for line in lines]
    assert table[1] == ["task", "split", "expected", "found", "missing", "unreadable", "extra"]
    assert table[2] == ["kie", "train", "8", "7", "1", "0", "2"]
    assert table[4] == ["kie", "test", "3", "2", "0", "1", "0"]
    assert table[8] == ["ss", "train", "12", "12", "0", "0", "2"]
    assert table[11] == ["pool", "all", "9", "9", "0", "0", "0"]
    assert "50001_1.mp4: clip cannot be used" in lines[12]
    assert progress.steps == progress.total > 0
    assert [path.name for path in (tmp_path / "h").iterdir()] == ["backsquat.index.json.gz"]


def test_what_is_good_is_kept_when_a_task_cannot_be_run(tiny: ModuleType, tmp_path: Path) -> None:
    files = tiny.release()
    del files["Squat/Labeled_Dataset/Labels/error_knees_inward.json"]
    with pytest.raises(DataError, match=r"1 task\(s\) cannot be run") as caught:
        FAMILY.prepare(SQUAT, [tiny.write_zipped(tmp_path / "r", files)], tmp_path / "h", {}, NullProgress())
    assert caught.value.exit_code == 1
    assert "kie: no usable label file error_knees_inward.json" in str(caught.value)
    assert "kfe     train" in str(caught.value)
    assert len(FAMILY.open(SQUAT, tmp_path / "h").samples("kfe")) == 12


def test_exercises_that_are_not_there_are_no_fault(tiny: ModuleType, tmp_path: Path) -> None:
    files = {name: content for name, content in tiny.release().items() if name.startswith("OHP")}
    lines = FAMILY.prepare(
        None, [tiny.write_zipped(tmp_path / "r", files)], tmp_path / "h", {}, NullProgress()
    )
    assert lines[0] == "overhead-press:"
    with pytest.raises(DataError, match="has not been prepared"):
        FAMILY.open(SQUAT, tmp_path / "h")
    with pytest.raises(DataError, match="No files of fitness-aqa/backsquat"):
        FAMILY.prepare(SQUAT, [tmp_path / "r"], tmp_path / "h", {}, NullProgress())


def test_nothing_usable(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No files of the release"):
        FAMILY.prepare(None, [tmp_path], tmp_path / "h", {}, NullProgress())
    with pytest.raises(UsageError, match="No folder of the release"):
        FAMILY.prepare(None, [], tmp_path / "h", {}, NullProgress())
    with pytest.raises(UsageError, match="has no such option"):
        FAMILY.prepare(None, [tmp_path], tmp_path / "h", {"preset": "x"}, NullProgress())


def test_preparing_again_opens_only_what_changed(
    tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, home = tiny.write_extracted(tmp_path / "r"), tmp_path / "h"
    FAMILY.prepare(SQUAT, [root], home, {}, NullProgress())
    before = FAMILY.open(SQUAT, home).fingerprint()
    opened: list[str] = []
    real = build.inspect

    def inspect(kind: object, exercise: str, media: object) -> object:
        opened.append(str(media))
        return real(kind, exercise, media)  # type: ignore[arg-type]

    monkeypatch.setattr(build, "inspect", inspect)
    video = root / "Squat/Labeled_Dataset/videos/50001_1.mp4"
    video.write_bytes(tiny.clip(4242))
    FAMILY.prepare(SQUAT, [], home, {}, NullProgress())
    assert opened == [str(video)]
    assert FAMILY.open(SQUAT, home).fingerprint() != before


def test_an_index_survives_writing(prepared: Path, tmp_path: Path) -> None:
    for exercise in ("backsquat", "overhead-press", "barbell-row"):
        index = read_index(FAMILY.index_path(exercise, prepared))
        assert read_index(write_index(index, tmp_path / "index.json.gz")) == index


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", *(gzip.compress(text, mtime=0) for text in (b"[]", b"{}", b'{"version": 0}'))],
    ids=["empty", "junk", "list", "object", "version"],
)
def test_a_damaged_index_is_an_error_with_a_remedy(content: bytes, tmp_path: Path) -> None:
    FAMILY.index_path("backsquat", tmp_path).write_bytes(content)
    with pytest.raises(DataError, match="dataset's index cannot be used") as caught:
        FAMILY.open(SQUAT, tmp_path)
    assert "prepare again" in str(caught.value)


def test_a_cut_index_is_an_error(prepared: Path, tmp_path: Path) -> None:
    path = FAMILY.index_path("backsquat", tmp_path)
    shutil.copy(FAMILY.index_path("backsquat", prepared), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be used"):
        FAMILY.open(SQUAT, tmp_path)
