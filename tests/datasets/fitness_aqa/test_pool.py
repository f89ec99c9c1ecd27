from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.task import Modality
from aqa_bench.datasets.fitness_aqa.family import FAMILY
from aqa_bench.datasets.fitness_aqa.index import Index
from aqa_bench.datasets.fitness_aqa.inspection import inspect
from aqa_bench.datasets.fitness_aqa.layout import Kind
from aqa_bench.datasets.fitness_aqa.pool import POOL_RULES, clip_of, group_of, select_pool
from aqa_bench.media.source import MediaFile

nested = st.recursive(
    st.none() | st.floats() | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=8
)
TRACK = "Squat/Unlabeled_Dataset/bar_trajectories_raw.zip!bar_trajectories_raw/{}.json"
VIDEO = "Squat/Unlabeled_Dataset/videos.zip!videos/{}.mp4"


def test_rules_and_their_costs(prepared: Path) -> None:
    squat = FAMILY.open("fitness-aqa/backsquat", prepared)
    pool = squat.pool()
    assert pool.ids == ("11111_1", "11681_3", "60003_1")
    assert {rule: n for rule, n in pool.costs.items() if n} == {
        "no trajectory": 1,  # 60001_1
        "traj_nan": 1,  # 60002_1
        "held-out clip": 2,  # 50001_1 of kie and kfe, 90001_1 of the shallow squat's test images
        "held-out source": 2,  # 32903_1 (a train clip) and 32903_77: val has 32903_8
    }
    samples = squat.unlabeled("kie", frozenset())
    assert [sample.id for sample in samples] == list(pool.ids)
    assert all(sample.media.provides == {Modality.FRAMES, Modality.TRAJECTORY} for sample in samples)


def test_the_pool_shares_no_source_with_any_judged_sample_of_the_exercise(prepared: Path) -> None:
    for name in ("backsquat", "overhead-press"):
        dataset = FAMILY.open(f"fitness-aqa/{name}", prepared)
        kept = {sample.group for sample in dataset.unlabeled(dataset.card.tasks[0].id, frozenset())}
        assert kept
        for task in dataset.card.tasks:
            (split,) = dataset.splits(task.id, "official")
            assert not kept & {group_of(key) for key in (*split.val, *split.test)}


def test_ids_held_out_by_another_scheme_leave_too(prepared: Path) -> None:
    squat = FAMILY.open("fitness-aqa/backsquat", prepared)
    ids = [sample.id for sample in squat.unlabeled("ss", frozenset({"11111_5_20"}))]
    assert ids == ["11681_3", "60003_1"]


def test_a_twin_of_a_held_out_clip_leaves(squat_with: Callable[..., Index], tiny: ModuleType) -> None:
    content = tiny.release()["Squat/Labeled_Dataset/videos.zip!videos/50002_1.mp4"]
    pool = select_pool(squat_with({VIDEO.format("60003_1"): content}))
    assert pool.ids == ("11111_1", "11681_3")
    assert pool.costs["held-out twin"] == 1


@pytest.mark.parametrize(
    ("frames", "kept", "reported"),
    [(24, True, False), (26, True, True), (27, False, True), (13, True, False), (11, False, False)],
)
def test_trajectories_of_another_length(
    frames: int, kept: bool, reported: bool, squat_with: Callable[..., Index], tiny: ModuleType
) -> None:
    index = squat_with({TRACK.format("part1/60003_1"): json.dumps(tiny.heights(frames)).encode()})
    assert ("60003_1" in select_pool(index).ids) is kept
    found = [problem.what for problem in index.problems]
    assert found == (["trajectory is longer than the video"] if reported else [])


def test_every_pooled_trajectory_can_be_read(squat_with: Callable[..., Index], tiny: ModuleType) -> None:
    gaps: list[float | None] = [*tiny.heights()]
    gaps[0] = gaps[5] = gaps[6] = None
    changes = {
        TRACK.format("part1/60003_1"): json.dumps(tiny.heights(26)).encode(),
        TRACK.format("part1/11111_1"): json.dumps(tiny.heights(20)).encode(),
        TRACK.format("part1/11681_3"): json.dumps(gaps).encode(),
    }
    from aqa_bench.datasets.fitness_aqa.adapter import FitnessAQA

    dataset = FitnessAQA(FAMILY.cards["fitness-aqa/backsquat"], squat_with(changes))
    samples = dataset.unlabeled("kie", frozenset())
    assert len(samples) == 3
    for sample in samples:
        track = sample.media.trajectory()
        assert len(track.elevation) == len(track.confidence) == sample.media.length
        assert 0 <= track.turning_point < sample.media.length


@pytest.mark.parametrize("content", ["half empty", "flat", b"{}", b"[", b'["a", "b", "c"]'])
def test_unusable_trajectories_cost_their_clip(
    content: bytes | str, squat_with: Callable[..., Index], tiny: ModuleType
) -> None:
    values = {"half empty": [None] * 13 + tiny.heights()[13:], "flat": [5.0] * 24}
    data = content if isinstance(content, bytes) else json.dumps(values[content]).encode()
    index = squat_with({TRACK.format("part1/60003_1"): data})
    assert [problem.what for problem in index.problems] == ["trajectory cannot be used"]
    assert select_pool(index).costs["trajectory unusable"] == 1


@given(st.from_regex(r"\A[0-9]{1,5}_[0-9]{1,3}\Z"), st.integers(0, 999))
def test_image_ids_map_to_clips_and_sources(clip: str, frame: int) -> None:
    assert clip_of(f"{clip}_{frame}") == clip
    assert group_of(f"{clip}_{frame}") == group_of(clip) == clip.split("_")[0]


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=40) | nested.map(lambda value: json.dumps(value).encode()))
@pytest.mark.parametrize(
    ("kind", "exercise"),
    [
        (Kind.TRAJECTORY, "backsquat"),
        (Kind.TRAJECTORY, "overhead-press"),
        (Kind.IMAGE, "barbell-row"),
        (Kind.CLIP, "backsquat"),
    ],
)
def test_inspection_never_raises(
    kind: Kind, exercise: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.write_bytes(content)
    found = inspect(kind, exercise, MediaFile(path))
    assert found.fault or found.length


def test_every_rule_has_a_reason() -> None:
    assert all(POOL_RULES.values())
