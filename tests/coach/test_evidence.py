from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from aqa_bench.coach.assessment import Evidence
from aqa_bench.coach.evidence import beats_floor, evidence_of_rules, precision_and_recall
from aqa_bench.coach.judges import JUDGES
from aqa_bench.core.registry import find_dataset
from aqa_bench.front.board import committed_board


@pytest.mark.parametrize("exercise", ["bicep-curl", "front-raise", "shoulder-press", "shoulder-shrug"])
def test_evidence_of_the_rules_is_the_committed_boards(exercise: str) -> None:
    found = evidence_of_rules(JUDGES[exercise], None)
    assert found is not None
    board = committed_board(None, find_dataset(JUDGES[exercise].dataset), "form", "folds")
    assert board is not None
    (row,) = [row for row in board[1].rows if row.method == "pose-trainer-rules"]
    assert (found.value, found.low, found.high) == (row.value, row.low, row.high)
    assert (found.floor, found.metric, found.samples) == (board[1].floor, board[1].primary, row.scored)
    assert any("same clips" in text for text in found.warnings)
    reaches = row.low is not None and row.low <= (board[1].floor or 0)
    assert any("includes the floor" in text for text in found.warnings) == reaches


def test_precision_and_recall_are_sklearns() -> None:
    rng = np.random.default_rng(0)
    errors, scores = rng.random(40) < 0.4, rng.random(40).round(1)
    thresholds = [0.0, 0.3, 0.7, 1.1]
    precision, recall = precision_and_recall(scores, errors, thresholds)
    for threshold, p, r in zip(thresholds, precision, recall, strict=True):
        called = scores >= threshold
        assert r == pytest.approx(recall_score(errors, called), abs=1e-4)
        assert (p is None) == (not called.any())
        if p is not None:
            assert p == pytest.approx(precision_score(errors, called), abs=1e-4)


def test_who_shows_no_reasons_must_beat_the_floor_plainly() -> None:
    def evidence(value: float, low: float | None, floor: float | None) -> Evidence:
        return Evidence(
            task="a", name="a", judge="b", tested_on="c", samples=9, metric="f1", value=value, low=low,
            high=None, floor=floor,
        )  # fmt: skip

    assert beats_floor(evidence(0.7, 0.6, 0.5), plainly=True)
    assert not beats_floor(evidence(0.7, 0.4, 0.5), plainly=True)
    assert beats_floor(evidence(0.7, 0.4, 0.5), plainly=False)
    assert not beats_floor(evidence(0.5, 0.4, 0.5), plainly=False)
    assert not beats_floor(evidence(0.7, None, 0.5), plainly=True)
    assert beats_floor(evidence(0.7, None, None), plainly=False)
