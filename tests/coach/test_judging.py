from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.coach import judging
from aqa_bench.coach.judges import JUDGES, JudgeEntry
from aqa_bench.coach.judging import open_judge
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.schemes import folds
from aqa_bench.datasets.stick_figures import adapter
from aqa_bench.media.file_media import KeypointFile

PRESSES = "stick-figures/shoulder-press"
NOTHING = NullProgress()


def press() -> KeypointFile:
    clip = next(iter(open_dataset(PRESSES).samples("form").values())).media
    return KeypointFile(clip.keypoints("openpose-18"), "openpose-18")


def test_rules_judge_at_once_and_show_their_reasons() -> None:
    judge = open_judge("shoulder-press", None, NOTHING)
    assert judge.shows_reasons
    assert judge.side is None
    (found,) = judge.judge("form", [press()], NOTHING)
    assert found.threshold == 0.5
    assert bool(found.findings) == (found.score >= 0.5)
    # Their dataset is not prepared here, so there is no curve.
    assert judge.evidence[0].thresholds == []


def test_rules_judge_without_a_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path / "file" / "cache"))
    judge = open_judge("shoulder-press", None, NOTHING)
    assert len(judge.judge("form", [press()], NOTHING)) == 1
    assert judge.evidence[0].tested_on == "pose-trainer/shoulder-press"
    assert "lock file" in caplog.text


def test_a_learned_judge_is_fitted_once_and_has_a_curve(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    monkeypatch.setitem(adapter._RULES, "folds", lambda *a: folds(*a)[:1])
    entry = JudgeEntry(dataset=PRESSES, method="duration", recipe="quick", fitted=True, warnings=("Drawn.",))
    monkeypatch.setattr(judging, "JUDGES", {**JUDGES, "shoulder-press": entry})
    judge = open_judge("shoulder-press", None, NOTHING)
    (evidence,) = judge.evidence
    assert (evidence.judge, evidence.tested_on) == ("duration", PRESSES)
    assert evidence.warnings[0] == "Drawn."
    assert evidence.thresholds == sorted(evidence.thresholds)
    assert evidence.recall[0] == 1.0
    assert (np.diff(evidence.recall) <= 0).all()
    assert len(evidence.precision) == len(evidence.thresholds) > 1
    (found,) = judge.judge("form", [press()], NOTHING)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(judging, "run_resolved", refuse)
    (again,) = open_judge("shoulder-press", None, NOTHING).judge("form", [press()], NOTHING)
    assert again == found


def test_a_model_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no saved model"):
        open_judge("squat", tmp_path, NOTHING)
