"""Pictures of errors on boards: which one a task gets, what it weighs, and what stands under it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from aqa_bench.boards.site.error_pictures import error_picture

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = sorted(ROOT.glob("datasets/*/pictures/*.webp"))


@pytest.fixture(scope="module")
def stick_pictures() -> ModuleType:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        spec = importlib.util.find_spec("stick_pictures")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # A dataclass asks for its module by name.
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.mark.parametrize(
    ("dataset", "task", "name"),
    [
        ("synthetic-gym/backsquat@wild", "kie", "backsquat-kie"),
        ("fitness-aqa/backsquat", "kie", "backsquat-kie"),
        ("pose-trainer/bicep-curl", "form", "bicep-curl"),
        ("stick-figures/shoulder-press", "form", "shoulder-press"),
        ("synthetic-gym/diving@study", "score", "diving"),
        ("mtl-aqa/diving", "score-dd", "diving"),
        ("unlv-dive", "score", "unlv-dive"),
        ("waseda-squat", "kie", None),
        ("no/dataset", "kie", None),
    ],
)
def test_a_task_gets_its_own_picture_or_that_of_its_exercise(
    dataset: str, task: str, name: str | None
) -> None:
    found = error_picture(dataset, task)
    assert (None if found is None else found[0].stem) == name
    if found is not None:
        assert found[1].name == f"{name}-still.webp"


def test_dives_of_every_release_show_the_same_picture() -> None:
    shown = [error_picture(dataset, "score") or () for dataset in ("unlv-dive", "mtl-aqa/diving")]
    unlv, mtl = ([file.read_bytes() for file in found] for found in shown)
    assert len(unlv) == 2
    assert unlv == mtl


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_pictures_are_small_and_move_unless_they_are_stills(file: Path) -> None:
    with Image.open(file) as picture:
        assert picture.size == (420, 208)
        frames = getattr(picture, "n_frames", 1)
    assert (frames == 1) == file.stem.endswith("-still")
    assert file.stat().st_size <= 60_000
    twin = file.stem.removesuffix("-still") if file.stem.endswith("-still") else f"{file.stem}-still"
    assert file.with_stem(twin).is_file()


@pytest.mark.parametrize("exercise", ["bicep-curl", "front-raise", "shoulder-press", "shoulder-shrug"])
def test_drawn_figures_break_the_rules_only_where_they_are_bad(
    stick_pictures: ModuleType, exercise: str
) -> None:
    fault = stick_pictures.FAULTS[exercise]
    rest, top = fault.pose(0.0, 0.0), fault.pose(1.0, 0.0)
    assert fault.pose(0.0, 1.0) == rest
    assert fault.pose(1.0, 1.0) != top
    # The limits of methods/pose_trainer_rules.
    measure = {
        "bicep-curl": lambda pose: pose.upper_arm - rest.upper_arm - 35,
        "front-raise": lambda pose: abs(stick_pictures.joints(pose)["neck"][0]) - 0.3,
        "shoulder-press": lambda pose: pose.bend - 2,
        "shoulder-shrug": lambda pose: pose.bend - rest.bend - 26,
    }[exercise]
    assert measure(top) <= 0 < measure(fault.pose(1.0, 1.0))
    assert measure(fault.pose(min(fault.over + 0.01, 1.0), 1.0)) > 0


def test_boards_say_that_the_picture_is_generated(site: Path) -> None:
    press = (site / "boards/pose-trainer-shoulder-press.html").read_text()
    assert press.count("generated, not filmed") == press.count('class="error"') == 1
    assert "<span>without the error</span><span>with the error</span>" in press
    assert 'src="../errors/shoulder-press-still.webp"' in press
    [squats] = site.glob("boards/synthetic-gym-backsquat-wild-*.html")
    assert "<span>without the error</span><span>knees inward</span>" in squats.read_text()
