from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.split import check_split
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym.adapter import FAMILY
from aqa_bench.datasets.synthetic_gym.cards import DIVING
from aqa_bench.datasets.synthetic_gym.diving.adapter import SyntheticDiving
from aqa_bench.datasets.synthetic_gym.diving.generate import generate_dives, video_file
from aqa_bench.media.video import decode
from aqa_bench.protocol.custody import Custodian

ATTRIBUTES = {
    "position": str,
    "armstand": float,
    "rotation": str,
    "somersaults": float,
    "twists": float,
    "difficulty": float,
    "event": str,
}


@pytest.fixture(scope="module")
def dives(tmp_path_factory: pytest.TempPathFactory) -> SyntheticDiving:
    """The tiny dives, annotated and not rendered."""
    return SyntheticDiving("tiny", tmp_path_factory.mktemp("dives"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> SyntheticDiving:
    return SyntheticDiving("demo", tmp_path_factory.mktemp("demo"))


def test_scoring_needs_no_rendering(dives: SyntheticDiving) -> None:
    assert dives.fingerprint() == SyntheticDiving("tiny", dives.home / "elsewhere").fingerprint()
    samples, targets = dives.samples("score"), dives.targets("score")
    assert samples.keys() == targets.keys()
    assert len(samples) == 32
    media = next(iter(samples.values())).media
    assert media.keypoints("openpose-18").shape == (24, 18, 3)
    assert (media.length, media.fps) == (24, pytest.approx(10.0))
    with pytest.raises(DataError, match="have not been rendered"):
        media.frames()
    written = {path.suffix for path in dives.home.rglob("*") if path.is_file()}
    assert written == {".annotations", ".lock"}


def test_attributes_are_told_in_one_task_alone(dives: SyntheticDiving) -> None:
    for sample in dives.samples("score-dd").values():
        told = sample.media.attributes
        assert {name: type(value) for name, value in told.items()} == ATTRIBUTES
        assert told["event"] == sample.group
    for sample in dives.samples("score").values():
        assert sample.media.provides == {Modality.FRAMES, Modality.KEYPOINTS}
        with pytest.raises(DataError, match="no attributes"):
            _ = sample.media.attributes
    keys = [[s.media.content_key for s in dives.samples(task).values()] for task in ("score", "score-dd")]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])


@pytest.mark.parametrize("scheme", ["official", "event-grouped"])
@pytest.mark.parametrize("preset", ["dives", "demo"])
def test_schemes_hold_apart_what_they_say(preset: str, scheme: str, request: pytest.FixtureRequest) -> None:
    dataset: SyntheticDiving = request.getfixturevalue(preset)
    samples = dataset.samples("score")
    groups = {name: sample.group for name, sample in samples.items()}
    shares = DIVING.scheme(scheme).shares_groups
    for split in dataset.splits("score", scheme):
        check_split(split, groups, scheme, strict_groups=not shares)
        assert set(split.train) | set(split.val) | set(split.test) == samples.keys()
        parts = [{groups[i] for i in ids} for ids in (split.train, split.test)]
        assert (parts[0] == parts[1]) is shares
        assert 0.2 < len(split.test) / len(samples) < 0.3


@pytest.mark.parametrize("scheme", ["official", "event-grouped"])
@pytest.mark.parametrize("task", ["score", "score-dd"])
def test_the_pool_is_the_training_dives_with_class_and_event(
    dives: SyntheticDiving, task: str, scheme: str
) -> None:
    split = dives.splits(task, scheme)[0]
    held_out = frozenset((*split.val, *split.test))
    found = dives.unlabeled(task, held_out)
    assert {sample.id for sample in found} == set(split.train)
    told = set(ATTRIBUTES) if task == "score-dd" else set(ATTRIBUTES) - {"difficulty"}
    assert all(set(sample.media.attributes) == told for sample in found)
    shares = DIVING.scheme(scheme).shares_groups
    pool = Custodian(dives, task).pool(found, held_out, "here", shares_groups=shares)
    assert len(pool) == len(found)


def test_strata_are_difficulties(demo: SyntheticDiving) -> None:
    told = {name: s.media.attributes["difficulty"] for name, s in demo.samples("score-dd").items()}
    assert {name: float(stratum) for name, stratum in demo.strata("score").items()} == told
    (split,) = demo.splits("score", "official")
    counts = np.unique([demo.strata("score")[i] for i in split.test], return_counts=True)[1]
    assert counts[counts >= 5].sum() > 0.8 * len(split.test)


