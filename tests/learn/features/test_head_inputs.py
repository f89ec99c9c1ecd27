from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from aqa_bench.core.errors import DataError
from aqa_bench.learn.features.head_inputs import FeatureScaler


@pytest.fixture
def sequences() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(8, 8)) * np.arange(1, 9)
    return [(rng.normal(size=(n, 8)) @ mixing + 5).astype(np.float32) for n in (10, 20, 30)]


def test_standardising_agrees_with_sklearn(sequences: list[np.ndarray]) -> None:
    rows = np.concatenate(sequences)
    expected = StandardScaler().fit(rows).transform(rows)
    np.testing.assert_allclose(FeatureScaler.fit(sequences)(rows), expected, atol=1e-4)


def test_components_are_uncorrelated_and_of_unit_mean_square(sequences: list[np.ndarray]) -> None:
    scaler = FeatureScaler.fit(sequences, components=3)
    z = scaler(np.concatenate(sequences))
    assert z.shape == (60, scaler.num_features) == (60, 3)
    covariance = np.cov(z.T)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    assert np.trace(covariance) / 3 == pytest.approx(1, abs=1e-3)
    assert (np.diff(np.diag(covariance)) < 0).all()


def test_as_they_are_and_constant_features(sequences: list[np.ndarray]) -> None:
    plain = FeatureScaler.fit(sequences, standardise=False, components=100)
    np.testing.assert_array_equal(plain(sequences[0]), sequences[0])
    assert not FeatureScaler.fit([np.ones((4, 2), np.float32)])(np.ones((1, 2), np.float32)).any()


def test_vectors_of_still_images(sequences: list[np.ndarray]) -> None:
    vectors = list(sequences[0])
    assert FeatureScaler.fit(vectors, components=2)(vectors[0]).shape == (2,)


def test_features_of_different_lengths_are_refused(sequences: list[np.ndarray]) -> None:
    with pytest.raises(DataError, match="3, 8"):
        FeatureScaler.fit([sequences[0], sequences[0][:, :3]])
    with pytest.raises(DataError, match="none"):
        FeatureScaler.fit([])
