"""The preset stands in the id, and nothing on disk chooses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import dataset_cards, find_dataset, open_dataset
from aqa_bench.core.split import splits_fingerprint
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym.adapter import FAMILY, SyntheticGym
from aqa_bench.datasets.synthetic_gym.clip import _staged
from aqa_bench.datasets.synthetic_gym.diving import presets as diving_presets
from aqa_bench.datasets.synthetic_gym.diving.adapter import SyntheticDiving
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, PRESETS
from aqa_bench.protocol.plan import Request, RunFolders, resolve

ROOT = Path(__file__).resolve().parents[3]
DATASETS = [f"synthetic-gym/{name}" for name in (*EXERCISES, "diving")]
# The default preset of the exercises is another one than in v1, whose runs are closed.
SUBMITTED = [
    f"synthetic-gym/{folder.name}"
    for folder in sorted((ROOT / "submissions" / "synthetic-gym").iterdir())
    if folder.name == "diving" or "@" in folder.name
]
IMAGES = frozenset({Modality.IMAGE})

# What one process does in the test of two: the preset "study" is made as small as "tiny" and half its size.
_PROCESS = """
import json, os, sys, time
from pathlib import Path

os.cpu_count = lambda: 1
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym.presets import PRESETS

for name, value in (("size", 32), ("frames", 16), ("clips", PRESETS["tiny"].clips)):
    object.__setattr__(PRESETS["study"], name, value)
asked, meeting = sys.argv[1], Path(sys.argv[2])
data = open_dataset(asked)
(meeting / str(os.getpid())).touch()
while len(list(meeting.iterdir())) < 2:
    time.sleep(0.01)
