from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from aqa_bench.core.errors import UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.protocol.forecast import forecast
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.protocol.runner import run
from aqa_bench.protocol.suite_forecast import forecast_jobs

SQUAT, FIGURES = "synthetic-gym/backsquat@tiny", "stick-figures/shoulder-press"
SMALL = ("weights=random", "resize=32", "crop=32", "frames=4", "length=8")


@pytest.fixture
def squats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gym_releases: dict[str, Path]) -> Path:
    """Folders of data, with the rendered squats, and of caches."""
    from aqa_bench.datasets.synthetic_gym.presets import GENERATOR_VERSION

    home = tmp_path / "data" / "synthetic-gym"
    folder = home / f"v{GENERATOR_VERSION}" / "tiny"
    folder.mkdir(parents=True)
    (folder / "backsquat").symlink_to(gym_releases["backsquat"], target_is_directory=True)
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path / "cache"))
    find_family(SQUAT).load().prepare(SQUAT, (), home, {}, NullProgress())
    return tmp_path


def asked(method: str, *overrides: str, recipe: str = "quick", **more: object) -> ResolvedRun:
    return resolve(Request(SQUAT, method, recipe=recipe, overrides=overrides, **more))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_steps_and_bytes_are_those_of_the_run_and_nothing_is_written(squats: Path) -> None:
    resolved = asked("cvcspc", *SMALL, "steps=4", "batch_size=4", "head_epochs=3", tasks=("kie",))
    before = files(squats)
    found = forecast(resolved, squats / "runs", device="cpu")
    assert files(squats) == before
    assert os.environ["AQA_BENCH_CACHE"] == str(squats / "cache")
    assert (found.on_disk, found.note, found.fits) == (False, "", 1)
    assert found.pool is not None
    assert found.pool["decoded_bytes"] == found.pool["frames"] * 32 * 32 * 3
    assert (found.pool["place"], found.pool["disk_bytes"], found.pool["fits"]) == ("memory", 0, True)
    assert found.pool["free_bytes"] > 0
    assert found.seconds is not None
    parts = [value for name, value in found.seconds.items() if name != "total"]
    assert found.seconds["total"] == pytest.approx(sum(parts), abs=0.01)
    assert found.seconds["pretraining"] > 0
    assert found.seconds["labels"] > 0
    outcome = run(resolved, squats / "runs", device="cpu")
    facts = outcome.record.facts
    assert facts["pretraining_batches"] == found.steps["pretraining"]
    assert facts["pretraining_clips"] == found.pool["clips"]
    trained = len(resolved.splits["kie"][0].train)
    assert found.steps["labels"] == 3 * -(-trained // 16)
    assert forecast(resolved, squats / "runs", device="cpu").on_disk


def test_clips_and_still_images_are_probed_each(squats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.learn.methods import forecast as learn

    seen: list[int] = []
    ours = learn.probe_labels

    def probe(method, samples, device, limit_s):
        seen.append(samples[0].media.length)
        return ours(method, samples, device, limit_s)

    monkeypatch.setattr(learn, "probe_labels", probe)
    small = ("finetune_batch_size=4", "batch_size=4", "epochs=1")
    found = forecast(asked("cvcspc", *SMALL, *small, recipe="paper"), squats / "runs", device="cpu")
    assert sorted(seen) == [1, 16]
    assert found.seconds is not None
    assert found.seconds["features"] > 0


def test_video_methods_are_probed_end_to_end(squats: Path) -> None:
    found = forecast(asked("md", "resize=16", "crop=16"), squats / "runs", device="cpu")
    assert found.seconds is not None
    assert found.seconds["features"] == 0
    assert found.seconds["labels"] > 0


def test_a_method_without_pre_training_is_counted_and_not_probed(tmp_path: Path) -> None:
    found = forecast(resolve(Request(FIGURES, "pose-tdm", overrides=("epochs=2",))), tmp_path, device="cpu")
    assert found.steps["pretraining"] == 0
    assert found.steps["labels"] == sum(
        2 * -(-len(split.train) // 16) for split in resolve(Request(FIGURES, "pose-tdm")).splits["form"]
    )
    assert (found.seconds, found.note) == (None, "no probe: the method does not pre-train")
    assert forecast(resolve(Request(FIGURES, "constant")), tmp_path).steps == {"pretraining": 0, "labels": 0}


def test_media_that_are_not_there_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    found = forecast(asked("cvcspc"), tmp_path, device="cpu")
    assert found.seconds is None
    assert "dataset prepare" in found.note


def test_a_device_that_is_not_there_is_wrong_usage(squats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="not available"):
        forecast(asked("cvcspc", *SMALL), squats, device="cuda")


def test_jobs_that_differ_in_the_seed_share_a_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.protocol import suite_forecast

    probed: list[str] = []
    ours = suite_forecast.forecast

    def count(resolved: ResolvedRun, out: Path, *, device: str):
        probed.append(resolved.run_id)
        return ours(resolved, out, device=device)

    monkeypatch.setattr(suite_forecast, "forecast", count)
    jobs = [Request(FIGURES, "pose-tdm", seed=seed) for seed in (0, 1)]
    jobs.append(Request("pose-trainer/bicep-curl", "constant"))
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    first, second, third = forecast_jobs(jobs, tmp_path)
    assert len(probed) == 1
    assert first.forecast is not None
    assert second.forecast is not None
    assert first.forecast.run_id != second.forecast.run_id == resolve(jobs[1]).run_id
    assert second.forecast.seed == 1
    assert third.forecast is None
    assert "prepare" in str(third.error)
