from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.datasets.synthetic_gym import generate as module
from aqa_bench.datasets.synthetic_gym.annotate import annotate, annotation_fingerprint, fingerprint
from aqa_bench.datasets.synthetic_gym.annotated import keep_annotations
from aqa_bench.datasets.synthetic_gym.generate import generate
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, PRESETS, Exercise

RELEASE = "Fitness-AQA_dataset_release"


def _json(path: Path) -> object:
    return json.loads(path.read_text())


def _splits(folder: Path, kind: str) -> dict[str, list[str]]:
    return {s: _json(folder / f"{s}_{kind}.json") for s in ("train", "val", "test")}  # type: ignore[misc]


def _sources(ids: Sequence[str]) -> set[str]:
    return {i.split("_")[0] for i in ids}


@pytest.mark.parametrize(
    ("exercise", "folder", "labels"),
    [
        ("backsquat", "Squat", {"error_knees_inward", "error_knees_forward"}),
        ("overhead-press", "OHP", {"error_elbows", "error_knees"}),
    ],
)
def test_videos_labels_and_splits_are_where_the_release_has_them(
    gym_releases: dict[Exercise, Path], exercise: Exercise, folder: str, labels: set[str]
) -> None:
    base = gym_releases[exercise] / RELEASE / folder
    videos = sorted((base / "Labeled_Dataset" / "videos").glob("*.mp4"))
    labelled, unlabelled = PRESETS["tiny"].clips[exercise]
    assert len(videos) == labelled
    assert {p.stem for p in (base / "Labeled_Dataset" / "Labels").iterdir()} == labels
    for name in labels:
        intervals = _json(base / "Labeled_Dataset" / "Labels" / f"{name}.json")
        assert isinstance(intervals, dict)
        assert set(intervals) == {v.stem for v in videos}
        assert all(0 <= a < b <= 3.2 for spans in intervals.values() for a, b in spans)
        parts = _splits(base / "Labeled_Dataset" / "Splits", "keys")
        for part in parts.values():
            assert {bool(intervals[i]) for i in part} == {True, False}
    assert sorted(itertools.chain(*parts.values())) == [v.stem for v in videos]
    assert not _sources(parts["train"]) & (_sources(parts["val"]) | _sources(parts["test"]))
    assert not _sources(parts["val"]) & _sources(parts["test"])
    pool = base / "Unlabeled_Dataset"
    tracks = sorted((pool / "bar_trajectories_raw").glob("*.json"))
    assert [t.stem for t in tracks] == sorted(v.stem for v in (pool / "videos").glob("*.mp4"))
    assert len(tracks) == unlabelled


def test_trajectories_have_the_release_formats_and_follow_the_bar(gym_releases: dict[Exercise, Path]) -> None:
    for exercise, folder in (("backsquat", "Squat"), ("overhead-press", "OHP")):
        arrays = np.load(gym_releases[exercise] / "keypoints" / f"{exercise}.npz", allow_pickle=False)
        rows = {str(i): k for k, i in enumerate(arrays["ids"])}
        for path in (
            gym_releases[exercise] / RELEASE / folder / "Unlabeled_Dataset" / "bar_trajectories_raw"
        ).iterdir():
            track, height = _json(path), arrays["bar_height"][rows[path.stem]]
            assert isinstance(track, list)
            assert len(track) == len(height)
            if exercise == "backsquat":
                assert np.corrcoef(track, height)[0, 1] > 0.97
                assert 3 < int(np.argmin(track)) < len(track) - 3
                continue
            boxes = [next((r[0] for r in regions[:2] if r), None) for regions in track]
            assert all(len(regions) == 3 for regions in track)
            found = [t for t, box in enumerate(boxes) if box]
            middle = [-(boxes[t][1] + boxes[t][3]) / 2 for t in found]  # type: ignore[index]
            assert np.corrcoef(middle, height[found])[0, 1] > 0.95


def test_shallow_images_mimic_the_release(gym_releases: dict[Exercise, Path]) -> None:
    base = gym_releases["backsquat"] / RELEASE / "Squat/Labeled_Dataset/Shallow_Squat_Error_Dataset"
    labels = _json(base / "labels_shallow_depth.json")
    assert isinstance(labels, dict)
    assert {p.stem for p in (base / "images/crops_unaligned").iterdir()} == set(labels)
    parts = _splits(base / "splits", "ids")
    assert sorted(itertools.chain(*parts.values())) == sorted(labels)
    records = {r["id"]: r for r in _records(gym_releases["backsquat"])}
    cycle = np.load(gym_releases["backsquat"] / "keypoints/backsquat.npz", allow_pickle=False)
    rows = {str(i): k for k, i in enumerate(cycle["ids"])}
    depth: dict[int, list[float]] = {0: [], 1: []}
    for image, label in labels.items():
        clip, frame = image.rsplit("_", 1)
        if label:
            assert records[clip]["labels"]["ss"] == 1
        depth[label].append(0.5 - 0.5 * np.cos(2 * np.pi * cycle["cycle"][rows[clip]][int(frame)]))
    assert min(depth[1]) > 0.85
    assert np.mean(np.array(depth[0]) > 0.85) < 0.5


