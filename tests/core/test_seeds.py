from __future__ import annotations

import inspect

from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.seeds import data_seed, derive_seed, fit_seed

names = st.lists(st.one_of(st.text(max_size=8), st.integers(-5, 10**6)), max_size=4)


def test_values_never_change() -> None:
    assert derive_seed() == 0xE3B0C44298FC1C14 >> 1
    assert derive_seed("split", "pose-trainer/bicep-curl", 0) == 6986309896614517626
    assert data_seed("pose-trainer/bicep-curl", "folds", 1) == derive_seed(
        "data", "pose-trainer/bicep-curl", "folds", 1
    )
    assert fit_seed("d", "m", 3, "t", "r0f0") == derive_seed("fit", "d", "m", 3, "t", "r0f0")


@given(names)
def test_are_nonnegative_63_bit_integers(path: list[str | int]) -> None:
    assert 0 <= derive_seed(*path) < 2**63


def test_neighbouring_names_do_not_run_into_each_other() -> None:
    assert derive_seed("ab", "c") != derive_seed("a", "bc")
    assert derive_seed("a", "") != derive_seed("a")


def test_fits_differ_by_dataset_method_seed_and_split() -> None:
    paths = [
        ("d", "m", 0, "a"),
        ("e", "m", 0, "a"),
        ("d", "n", 0, "a"),
        ("d", "m", 1, "a"),
        ("d", "m", 0, "b"),
    ]
    assert len({fit_seed(*path) for path in paths}) == len(paths)


def test_draws_of_data_cannot_depend_on_a_method() -> None:
    assert list(inspect.signature(data_seed).parameters) == ["dataset", "names"]
    assert data_seed("d", "bootstrap") not in {fit_seed("d", "bootstrap", s) for s in range(10)}
