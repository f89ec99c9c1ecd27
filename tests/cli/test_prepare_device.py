"""``dataset prepare --device --jobs``: where a generated dataset is drawn, and by how many processes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

DATASET = "synthetic-gym/barbell-row@tiny"


def test_annotations_are_computed_once(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.core.registry import open_dataset
    from aqa_bench.datasets.synthetic_gym import annotated

    asked: list[str] = []
    real = annotated.annotate

    def counted(preset: str, exercise: object, jobs: int = 1) -> object:
        asked.append(preset)
        return real(preset, exercise, jobs)  # type: ignore[arg-type]

    monkeypatch.setattr(annotated, "annotate", counted)
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path))
    assert cli("dataset", "prepare", DATASET, "--jobs", "1").code == 0
    assert open_dataset(DATASET).targets("lumbar")
    assert asked == ["tiny"]


@pytest.mark.parametrize("arguments", [("--device", "auto"), ("--jobs", "2")])
def test_a_dataset_that_is_not_generated_is_drawn_nowhere(cli, arguments: tuple[str, str]) -> None:
    answer = cli("dataset", "prepare", "stick-figures", *arguments)
    assert answer.code == 2
    assert "for generated datasets" in answer.err


def test_sources_are_not_drawn(cli, tmp_path: Path) -> None:
    assert cli("dataset", "prepare", DATASET, "--jobs", "1", "--source", tmp_path).code == 2


def test_unknown_devices_are_wrong_usage(cli) -> None:
    assert cli("dataset", "prepare", DATASET, "--device", "tpu").code == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path))
    answer = cli("dataset", "prepare", DATASET, "--device", "cuda")
    assert answer.code == 2
    assert "CUDA device" in answer.err
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_the_same_but_for_rounding(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    pictures = {}
    for device in ("cpu", "cuda"):
        monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / device))
        assert cli("dataset", "prepare", DATASET, "--device", device).code == 0
        files = sorted((tmp_path / device).rglob("*.jpg"))
        pictures[device] = [torch.tensor(list(Image.open(file).tobytes())).float() for file in files]
    pairs = zip(pictures["cpu"], pictures["cuda"], strict=True)
    assert max(float((a - b).abs().mean()) for a, b in pairs) < 1
