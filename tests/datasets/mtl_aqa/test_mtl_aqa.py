"""The real annotations, as published."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.core.split import check_repeats, check_split
from aqa_bench.core.task import TaskKind
from aqa_bench.datasets.mtl_aqa.adapter import FAMILY, RELEASE
from aqa_bench.media.dives.dataset import DiveDataset

DATASET = find_family("mtl-aqa")

DIVES = {
    "01": 191, "02": 108, "03": 73, "04": 129, "05": 90, "06": 60, "07": 99, "09": 88, "10": 44, "13": 30,
    "14": 87, "17": 169, "18": 72, "22": 48, "26": 124,
}  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> DiveDataset:
    if not (shared_data / "mtl-aqa").is_dir():
        pytest.skip("no real annotations of MTL-AQA")
    home = tmp_path_factory.mktemp("mtl-aqa")
    FAMILY.prepare(None, [shared_data / "mtl-aqa"], home, {}, NullProgress())
    dataset = FAMILY.open("mtl-aqa/diving", home)
    assert isinstance(dataset, DiveDataset)
    return dataset


def test_the_plugin_describes_two_tracks() -> None:
    assert DATASET.name == "mtl-aqa"
    assert DATASET.load() is FAMILY
    card = DATASET.cards[0]
    assert [(t.id, t.kind, t.primary) for t in card.tasks] == [
        ("score", TaskKind.SCORE, "spearman"), ("score-dd", TaskKind.SCORE, "spearman")
    ]  # fmt: skip
    assert [(s.id, s.honest, s.shares_groups) for s in card.schemes] == [
        ("official", True, True), ("event-grouped", True, False)
    ]  # fmt: skip


def test_opening_imports_no_torch_no_av_and_no_sklearn() -> None:
    code = (
        "import sys, aqa_bench.datasets.mtl_aqa.adapter, aqa_bench.datasets.unlv_dive.adapter;"
        "sys.exit(', '.join({'torch', 'sklearn', 'av', 'scipy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_official_parts_are_disjoint_and_of_published_size(real: DiveDataset) -> None:
    split = real.splits("score", "official")[0]
    train = set(split.train) | set(split.val)
    assert (len(train), len(split.val), len(split.test)) == (1059, 106, 353)
    assert not train & set(split.test)
    assert train | set(split.test) == real.samples("score").keys() == real.targets("score").keys()
    assert Counter(s.group for s in real.samples("score").values()) == DIVES
    check_split(split, {i: s.group for i, s in real.samples("score").items()}, "real")
    assert real.expected("score") == 1412


def test_events_stay_whole_in_the_grouped_scheme(real: DiveDataset) -> None:
    groups = {i: s.group for i, s in real.samples("score").items()}
    splits = real.splits("score", "event-grouped")
    check_repeats(splits, "real")
    for split in splits:
        check_split(split, groups, "real", strict_groups=True)
        assert 250 < len(split.test) <= 353


def test_scores_and_classes_are_in_their_published_ranges(real: DiveDataset) -> None:
    scores = np.array(list(real.targets("score").values()))
    assert (scores.min(), scores.max()) == (0, 104.5)
    assert round(scores.mean(), 1) == 67.0
    assert round(scores.std(), 1) == 16.9
    assert (scores == 0).sum() == 2
    known = [s.media.attributes for s in real.samples("score-dd").values()]
    difficulty = [a["difficulty"] for a in known]
    assert (min(difficulty), max(difficulty)) == (1.5, 4.1)
    assert {a["position"] for a in known} == {"free", "pike", "tuck"}
    assert {a["rotation"] for a in known} == {"back", "front", "inward", "reverse"}
    assert {a["armstand"] for a in known} == {0.0, 1.0}
    assert max(a["somersaults"] for a in known) == 4.5
    assert max(a["twists"] for a in known) == 3.5
    durations = [a["duration"] for a in known]
    assert (min(durations), np.median(durations), max(durations)) == (54, 100, 273)


def test_training_dives_form_the_published_number_of_classes(real: DiveDataset) -> None:
    split = real.splits("score", "official")[0]
    samples = real.samples("score-dd")
    names = ("event", "position", "armstand", "rotation", "somersaults", "twists")
    groups = Counter(
        tuple(samples[i].media.attributes[name] for name in names) for i in (*split.train, *split.val)
    )
    assert len(groups) == 226
    assert sum(n > 1 for n in groups.values()) == 159
    assert sum(n for n in groups.values() if n > 1) == 992


def test_the_audit_says_what_difficulty_alone_reaches(real: DiveDataset) -> None:
    audit = real.audit()
    assert any("correlation of 0.5595" in note and "(0.5665)" in note for note in audit.notes)
    assert audit.details["floors"]["duration"] == pytest.approx(0.058, abs=0.001)
    assert audit.groups_across_splits == 15
    assert audit.duplicates == []
    # Complete but for the frames, which nobody may pass on.
    assert not audit.ok
    assert not any("differ from the published" in note or "Expected" in note for note in audit.notes)
    samples, test = real.samples("score-dd"), real.splits("score-dd", "official")[0].test
    difficulty = [samples[i].media.attributes["difficulty"] for i in test]
    scores = [real.targets("score")[i] for i in test]
    assert audit.details["floors"]["difficulty"] == pytest.approx(spearmanr(difficulty, scores).statistic)


def test_published_recordings_cover_every_event() -> None:
    assert RELEASE.recordings.keys() == DIVES.keys()
