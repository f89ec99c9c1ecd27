from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from aqa_bench.core.errors import UsageError
from aqa_bench.methods.pose_trainer_dtw.report import published_report, published_rows

NAMES = ["correct", "incorrect"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_rows_agree_with_sklearn_under_the_published_names(pairs: list[tuple[bool, bool]]) -> None:
    truth, predicted = np.array(pairs).T.astype(int)
    expected = classification_report(
        truth, predicted, labels=[0, 1], target_names=NAMES, output_dict=True, zero_division=0
    )
    for row in published_rows(truth, predicted):
        reference = expected["weighted avg" if row.name == "avg / total" else row.name]
        assert (row.precision, row.recall, row.f1) == pytest.approx(
            (reference["precision"], reference["recall"], reference["f1-score"])
        )
        assert row.support == reference["support"]


def test_the_row_called_correct_describes_the_bad_clips() -> None:
    correct, incorrect, _ = published_rows([0, 0, 0, 1], [0, 0, 1, 1])
    assert (correct.name, correct.support, correct.recall) == ("correct", 3, pytest.approx(2 / 3))
    assert (incorrect.name, incorrect.support, incorrect.precision) == ("incorrect", 1, 0.5)


def test_text_has_a_line_a_row() -> None:
    lines = published_report([0, 0, 0, 1], [0, 0, 1, 1]).splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["correct", "1.00", "0.67", "0.80", "3"],
        ["incorrect", "0.50", "1.00", "0.67", "1"],
    ]
    assert lines[3].split() == ["avg", "/", "total", "0.88", "0.75", "0.77", "4"]


@pytest.mark.parametrize(("truth", "predicted"), [([], []), ([1, 0], [1])])
def test_unmatched_inputs_are_an_error(truth: list[int], predicted: list[int]) -> None:
    with pytest.raises(UsageError, match="do not match"):
        published_rows(truth, predicted)
