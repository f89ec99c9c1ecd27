from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aqa_bench.boards.claims.model import ClaimFile, Pair
from aqa_bench.boards.claims.rows import Place, Rows, ways_of
from aqa_bench.boards.runs import find_runs

DATASET = "stick-figures/shoulder-press"
PLACE = Place(DATASET, "folds", real=True)


def contest(**contenders: dict[str, Any]) -> ClaimFile:
    return ClaimFile.model_validate(
        {
            "presets": ["study"],
            "budgets": ["paper", "small", "quick"],
            "sources": {},
            "contenders": contenders,
            "claims": [],
        }
    )


def plain(method: str, **changes: Any) -> dict[str, Any]:
    return {"method": method, "ways": {"paper": ["paper"], "quick": ["quick"]}} | changes


@pytest.fixture
def write(synthetic: ModuleType, tmp_path: Path) -> Callable[..., str]:
    def write(method: str, **changes: Any) -> str:
        folder: Path = synthetic.write_run(tmp_path, method, 0.9, scored=False, **changes)
        return folder.name

    return write


def found(file: ClaimFile, root: Path, better: str, worse: str) -> list[list[str]] | None:
    sides = Rows(file, find_runs(root)).sides(Pair("form", better, worse), PLACE)
    return None if sides is None else [sorted(run.record.run_id for run in row) for row in sides]


def test_both_sides_are_of_one_budget_the_most_faithful_that_both_have(
    write: Callable[..., str], tmp_path: Path
) -> None:
    file = contest(a=plain("a"), b=plain("b"))
    write("a", recipe="paper")
    quick = [write("a"), write("b")]
    assert found(file, tmp_path, "a", "b") == [[quick[0]], [quick[1]]]
    paper = write("b", recipe="paper")
    assert found(file, tmp_path, "a", "b") is not None
    assert [paper] in (found(file, tmp_path, "a", "b") or [])
    assert found(file, tmp_path, "a", "c") is None


def test_all_seeds_of_a_row_are_taken_and_the_newest_version(
    write: Callable[..., str], tmp_path: Path
) -> None:
    file = contest(a=plain("a"), b=plain("b"))
    other = write("b")
    old = [write("a", seed=seed) for seed in range(3)]
    assert found(file, tmp_path, "a", "b") == [sorted(old), [other]]
    write("a", hyperparameters={"rate": 0.5})
    assert found(file, tmp_path, "a", "b") == [sorted(old), [other]]
    new = write("a", method_version=2, hyperparameters={"at": 2})
    assert found(file, tmp_path, "a", "b") == [[new], [other]]


def test_settings_patterns_pools_and_shuffled_labels_tell_rows_apart(
    write: Callable[..., str], tmp_path: Path
) -> None:
    ways = {"quick": ["body* source=mediapipe", "body* source=dataset"]}
    pool = "stick-figures/other"
    file = contest(
        a={"method": "a", "ways": ways}, b=plain("b"), p=plain("b", pool="other"), q=plain("b", pool=pool)
    )
    write("a", recipe="body", hyperparameters={"source": "dataset"}, shuffled_labels=True)
    write("b", pool_dataset="stick-figures/third", hyperparameters={"of": 3})
    assert found(file, tmp_path, "a", "b") is None
    b, elsewhere = write("b"), write("b", pool_dataset=pool, hyperparameters={"of": 2})
    exact = write("a", recipe="body-large", hyperparameters={"source": "dataset"})
    assert found(file, tmp_path, "a", "b") == [[exact], [b]]
    estimated = write("a", recipe="body", hyperparameters={"source": "mediapipe"})
    assert found(file, tmp_path, "a", "p") == [[estimated], [elsewhere]]
    assert found(file, tmp_path, "a", "q") == [[estimated], [elsewhere]]


def test_an_ensemble_is_known_by_its_members(write: Callable[..., str], tmp_path: Path) -> None:
    file = contest(
        a=plain("a"), b=plain("b"), c=plain("c"), ab={"members": ["a", "b"]}, ac={"members": ["a", "c"]}
    )
    a, b = write("a"), write("b")

    def ensemble(*members: str) -> str:
        settings = {"rule": "mean", "of": list(members), "members": list(members)}
        return write("e", recipe="ensemble", members=list(members), hyperparameters=settings)

    ensemble(a, a)
    ensemble(a, "gone")
    assert found(file, tmp_path, "ab", "a") is None
    both = ensemble(b, a)
    assert found(file, tmp_path, "ab", "a") == [[both], [a]]
    assert found(file, tmp_path, "ac", "a") is None


def test_what_is_missing_is_asked_for_under_the_budget_that_there_are_runs_of(
    write: Callable[..., str], tmp_path: Path
) -> None:
    file = contest(a=plain("a"), b=plain("b"), c=plain("c"), ab={"members": ["a", "b"]})

    def commands(better: str, worse: str) -> list[str]:
        missing = Rows(file, find_runs(tmp_path)).missing(Pair("form", better, worse), PLACE)
        return [item.command for item in missing]

    rest = f"--dataset {DATASET} --task form --scheme folds"
    assert commands("a", "b") == [f"aqa-bench run --method {m} --recipe paper {rest}" for m in "ab"]
    write("a")
    assert commands("a", "b") == [f"aqa-bench run --method b --recipe quick {rest}"]
    assert commands("ab", "a") == [
        f"aqa-bench run --method b --recipe quick {rest}",
        "aqa-bench ensemble RUN-OF-a RUN-OF-b",
    ]


def test_a_method_without_a_recipe_of_that_name_takes_the_next() -> None:
    file = contest()
    assert [[w.recipe for w in ways_of(file, "kinetics", b)] for b in file.budgets] == [
        ["paper"],
        ["quick"],
        ["quick"],
    ]
    assert ways_of(file, "no-such-method", "paper") == ()