def test_the_scale_of_scores_is_that_of_the_sport(demo: SyntheticDiving) -> None:
    scores = np.array(list(demo.targets("score").values()))
    assert scores.min() >= 0
    assert scores.max() < 111
    assert 58 < scores.mean() < 72
    assert 13 < scores.std() < 20


def test_videos_are_rendered_once_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.datasets.synthetic_gym.diving import generate

    first = generate.plan_dives("tiny")[:2]
    monkeypatch.setattr(generate, "plan_dives", lambda _: first)
    assert generate_dives("tiny", tmp_path, NullProgress()) == 2
    files = [video_file(tmp_path, "tiny", plan.id) for plan in first]
    before = [file.read_bytes() for file in files]
    files[1].unlink()
    assert generate_dives("tiny", tmp_path, NullProgress()) == 1
    assert [file.read_bytes() for file in files] == before
    frames = decode(files[0])
    assert frames.shape == (24, 64, 64, 3)
    assert frames.std() > 10
    # The picture follows the diver from the board to the water: it does not stand still.
    assert np.abs(frames[-1].astype(int) - frames[0]).mean() > 10


def test_of_two_at_once_one_renders_and_the_other_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.datasets.synthetic_gym.diving import generate

    few = generate.plan_dives("tiny")[:3]
    monkeypatch.setattr(generate, "plan_dives", lambda _: few)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(generate_dives, "tiny", tmp_path, NullProgress()) for _ in range(2)]
        assert sorted(each.result() for each in both) == [0, 3]


def test_the_audit_renders_what_is_not_there_and_counts_it(
    dives: SyntheticDiving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.datasets.synthetic_gym.diving import generate

    plans = generate.plan_dives("tiny")
    for plan in plans[1:]:
        file = video_file(tmp_path, "tiny", plan.id)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"rendered before")
    audit = SyntheticDiving("tiny", tmp_path).audit()
    assert audit.ok
    assert audit.dataset == "synthetic-gym/diving@tiny"
    assert (audit.coverage.expected, audit.coverage.found) == (32, 32)
    assert len(decode(video_file(tmp_path, "tiny", plans[0].id))) == 24
    assert audit.groups_across_splits == 4
    assert audit.fingerprint == dives.fingerprint()
    monkeypatch.setattr(generate, "plan_dives", lambda _: plans[1:])
    video_file(tmp_path, "tiny", plans[0].id).unlink()
    assert not SyntheticDiving("tiny", tmp_path).audit().ok


def test_the_family_opens_the_preset_that_the_id_names(tmp_path: Path) -> None:
    for asked, preset in (("synthetic-gym/diving", "demo"), ("synthetic-gym/diving@tiny", "tiny")):
        opened = FAMILY.open(asked, tmp_path)
        assert isinstance(opened, SyntheticDiving)
        assert (opened.card.id, opened.preset) == (asked, preset)


def test_preparing_renders_the_preset_and_changes_nothing_for_the_next_to_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.datasets.synthetic_gym.diving import generate

    first = generate.plan_dives("tiny")[:1]
    monkeypatch.setattr(generate, "plan_dives", lambda _: first)
    said = FAMILY.prepare("synthetic-gym/diving@tiny", (), tmp_path, {}, NullProgress())
    assert "1 dives rendered" in said[0]
    assert FAMILY.open("synthetic-gym/diving", tmp_path).preset == "demo"
    assert video_file(tmp_path, "tiny", first[0].id).is_file()


def test_damaged_annotations_name_the_file(tmp_path: Path) -> None:
    dataset = SyntheticDiving("tiny", tmp_path)
    dataset.fingerprint()
    (file,) = tmp_path.rglob("*.annotations")
    file.write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"dives\.annotations"):
        SyntheticDiving("tiny", tmp_path).fingerprint()


def test_fewer_labels_leave_val_test_and_the_pool_as_they_are(demo: SyntheticDiving) -> None:
    (official,) = demo.splits("score", "official")
    for task in ("score", "score-dd"):
        few = demo.splits(task, "labels-112")
        assert len({split.train for split in few}) == 3
        for split in few:
            assert (split.val, split.test) == (official.val, official.test)
            assert set(split.train) < set(official.train)
            assert len(split.train) == 112
    assert DIVING.scheme("labels-112").shares_groups
    assert {s.id for s in demo.unlabeled("score", frozenset(official.val + official.test))} == set(
        official.train
    )
    with pytest.raises(DataError, match="at least 448 training clips"):
        demo.splits("score", "labels-448")
