"""Whether a run can be had again: it is run a second time and the two are compared."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from aqa_bench import __version__
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.receipt import Receipt, Verdict
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.protocol.environment import source_revision
from aqa_bench.protocol.rerun import Given, rerun

__all__ = ["LARGEST_DIFFERENCE", "METRIC_DIFFERENCE", "RANK_CORRELATION", "compare_runs", "reproduce"]

LARGEST_DIFFERENCE = 0.01
"""Most that a score may differ on another machine, as a share of the scores' range."""
RANK_CORRELATION = 0.99
"""Least rank correlation of a task and fold on another machine."""
METRIC_DIFFERENCE = 0.02
"""Most that a number of the record may differ on another machine."""

_SAME = 1e-9
_KEY = ["sample_id", "task", "fold", "split"]
_NUMBERS = ("metrics", "floors", "skill", "coverage")


def reproduce(folder: Path, given: Given | None = None) -> Receipt:
    """Run a record again and compare.

    Args:
        folder: The claimed run: ``run.json`` and ``predictions.csv``.
        given: How to run it.

    Raises:
        DataError: The claimed run is damaged, or cannot be made again with what is available.
        AqaBenchError: The rerun failed.
    """
    given = Given() if given is None else given
    _check_claim(folder)
    with tempfile.TemporaryDirectory(prefix="aqa-bench-reproduce-") as place:
        return compare_runs(folder, rerun(folder, given, Path(place)), given)


def compare_runs(folder: Path, again: Path, given: Given) -> Receipt:
    """Compare a run with its rerun.

    Args:
        folder: The claimed run.
        again: The rerun.
        given: How that was made.

    Raises:
        DataError: One of them cannot be read.
    """
    claimed, made = read_record(folder), read_record(again)
    if claimed.run_id != made.run_id:
        raise DataError(
            "The rerun has a different run-id.", where=folder, expected=claimed.run_id, found=made.run_id
        )
    tables = [read_predictions(each / PREDICTIONS_FILE) for each in (folder, again)]
    largest, correlation = _predictions_apart(tables[0], tables[1], claimed)
    same = claimed.predictions_sha256 == made.predictions_sha256
    apart = _numbers_apart(claimed, made, (*_NUMBERS, "thresholds") if same else _NUMBERS)
    machine = _machines_apart(claimed, made)
    return Receipt(
        stamp="",
        dataset=claimed.dataset,
        method=claimed.method,
        run_id=claimed.run_id,
        seed=claimed.seed,
        record_sha256=sha256_file(folder / RECORD_FILE),
        predictions_sha256=claimed.predictions_sha256,
        rerun_sha256=made.predictions_sha256,
        machine=machine,
        largest_difference=largest,
        rank_correlation=correlation,
        metric_difference=apart,
        code={"claimed": _code(claimed), "rerun": _code(made)},
        environment=made.environment,
        device=made.device,
        dtype=made.dtype,
        sandbox=made.environment.sandbox or False,
        fresh_cache=given.fresh_cache,
        created=datetime.now(UTC).replace(microsecond=0),
        harness=__version__,
        source_revision=source_revision(),
        verdict=_verdict(same, machine, largest, correlation, apart),
    )


def _check_claim(folder: Path) -> None:
    record = read_record(folder)
    file = folder / PREDICTIONS_FILE
    digest = sha256_file(file) if file.is_file() else "no such file"
    for what, where, expected, found in (
        ("predictions do not match its record", file, record.predictions_sha256, digest),
        ("run-id does not match its record", folder, recorded_run_id(record), record.run_id),
    ):
        if expected != found:
            raise DataError(
                f"There is nothing to reproduce: the run's {what}.",
                where=where,
                expected=expected,
                found=found,
                remedy="Restore the run. Never edit records or predictions.",
            )


def _verdict(
    same: bool,
    machine: list[str],
    largest: float | None,
    correlation: float | None,
    apart: float | None,
) -> Verdict:
    if apart is None or largest is None:
        return Verdict.DIFFERS
    if same:
        return Verdict.IDENTICAL if apart <= _SAME else Verdict.DIFFERS
    near = (
        largest <= LARGEST_DIFFERENCE
        and (correlation is None or correlation >= RANK_CORRELATION)
        and apart <= METRIC_DIFFERENCE
    )
    # On the same machine the same code gives the same digits: anything else has another origin.
    return Verdict.WITHIN if machine and near else Verdict.DIFFERS


def _predictions_apart(
    claimed: pd.DataFrame, made: pd.DataFrame, record: RunRecord
) -> tuple[float | None, float | None]:
    """Largest difference over the range of the task's scores, and least rank correlation of a fold."""
    both = claimed.merge(made, on=_KEY, suffixes=("_claimed", "_made"))
    if not len(claimed) == len(made) == len(both):
        return None, None
    a, b = both["score_claimed"].to_numpy(), both["score_made"].to_numpy()
    low_high = {name: record.train_ranges.get(name, (0.0, 1.0)) for name in record.tasks}
    spans = both["task"].map({name: (high - low) or 1.0 for name, (low, high) in low_high.items()}).to_numpy()
    correlations = [
        float(spearmanr(a[rows], b[rows]).statistic)
        for rows in both.groupby(["task", "fold"]).indices.values()
        if np.ptp(a[rows]) > 0 and np.ptp(b[rows]) > 0
    ]
    least = min(correlations, default=None)
    return float(np.max(np.abs(a - b) / spans, initial=0.0)), None if least is None else round(least, 9)


def _numbers_apart(claimed: RunRecord, made: RunRecord, fields: tuple[str, ...]) -> float | None:
    """Largest difference of two numbers, relative to those above 1; None where one has no partner."""
    one, two = (
        {name: value for field in fields for name, value in _numbers(field, record.model_dump()[field])}
        for record in (claimed, made)
    )
    if one.keys() != two.keys() or any((one[name] is None) != (two[name] is None) for name in one):
        return None
    pairs = [(value, two[name]) for name, value in one.items()]
    return max(
        (abs(a - b) / max(1.0, abs(a), abs(b)) for a, b in pairs if a is not None and b is not None),
        default=0.0,
    )


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float | None]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(f"{name}.{key}", item)
    else:
        yield name, None if value is None or not math.isfinite(value) else float(value)


def _machines_apart(claimed: RunRecord, made: RunRecord) -> list[str]:
    facts = []
    for record in (claimed, made):
        packages = {name: v for name, v in record.environment.packages.items() if name != "aqa-bench"}
        about = record.environment.model_dump(exclude={"packages", "sandbox"})
        facts.append({"device": record.device, "dtype": record.dtype, **about, **packages})
    one, two = facts
    return sorted(name for name in one | two if one.get(name) != two.get(name))


def _code(record: RunRecord) -> Any:
    return record.model_dump(mode="json").get("code")