began = time.time()
data.materialise(frozenset({Modality.IMAGE}), NullProgress())
ended = time.time()
images = {sample.media.image().shape for sample in data.samples("lumbar").values()}
(split,) = data.splits("lumbar", "official")
audit = data.audit()
print(json.dumps({
    "id": data.card.id, "ok": audit.ok, "audited": audit.dataset, "fingerprint": data.fingerprint(),
    "images": sorted(images), "test": split.test, "began": began, "ended": ended,
}))
"""


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_preset_has_an_id_of_its_own_and_the_default_the_shortest(dataset: str, tmp_path: Path) -> None:
    card = dataset_cards()[dataset]
    assert card.presets == tuple(diving_presets.PRESETS if dataset.endswith("diving") else PRESETS)
    assert card.presets[0] == "demo"
    for preset in card.presets:
        opened = FAMILY.open(f"{dataset}@{preset}", tmp_path)
        assert opened.preset == preset
        assert opened.card == find_dataset(f"{dataset}@{preset}")
        assert opened.card.id == (dataset if preset == "demo" else f"{dataset}@{preset}")
    assert FAMILY.open(dataset, tmp_path).preset == "demo"


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_unknown_preset_is_an_error_that_names_them_all(dataset: str, tmp_path: Path) -> None:
    for look_up in (open_dataset, lambda name: FAMILY.open(name, tmp_path)):
        with pytest.raises(UsageError, match="Did you mean 'wild'") as caught:
            look_up(f"{dataset}@widl")
        assert set(str(caught.value.expected).split(", ")) == set(PRESETS)


@pytest.mark.parametrize("dataset", SUBMITTED)
def test_what_is_generated_is_still_what_the_submitted_runs_were_made_on(dataset: str) -> None:
    record = read_record(next((ROOT / "submissions" / dataset).glob("*/*/run.json")).parent)
    opened = open_dataset(dataset)
    assert record.dataset == opened.card.id
    assert record.dataset_fingerprint == opened.fingerprint()
    for task, expected in record.splits_fingerprint.items():
        assert splits_fingerprint(opened.splits(task, record.scheme)) == expected


def test_what_an_earlier_version_remembered_is_ignored_and_what_it_rendered_is_kept(
    gym_releases: dict[str, Path], gym_home: Path, tmp_path: Path
) -> None:
    remembered = tmp_path / "preset.json"
    remembered.write_text('{"preset": "wild"}')
    assert FAMILY.open("synthetic-gym/backsquat", tmp_path).preset == "demo"
    remembered.write_text("[")
    rendered = {file: file.stat().st_mtime_ns for file in gym_releases["barbell-row"].rglob("*")}
    said = FAMILY.prepare("synthetic-gym/barbell-row@tiny", (), gym_home, {}, NullProgress())
    FAMILY.open("synthetic-gym/barbell-row@tiny", gym_home).materialise(IMAGES, NullProgress())
    assert "already in" in said[0]
    assert {file: file.stat().st_mtime_ns for file in gym_releases["barbell-row"].rglob("*")} == rendered
    assert FAMILY.open("synthetic-gym/diving", tmp_path).preset == "demo"
    assert remembered.read_text() == "["
    assert not (gym_home / "preset.json").exists()


def test_presets_share_no_media_no_splits_and_no_run_ids(tmp_path: Path) -> None:
    tiny, demo = (SyntheticDiving(preset, tmp_path) for preset in ("tiny", "demo"))
    assert tiny.fingerprint() != demo.fingerprint()
    keys = [{s.media.content_key for s in d.samples("score").values()} for d in (tiny, demo)]
    assert not keys[0] & keys[1]
    ask = "synthetic-gym/diving"
    runs = [resolve(Request(name, "constant")) for name in (ask, f"{ask}@demo", f"{ask}@tiny")]
    assert runs[0].folder == runs[1].folder
    assert runs[2].folder.startswith("synthetic-gym/diving@tiny/constant/")
    assert runs[2].run_id != runs[0].run_id
    folders = RunFolders()
    assert [folders(Request(name, "constant")) for name in (ask, f"{ask}@demo", f"{ask}@tiny")] == [
        run.folder for run in runs
    ]


def test_two_processes_use_two_presets_from_one_data_folder_at_the_same_time(tmp_path: Path) -> None:
    (tmp_path / "meeting").mkdir()
    environment = os.environ | {"AQA_BENCH_DATA": str(tmp_path / "data")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, f"synthetic-gym/barbell-row@{preset}", tmp_path / "meeting"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for preset in ("tiny", "study")
    ]
    answers = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    tiny, study = (json.loads(out) for out, _ in answers)
    for preset, side, found in (("tiny", 64, tiny), ("study", 32, study)):
        assert found["id"] == found["audited"] == f"synthetic-gym/barbell-row@{preset}"
        assert found["ok"]
        assert found["images"] == [[side, side, 3]]
    # Both began before either was done.
    assert max(tiny["began"], study["began"]) < min(tiny["ended"], study["ended"])
    alone = SyntheticGym("barbell-row", "tiny", tmp_path / "alone")
    assert tiny["fingerprint"] == alone.fingerprint() != study["fingerprint"]
    assert tiny["test"] == list(alone.splits("lumbar", "official")[0].test)
    home = tmp_path / "data" / "synthetic-gym"
    assert sorted(path.name for path in home.iterdir()) == ["v1"]
    assert sorted(path.name for path in (home / "v1").iterdir()) == ["study", "tiny"]


def test_another_edition_shares_nothing_with_the_one_before(tmp_path: Path) -> None:
    def made() -> tuple[str, Path, set[str], str]:
        gym = SyntheticGym("barbell-row", "tiny", tmp_path)
        keys = {sample.media.content_key for sample in gym.samples("lumbar").values()}
        return gym.preset, gym.folder, keys, gym.fingerprint()

    first = made()
    try:
        object.__setattr__(PRESETS["tiny"], "edition", 2)
        _staged.cache_clear()  # plans name a preset, not its edition, which no process changes but this one
        second = made()
    finally:
        object.__setattr__(PRESETS["tiny"], "edition", 1)
        _staged.cache_clear()
    assert first[0] == second[0] == "tiny"
    assert first[1] != second[1]
    assert not first[2] & second[2]
    assert first[3] != second[3]
