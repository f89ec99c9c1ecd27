from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.datasets.synthetic_gym.parallel import in_processes, results_of


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_plan_is_made_and_told(tmp_path: Path, jobs: int) -> None:
    plans = [tmp_path / str(i) for i in range(5)]
    assert len(list(in_processes(Path.touch, plans, jobs))) == 5
    assert sorted(tmp_path.iterdir()) == plans


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_fails_is_raised(tmp_path: Path, jobs: int) -> None:
    plans = [tmp_path / "there", tmp_path / "no" / "folder"]
    with pytest.raises(FileNotFoundError, match="folder"):
        list(in_processes(Path.touch, plans, jobs))


def test_nothing_to_make() -> None:
    assert list(in_processes(Path.touch, [], 2)) == []


def test_results_keep_the_order_of_their_plans() -> None:
    plans = [Path("x" * n) for n in range(1, 40)]
    assert results_of(Path.as_posix, plans, 2) == results_of(Path.as_posix, plans, 1)
    assert results_of(Path.as_posix, [], 2) == []
    with pytest.raises(FileNotFoundError):
        results_of(Path.read_text, plans, 2)
