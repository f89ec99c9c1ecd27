from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import scale

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.learn.heads.ridge import RidgeHead


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5)) * [1, 10, 0.1, 1, 1]
    return x, 50 + x @ [3, 0.5, 20, 0, 0] + rng.normal(size=60)


def test_one_strength_is_the_closed_form(data) -> None:
    x, y = data
    z = scale(x)
    expected = y.mean() + z @ np.linalg.solve(z.T @ z + 2.0 * np.eye(5), z.T @ (y - y.mean()))
    np.testing.assert_allclose(RidgeHead([2.0]).fit(x, y).predict(x), expected)


def test_the_strength_is_chosen_by_leave_one_out(data) -> None:
    x, y = data
    alphas = (0.01, 1.0, 100.0, 1e4)
    head = RidgeHead(alphas).fit(x, y)
    z = scale(x)
    errors = []
    for alpha in alphas:
        left_out = [
            Ridge(alpha=alpha).fit(np.delete(z, i, 0), np.delete(y, i)).predict(z[i : i + 1])[0] - y[i]
            for i in range(len(y))
        ]
        errors.append(np.mean(np.square(left_out)))
    assert head.alpha_ == alphas[int(np.argmin(errors))]
    # Noise alone is shrunk away.
    noise = np.random.default_rng(1).normal(size=60)
    assert RidgeHead(alphas).fit(x, noise).alpha_ > head.alpha_


def test_sequences_are_averaged_over_time(data) -> None:
    x, y = data
    sequence = np.stack([x - 1, x + 1], axis=1)
    np.testing.assert_allclose(
        RidgeHead().fit(sequence, y).predict(sequence), RidgeHead().fit(x, y).predict(x)
    )


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones((1, 2)), np.ones(1)),
        (np.ones((3, 2)), np.ones(2)),
        (np.ones((3, 2)), np.array([1, np.nan, 2])),
        (np.full((3, 2), np.nan), np.ones(3)),
        (np.ones(3), np.ones(3)),
        (np.ones((3, 0)), np.ones(3)),
    ],
)
def test_bad_input_is_refused(x, y) -> None:
    with pytest.raises(DataError):
        RidgeHead().fit(x, y)


def test_an_unfitted_head_and_another_width_are_refused(data) -> None:
    with pytest.raises(MethodError, match="not fitted"):
        RidgeHead().predict(np.ones((2, 5)))
    with pytest.raises(DataError, match="not of the size"):
        RidgeHead().fit(*data).predict(np.ones((2, 4)))
