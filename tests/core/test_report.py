from __future__ import annotations

import pytest
from pydantic import ValidationError

from aqa_bench.core.errors import MethodError
from aqa_bench.core.report import MAX_EXTRA_BYTES, MAX_EXTRAS, FitReport


def test_what_was_set_is_plain_json_beside_the_extras() -> None:
    report = FitReport()
    report.update(parameters=3, gflops=1, device="cpu", best_epoch=-1)
    report.extras |= {"shape": (1, 2), "note": {"a": None}}
    assert report.document() == {
        "parameters": 3,
        "gflops": 1.0,
        "device": "cpu",
        "best_epoch": -1,
        "shape": [1, 2],
        "note": {"a": None},
    }


def test_a_misspelt_field_is_an_error_that_names_the_right_one() -> None:
    with pytest.raises(MethodError, match="Did you mean 'parameters'"):
        FitReport().update(parameter=3)
    with pytest.raises(ValidationError):
        FitReport(parameter=3)  # type: ignore[call-arg]
    with pytest.raises((ValidationError, ValueError)):
        FitReport().parameter = 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "odd",
    [
        *({"parameters": 3.5}, {"parameters": True}, {"parameters": -1}, {"batch_size": "8"}),
        *({"gflops": float("nan")}, {"gflops": "many"}, {"device": 3}, {"weights": "two\nlines"}),
    ],
)
def test_values_that_do_not_fit_are_refused(odd: dict[str, object]) -> None:
    with pytest.raises(MethodError, match="has the wrong type for a fit's report"):
        FitReport().update(**odd)


@pytest.mark.parametrize(
    "extras",
    [
        *({"x": {1, 2}}, {"x": float("nan")}, {"x": object()}, {"Upper": 1}, {"parameters": 3}, {3: 4}),
        *({f"n{i}": i for i in range(MAX_EXTRAS + 1)}, {"x": "a" * MAX_EXTRA_BYTES}),
    ],
)
def test_extras_are_bounded_plain_json_that_shadows_no_field(extras: dict[str, object]) -> None:
    report = FitReport()
    report.extras.update(extras)
    with pytest.raises(MethodError, match="extras"):
        report.document()
