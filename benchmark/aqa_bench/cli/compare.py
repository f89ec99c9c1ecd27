"""``aqa-bench compare``: is one run better than another?"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, number, table

__all__ = ["EXAMPLES", "compare_runs"]

EXAMPLES = "Example:  aqa-bench compare runs/.../pose-tdm/1f0c... runs/.../duration/9ab2..."


def compare_runs(
    first: Annotated[Path, typer.Argument(help="Folder of a run.")],
    second: Annotated[Path, typer.Argument(help="Folder of another run of the same dataset and scheme.")],
    as_json: Json = False,
) -> None:
    """Print the paired difference (first minus second), its 95% interval and its p-value."""
    from aqa_bench.protocol.compare import compare

    differences = compare(first, second)
    if as_json:
        emit(
            {
                task: {"metric": metric, **{name: _finite(v) for name, v in asdict(difference).items()}}
                for task, (metric, difference) in differences.items()
            }
        )
        return
    rows = [
        [task, metric, *(number(_finite(v)) for v in (d.value, d.low, d.high, d.p))]
        for task, (metric, d) in differences.items()
    ]
    table(["task", "metric", "difference", "95% low", "high", "p"], rows)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
