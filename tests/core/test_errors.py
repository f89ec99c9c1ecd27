from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, MethodError, RecipeError, UsageError


def test_reads_as_what_where_expected_found_and_remedy() -> None:
    error = DataError("It broke.", where=Path("a/b"), expected=3, found=2, remedy="Mend it.")
    assert str(error).splitlines() == [
        "It broke.",
        "  where: a/b",
        "  expected: 3",
        "  found: 2",
        "  what to do: Mend it.",
    ]


def test_leaves_out_what_is_not_known() -> None:
    assert str(UsageError("No.", found="x")) == "No.\n  found: x"


@pytest.mark.parametrize("kind", [AqaBenchError, DataError, MethodError, RecipeError, UsageError])
def test_survives_pickling_between_processes(kind: type[AqaBenchError]) -> None:
    error = kind("It broke.", where="here", expected="a", found="b", remedy="c")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert (copy.where, copy.expected, copy.found, copy.remedy) == ("here", "a", "b", "c")


@pytest.mark.parametrize(
    ("kind", "code"),
    [(AqaBenchError, 1), (DataError, 1), (MethodError, 1), (UsageError, 2), (RecipeError, 2)],
)
def test_exit_codes_part_failed_work_from_wrong_usage(kind: type[AqaBenchError], code: int) -> None:
    assert kind("x").exit_code == code
