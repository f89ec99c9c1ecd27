from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.core.split import check_split
from aqa_bench.datasets.stick_figures.adapter import StickFigures
from aqa_bench.datasets.stick_figures.cards import CARD

DATASET = find_family("stick-figures")

ID = "stick-figures/shoulder-press"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return DATASET.load().open(ID, tmp_path_factory.mktemp("nothing"))


def test_nothing_needs_preparing(tmp_path):
    (sentence,) = DATASET.load().prepare(None, [], tmp_path / "home", {}, NullProgress())
    assert "nothing to prepare" in sentence
    assert not (tmp_path / "home").exists()


def test_counts_and_groups(dataset):
    samples, targets = dataset.samples("form"), dataset.targets("form")
    assert list(samples) == list(targets)
    assert (len(samples), sum(targets.values()), dataset.expected("form")) == (60, 24, 60)
    groups = Counter(sample.group for sample in samples.values())
    assert set(groups.values()) == {2}
    assert all(len({targets[i] for i in samples if samples[i].group == g}) == 1 for g in groups)
    assert not any("good" in i or "bad" in i for i in samples)


@pytest.mark.parametrize("scheme", CARD.schemes, ids=lambda s: s.id)
def test_splits_keep_sources_whole(dataset, scheme):
    groups = {i: s.group for i, s in dataset.samples("form").items()}
    splits = dataset.splits("form", scheme.id)
    assert len(splits) == (25 if scheme.id == "folds" else 20)
    for split in splits:
        check_split(split, groups, ID, strict_groups=True)
        if scheme.id.startswith("one-class"):
            assert len(split.train) == {"one-class-clean": 24 + 12}.get(scheme.id, 24)
            assert bool(split.leaked) is not scheme.honest


def test_media_and_fingerprint_are_the_same_in_another_process(dataset):
    code = "import aqa_bench.datasets.stick_figures.adapter as a; print(a.StickFigures().fingerprint())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == dataset.fingerprint() == StickFigures().fingerprint()
    media = [sample.media for sample in dataset.samples("form").values()]
    assert len({m.content_key for m in media}) == 60
    assert all(m.length == len(m.keypoints("openpose-18")) == len(m.keypoints("coco-17")) for m in media)


def test_a_reader_cannot_change_the_clip(dataset):
    media = dataset.samples("form")["s00-0"].media
    before = media.keypoints("openpose-18").copy()
    media.keypoints("openpose-18")[:] = 0
    np.testing.assert_array_equal(media.keypoints("openpose-18"), before)


def test_audit(dataset):
    audit = dataset.audit()
    assert audit.ok
    assert audit.details["faults"] == {"elbows": 8, "lean": 8, "lockout": 8}
    assert {name: (p.n, p.positive) for name, p in audit.tasks["form"].splits.items()}["test"] == (12, 4)
    assert audit.model_dump_json()


def distance_features(keypoints: np.ndarray) -> np.ndarray:
    """Quantiles over time of the distances between joints of trunk and arms, in trunk lengths."""
    time, columns = np.arange(len(keypoints)), [1, 2, 3, 4, 5, 6, 7, 8, 11]
    filled = np.stack(
        [
            np.stack([np.interp(time, time[k[:, 2] > 0], k[k[:, 2] > 0, axis]) for axis in (0, 1)], axis=1)
            for k in keypoints[:, columns].swapaxes(0, 1)
        ],
        axis=1,
    )
    rows, cols = np.triu_indices(len(columns), 1)
    distances = np.linalg.norm(filled[:, rows] - filled[:, cols], axis=2)
    trunk = np.linalg.norm(filled[:, 0] - filled[:, 7], axis=1).mean()
    return np.quantile(distances / trunk, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0).ravel()


def test_form_can_be_learned_but_not_without_mistakes(dataset):
    samples, targets = dataset.samples("form"), dataset.targets("form")
    features = {i: distance_features(s.media.keypoints("openpose-18")) for i, s in samples.items()}
    right = 0
    splits = dataset.splits("form", "folds")
    for split in splits:
        train = (*split.train, *split.val)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
        model.fit([features[i] for i in train], [targets[i] for i in train])
        predicted = model.predict([features[i] for i in split.test])
        right += sum(predicted == [targets[i] for i in split.test])
    assert 0.68 < right / (60 * 5) < 0.95


def test_duration_does_not_tell_the_label(dataset):
    lengths = [sample.media.length for sample in dataset.samples("form").values()]
    auroc = roc_auc_score(list(dataset.targets("form").values()), lengths)
    assert 0.4 < auroc < 0.6
