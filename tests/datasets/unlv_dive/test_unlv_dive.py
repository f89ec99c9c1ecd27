from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.core.split import check_split
from aqa_bench.datasets.unlv_dive.adapter import FAMILY
from aqa_bench.media.dives.dataset import DiveDataset

DATASET = find_family("unlv-dive")

SIZES = {1: 191, 2: 108, 3: 73}


@pytest.fixture
def dataset(tmp_path: Path) -> DiveDataset:
    """The shape of the release: 372 dives, of which a split of 300 and 70 names all but two."""
    rng = np.random.default_rng(0)
    keys = [(event, n) for event, size in SIZES.items() for n in range(1, size + 1)]
    annotations = {
        key: {
            "primary_view": 0, "start_frame": 1000 * i + 10, "end_frame": 1000 * i + 110, "position": i % 3,
            "difficulty": round(rng.uniform(1.5, 4), 1), "armstand": 0, "rotation_type": i % 4, "ss_no": 5,
            "tw_no": 0, "final_score": rng.uniform(20, 100),
        }
        for i, key in enumerate(keys)
    }  # fmt: skip
    order = rng.permutation(len(keys))
    folder = tmp_path / "MTL-AQA_dataset_release" / "Ready_2_Use" / "UNLV_Dive_split_4"
    folder.mkdir(parents=True)
    drawn = [tuple(np.uint8(n) for n in keys[i]) for i in order]
    for name, content in (
        ("final_annotations_dict", annotations),
        ("train_split_370_4", drawn[:300]),
        ("test_split_370_4", drawn[300:370]),
        ("train_split_0", drawn[:10]),
        ("test_split_0", drawn[10:20]),
    ):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(content, 2))
    FAMILY.prepare(None, [tmp_path], tmp_path / "home", {}, NullProgress())
    opened = FAMILY.open("unlv-dive", tmp_path / "home")
    assert isinstance(opened, DiveDataset)
    return opened


def test_the_plugin_is_a_family_of_one() -> None:
    assert DATASET.name == DATASET.cards[0].id == "unlv-dive"
    assert DATASET.load() is FAMILY


def test_the_split_of_370_is_read(dataset: DiveDataset) -> None:
    split = dataset.splits("score", "official")[0]
    assert (len(split.train), len(split.val), len(split.test)) == (270, 30, 70)
    assert dataset.index.unnamed == 2
    assert dataset.audit().coverage.expected == 370


def test_each_event_is_tested_once(dataset: DiveDataset) -> None:
    groups = {i: s.group for i, s in dataset.samples("score").items()}
    splits = dataset.splits("score", "event-grouped")
    for split in splits:
        check_split(split, groups, "unlv", strict_groups=True)
    assert [{groups[i] for i in s.test} for s in sorted(splits, key=lambda s: groups[s.test[0]])] == [
        {"01"}, {"02"}, {"03"}
    ]  # fmt: skip
