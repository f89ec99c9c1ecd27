from __future__ import annotations

from pathlib import Path

from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.pose_trainer.adapter import FAMILY
from aqa_bench.datasets.pose_trainer.release import release

PRESS = "pose-trainer/shoulder-press"


def test_pool_has_all_exercises_but_no_recording_of_a_held_out_clip(tmp_path: Path, clone: Path) -> None:
    FAMILY.prepare(None, [clone], tmp_path / "home", {}, NullProgress())
    data = FAMILY.open(PRESS, tmp_path / "home")
    held_out = data.splits("form", "one-class")[0].test
    files = release().files
    banned = {files[i].recording for i in held_out}
    pool = data.unlabeled("form", frozenset(held_out))
    assert {s.id for s in pool} == {i for i, file in files.items() if file.recording not in banned}
    assert {s.media.attributes["exercise"] for s in pool} == {
        file.exercise.dataset.rpartition("/")[2] for file in files.values()
    }


def test_order_of_the_pool_tells_nothing_but_content(tmp_path: Path, clone: Path) -> None:
    FAMILY.prepare(None, [clone], tmp_path / "home", {}, NullProgress())
    keys = [s.media.content_key for s in FAMILY.open(PRESS, tmp_path / "home").unlabeled("form", frozenset())]
    assert len(keys) == len(release().files)
    assert keys == sorted(keys)


def test_an_exercise_alone_is_its_own_pool(tmp_path: Path, clone: Path) -> None:
    source = clone / "poses_compressed" / "shoulderpress"
    FAMILY.prepare(PRESS, [source], tmp_path / "home", {}, NullProgress())
    data = FAMILY.open(PRESS, tmp_path / "home")
    assert {s.id for s in data.unlabeled("form", frozenset())} == set(data.samples("form"))
