"""Attributes of samples as columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Sample

__all__ = ["Encoding", "attribute_values"]


@dataclass(frozen=True)
class Encoding:
    """How attributes become columns, learnt from training samples.

    Attributes:
        categories: Values seen in training, sorted as text, by categorical attribute.
        scales: Mean and standard deviation in training, by numeric attribute; a constant has deviation 1.
    """

    categories: Mapping[str, tuple[float | str, ...]]
    scales: Mapping[str, tuple[float, float]]

    @classmethod
    def fit(cls, samples: Sequence[Sample], categorical: Sequence[str], numeric: Sequence[str]) -> Encoding:
        """Learn categories and scales.

        Raises:
            DataError: A sample lacks an attribute, or a numeric one is text.
        """
        # From train alone: a column for a value that only tests have could not be learnt.
        categories = {
            name: tuple(sorted(set(attribute_values(samples, name)), key=str)) for name in categorical
        }
        scales = {}
        for name in numeric:
            values = _numbers(samples, name)
            scales[name] = (float(values.mean()), float(values.std()) or 1.0)
        return cls(categories, scales)

    @property
    def num_features(self) -> int:
        """Number of columns."""
        return sum(map(len, self.categories.values())) + len(self.scales)

    def __call__(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """``(n, D)`` float64: indicators of categories, all 0 for a value not seen, then scaled numbers."""
        columns: list[npt.NDArray[np.float64]] = []
        for name, seen in self.categories.items():
            values = attribute_values(samples, name)
            # A value never seen has all indicators at 0, so that it is judged by the rest.
            columns += [np.array([value == one for value in values], dtype=np.float64) for one in seen]
        for name, (mean, deviation) in self.scales.items():
            columns.append((_numbers(samples, name) - mean) / deviation)
        return np.stack(columns, axis=1) if columns else np.empty((len(samples), 0))


def attribute_values(samples: Sequence[Sample], name: str) -> list[float | str]:
    """An attribute of every sample.

    Raises:
        DataError: A sample lacks it.
    """
    values = []
    for sample in samples:
        known = sample.media.attributes
        if name not in known:
            raise DataError(
                f"The samples have no attribute {name!r}.",
                expected=name,
                found=", ".join(sorted(known)) or "none",
                remedy="Choose another recipe, or name existing attributes with --set.",
            )
        values.append(known[name])
    return values


def _numbers(samples: Sequence[Sample], name: str) -> npt.NDArray[np.float64]:
    values = attribute_values(samples, name)
    try:
        return np.array([float(value) for value in values])
    except ValueError as error:
        raise DataError(
            f"The attribute {name!r} is not a number.",
            expected="numbers",
            found=str(error),
            remedy="List it under categorical.",
        ) from error
