from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.seeds import data_seed
from aqa_bench.protocol.compare import compare
from aqa_bench.stats.paired import paired_difference

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def pair(resolved, finished, tmp_path: Path) -> tuple[Path, Path]:
    first = finished(resolved("steady", scheme="one-class"), tmp_path).path
    return first, finished(resolved("noise", scheme="one-class"), tmp_path).path


def scores(folder: Path) -> tuple[np.ndarray, list[str]]:
    """Test scores, a column a repeat."""
    table = read_predictions(folder / "predictions.csv")
    wide = table[table["split"] == "test"].pivot(index="sample_id", columns="fold", values="score")
    wide = wide[[f"r{r}f0" for r in range(20)]].sort_index()
    return wide.to_numpy(), wide.index.tolist()


def test_is_the_paired_difference_of_the_primary_metric(pair: tuple[Path, Path]) -> None:
    ((metric, found),) = compare(*pair, n_resamples=400).values()
    dataset = open_dataset(DATASET)
    (a, ids), (b, same) = scores(pair[0]), scores(pair[1])
    assert ids == same
    expected = paired_difference(
        "auroc",
        [dataset.targets("form")[i] for i in ids],
        a,
        b,
        groups=[dataset.samples("form")[i].group for i in ids],
        column_seeds_a=np.zeros(20),
        column_seeds_b=np.zeros(20),
        n_resamples=400,
        rng_seed=data_seed(DATASET, "bootstrap"),
    )
    assert metric == dataset.card.scheme("one-class").primary == "auroc"
    assert found == expected


def test_turning_the_runs_around_turns_the_sign_around(pair: tuple[Path, Path]) -> None:
    forth, back = compare(*pair, n_resamples=200)["form"][1], compare(*pair[::-1], n_resamples=200)["form"][1]
    assert forth.value == -back.value
    assert forth.low == pytest.approx(-back.high)
    assert forth.p == back.p


def test_a_run_does_not_differ_from_itself(pair: tuple[Path, Path]) -> None:
    difference = compare(pair[0], pair[0], n_resamples=100)["form"][1]
    assert (difference.value, difference.low, difference.high, difference.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("field", ["dataset", "dataset_fingerprint", "scheme"])
def test_runs_of_different_things_are_refused(pair: tuple[Path, Path], resealed, field: str) -> None:
    resealed(pair[1], **{field: "other"})
    with pytest.raises(UsageError, match=f"differ in {field.replace('_', ' ')}"):
        compare(*pair)


def test_runs_without_a_common_task_are_refused(pair: tuple[Path, Path], resealed) -> None:
    resealed(pair[1], tasks=["other"])
    with pytest.raises(UsageError, match="have no tasks in common"):
        compare(*pair)


def test_runs_made_on_other_data_than_those_at_hand_are_refused(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(open_dataset(DATASET)), "fingerprint", lambda _: "0" * 64)
    with pytest.raises(DataError, match="different data"):
        compare(*pair)
