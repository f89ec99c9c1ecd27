"""What a row's runs say of its cost: backbone, arithmetic and time a sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import TypeVar

from aqa_bench.core.cards import Regime
from aqa_bench.core.record import RunRecord

__all__ = ["backbone_of", "device_of", "latency_ms", "regime_of", "shared"]

T = TypeVar("T")


def shared(values: Iterable[T | None]) -> T | None:
    """The one value that all have, or None.

    >>> shared([3, 3]), shared([3, 4]), shared([])
    (3, None, None)
    """
    found = set(values)
    return found.pop() if len(found) == 1 else None


def backbone_of(record: RunRecord) -> str:
    """The recipe's ``backbone``, or nothing where it names none."""
    name = record.hyperparameters.get("backbone")
    return name if isinstance(name, str) else ""


def regime_of(record: RunRecord) -> str:
    """How the run used its features: the method's regime, or what a recipe made of it."""
    fact = record.facts.get("regime")
    made = record.regime is not Regime.CONTROL and fact in list(Regime)
    return str(fact) if made else record.regime.value


def device_of(record: RunRecord) -> str:
    """The device that predicted, a processor by its name and number of threads."""
    if record.device != "cpu":
        return record.device
    environment = record.environment
    plural = "" if environment.threads == 1 else "s"
    return f"{environment.processor}, {environment.threads} thread{plural}"


def latency_ms(records: Sequence[RunRecord], predictions: Sequence[int]) -> float | None:
    """Milliseconds from a sample to its score: the median over runs of one device.

    The time is the record's wall clock of ``predict`` over all its samples, decoding included where
    nothing was cached.

    Args:
        records: Records of the runs, at least one.
        predictions: Samples that each run predicted.

    Returns:
        Milliseconds, or None where the runs were made on several devices, or none took the millisecond
        that a record can hold.
    """
    if shared(map(device_of, records)) is None:
        return None
    pairs = zip(records, predictions, strict=True)
    each = [1000 * record.timings.get("predict", 0.0) / count for record, count in pairs if count]
    value = median(each) if each else 0.0
    return round(value, 4) if value > 0 else None
