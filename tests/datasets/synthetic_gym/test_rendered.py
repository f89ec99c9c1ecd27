"""Only what a run needs is rendered, and a picture is the same whatever else is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym import annotated as annotations
from aqa_bench.datasets.synthetic_gym import generate as rendering
from aqa_bench.datasets.synthetic_gym import render
from aqa_bench.datasets.synthetic_gym.adapter import FAMILY, SyntheticGym
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import PRESETS
from aqa_bench.datasets.synthetic_gym.rendered import open_release

SQUAT = "synthetic-gym/backsquat@tiny"
FRAMES, IMAGE, KEYPOINTS = (
    frozenset({each}) for each in (Modality.FRAMES, Modality.IMAGE, Modality.KEYPOINTS)
)
LABELLED, UNLABELLED = 10, 3


@pytest.fixture
def squat(gym_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyntheticGym]:
    """The first squats of preset tiny, none of them rendered; all of them are under ``gym_home``."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    FAMILY.open(SQUAT, gym_home).fingerprint()
    tiny = PRESETS["tiny"]
    known = tiny.clips
    object.__setattr__(tiny, "clips", {**known, "backsquat": (LABELLED, UNLABELLED)})
    opened = FAMILY.open(SQUAT, tmp_path)
    assert isinstance(opened, SyntheticGym)
    yield opened
    object.__setattr__(tiny, "clips", known)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of frames of the first clip of everything that would be rendered; it stops there."""
    seen: list[int] = []

    def render_shot(*given: object) -> None:
        seen.append(len(given[4]))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "render_shot", render_shot)
    return seen


@pytest.mark.parametrize(
    ("needs", "pool", "folder", "frames"),
    [
        (FRAMES, frozenset(), "labelled", 16),
        (IMAGE, frozenset(), "images", 6),
        (frozenset(), FRAMES, "unlabelled", 16),
    ],
)
def test_what_is_not_needed_is_not_drawn(
    squat: SyntheticGym,
    drawn: list[int],
    needs: frozenset[Modality],
    pool: frozenset[Modality],
    folder: str,
    frames: int,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        squat.materialise(needs, NullProgress(), pool)
    assert drawn == [frames]
    assert [path.name for path in squat.folder.glob("*.partial")] == [f"{folder}.partial"]


def test_keypoints_need_no_pictures(squat: SyntheticGym, drawn: list[int]) -> None:
    squat.materialise(KEYPOINTS, NullProgress(), KEYPOINTS)
    assert not drawn


def test_stills_come_first_then_videos_then_the_pool(
    squat: SyntheticGym, gym_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_release(gym_home, "tiny", "backsquat")
    made: list[str] = []
    make = rendering._make
    monkeypatch.setattr(rendering, "_make", lambda *given: (made.append(given[-1].role), make(*given)))
    computed: list[int] = []
    annotate = annotations.annotate
    monkeypatch.setattr(annotations, "annotate", lambda *given: (computed.append(1), annotate(*given))[1])
    before = squat.fingerprint()

    squat.materialise(IMAGE, NullProgress())
    assert made == ["labelled"] * LABELLED
    stills = {name: sample.media.image() for name, sample in squat.samples("ss").items()}
    for name, picture in stills.items():
        np.testing.assert_array_equal(picture, whole.samples("ss")[name].media.image(), err_msg=name)
    clips, pool = squat.samples("kie"), squat.unlabeled("kie", frozenset())
    with pytest.raises(DataError, match="no readable rendered media"):
        next(iter(clips.values())).media.frames()

    squat.materialise(FRAMES | IMAGE, NullProgress())
    assert made == ["labelled"] * 2 * LABELLED
    theirs = whole.samples("kie")
    for name, clip in clips.items():
        np.testing.assert_array_equal(clip.media.frames(), theirs[name].media.frames(), err_msg=name)
    with pytest.raises(DataError, match="no readable rendered media"):
        pool[0].media.frames()

    squat.materialise(IMAGE, NullProgress(), FRAMES)
    assert made == ["labelled"] * 2 * LABELLED + ["unlabelled"] * UNLABELLED
    theirs = {sample.id: sample for sample in whole.unlabeled("kie", frozenset())}
    for clip in pool:
        np.testing.assert_array_equal(clip.media.frames(), theirs[clip.id].media.frames(), err_msg=clip.id)
    squat.materialise(FRAMES | IMAGE, NullProgress(), FRAMES)
    assert len(made) == 2 * LABELLED + UNLABELLED
    assert squat.fingerprint() == before
    assert len(computed) == 1
    audit = squat.audit()
    assert audit.coverage.found == audit.coverage.expected > LABELLED
    assert not audit.coverage.unreadable


def test_a_role_is_asked_for_by_name(squat: SyntheticGym, tmp_path: Path, drawn: list[int]) -> None:
    for role in ("unlabelled", "labelled"):
        with pytest.raises(KeyboardInterrupt):
            FAMILY.render(SQUAT, tmp_path, NullProgress(), jobs=1, role=role)
        assert (squat.folder / f"{role}.partial").is_dir()
    assert drawn == [16, 16]
    with pytest.raises(UsageError, match="role"):
        FAMILY.render(SQUAT, tmp_path, NullProgress(), jobs=1, role="both")
    (said,) = FAMILY.render("synthetic-gym/barbell-row@tiny", tmp_path, NullProgress(), role="unlabelled")
    assert "nothing to render" in said


def test_a_script_without_a_guard_may_use_processes(tmp_path: Path) -> None:
    """Workers do not run the caller's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "from aqa_bench.datasets.synthetic_gym.annotate import annotate\n"
        "print(len(annotate('tiny', 'backsquat', 2)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(plan_clips("tiny", "backsquat")))), (
        done.stderr
    )