def test_row_images_have_two_id_sets(gym_releases: dict[Exercise, Path]) -> None:
    base = gym_releases["barbell-row"] / RELEASE / "BarbellRow/Labeled_Dataset"
    lumbar = _json(base / "Labels/labels_lumbar_error.json")
    torso = _json(base / "Labels/labels_torso_angle_error.json")
    assert isinstance(lumbar, dict)
    assert isinstance(torso, dict)
    assert set(lumbar) != set(torso)
    assert set(lumbar) & set(torso)
    assert {p.stem for p in (base / "barbellrow_images_raw").iterdir()} == set(lumbar) | set(torso)
    for name, labels in (("Splits_Lumbar_Error", lumbar), ("Splits_TorsoAngle_Error", torso)):
        parts = _splits(base / "Splits" / name, "ids")
        assert sorted(itertools.chain(*parts.values())) == sorted(labels)
        assert set(labels.values()) == {0, 1}


def _records(root: Path) -> list[dict[str, dict[str, float]]]:
    return [json.loads(line) for line in (root / "annotations.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_annotations_cover_every_clip_and_nothing_is_left_over(
    gym_releases: dict[Exercise, Path], exercise: Exercise
) -> None:
    records = _records(gym_releases[exercise])
    assert [r["id"] for r in records] == [p.id for p in plan_clips("tiny", exercise)]
    assert all(r["visibility"] >= 0.6 for r in records)  # type: ignore[operator]
    assert {r["split"] for r in records if r["role"] == "labelled"} == {"train", "val", "test"}  # type: ignore[comparison-overlap]
    assert sorted(p.name for p in gym_releases[exercise].iterdir()) == [
        RELEASE,
        "annotations.jsonl",
        "generator.json",
        "keypoints",
    ]


def test_a_video_decodes_to_its_frames(gym_releases: dict[Exercise, Path]) -> None:
    path = next((gym_releases["backsquat"] / RELEASE / "Squat/Labeled_Dataset/videos").iterdir())
    with av.open(str(path)) as container:
        assert float(container.streams.video[0].average_rate or 0) == pytest.approx(5.0)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 16
    assert frames[0].shape == (64, 64, 3)


def test_fingerprint_is_of_annotations_and_not_of_pixels(gym_releases: dict[Exercise, Path]) -> None:
    annotations = annotate("tiny", "barbell-row")
    same = annotation_fingerprint("tiny", "barbell-row", annotations)
    assert json.loads((gym_releases["barbell-row"] / "generator.json").read_text())["fingerprint"] == same
    assert fingerprint("tiny", "barbell-row") == same
    assert annotation_fingerprint("tiny", "barbell-row", annotations[1:]) != same


def test_a_stopped_run_goes_on_where_it_was(
    gym_releases: dict[Exercise, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    out, seen = tmp_path / "row", []

    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate("tiny", "barbell-row", out, progress=stop)
    assert not out.exists()
    # A kill leaves the temporary name of the file that was being written.
    (tmp_path / "row.partial" / ".0.jpg.killed").write_bytes(b"half")
    damaged = next((tmp_path / "row.partial" / ".parts").glob("*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    made: list[str] = []
    make = module._make
    monkeypatch.setattr(module, "_make", lambda *given: (made.append(given[-1].id), make(*given)))
    generate("tiny", "barbell-row", out, progress=lambda done, total: seen.append((done, total)))
    total = len(plan_clips("tiny", "barbell-row"))
    assert len(made) == total - 4
    assert damaged.stem in made
    assert f"{damaged} is damaged" in caplog.text
    assert seen[0] == (4, total)
    assert seen[-1] == (total, total)
    assert not [file for file in out.rglob(".*") if file.is_file()]
    whole = gym_releases["barbell-row"]
    files = sorted(p.relative_to(whole) for p in whole.rglob("*") if p.suffix in {".json", ".jsonl", ".jpg"})
    assert files == sorted(
        p.relative_to(out) for p in out.rglob("*") if p.suffix in {".json", ".jsonl", ".jpg"}
    )
    assert all((out / f).read_bytes() == (whole / f).read_bytes() for f in files)


def test_of_two_at_once_one_renders_and_the_other_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    make = module._make
    monkeypatch.setattr(module, "_make", lambda *given: (made.append(given[-1].id), make(*given)))
    out = tmp_path / "row"
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(generate, "tiny", "barbell-row", out) for _ in range(2)]
        assert [each.result() for each in both] == [out, out]
    assert sorted(made) == sorted(plan.id for plan in plan_clips("tiny", "barbell-row"))


def test_a_folder_with_something_else_is_refused(gym_releases: dict[Exercise, Path], tmp_path: Path) -> None:
    assert generate("tiny", "backsquat", gym_releases["backsquat"]) == gym_releases["backsquat"]
    with pytest.raises(DataError, match="something other than"):
        generate("tiny", "barbell-row", gym_releases["backsquat"])
    with pytest.raises(DataError, match="something other than"):
        generate("tiny", "barbell-row", tmp_path)
    with pytest.raises(UsageError, match="preset"):
        generate("huge", "barbell-row", tmp_path / "x")


def test_annotations_are_the_same_bytes_whatever_the_jobs(tmp_path: Path) -> None:
    files = []
    for jobs in (1, 2):
        home = tmp_path / str(jobs)
        keep_annotations("tiny", "backsquat", home, annotate("tiny", "backsquat", jobs))
        files.append(next(home.rglob("*.annotations")).read_bytes())
    assert files[0] == files[1]
