"""``aqa-bench score``: a run's numbers again, from its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, number, say, table

__all__ = ["EXAMPLES", "score_runs"]

EXAMPLES = "Example:  aqa-bench score runs/pose-trainer/bicep-curl/pose-tdm/*"


def score_runs(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs.")], as_json: Json = False
) -> None:
    """Recompute the metrics of runs from predictions.csv and compare them with the records."""
    from aqa_bench.boards.rescore import record_differences
    from aqa_bench.core.files import sha256_file
    from aqa_bench.core.record import PREDICTIONS_FILE
    from aqa_bench.protocol.score import rescore

    documents, agree = [], True
    for folder in runs:
        record, scored = rescore(folder)
        metrics = {
            task: {name: value.model_dump(mode="json") for name, value in values.items()}
            for task, values in scored.metrics.items()
        }
        differs = [
            {"where": d.path.partition(": ")[2], "recomputed": d.expected, "recorded": d.found}
            for d in record_differences("", record, scored)
        ]
        digest = sha256_file(folder / PREDICTIONS_FILE)
        if digest != record.predictions_sha256:
            differs.append(
                {
                    "where": "predictions_sha256",
                    "recomputed": digest,
                    "recorded": record.predictions_sha256,
                }
            )
        agree = agree and not differs
        documents.append(
            {
                "run_id": record.run_id,
                "path": str(folder),
                "metrics": metrics,
                "floors": scored.floors,
                "agrees": not differs,
                "differs": differs,
            }
        )
        if not as_json:
            for task, values in scored.metrics.items():
                rows = [
                    [
                        name,
                        number(v.value, 6),
                        number(v.low, 6),
                        number(v.high, 6),
                        _recorded(record.metrics, task, name),
                    ]
                    for name, v in values.items()
                ]
                table(["metric", "value", "95% low", "high", "recorded"], rows, f"{folder}: {task}")
            say("DIFFERS from the record" if differs else "agrees with the record")
        for difference in differs if not as_json else ():
            typer.echo(
                f"{folder}: {difference['where']}\n  expected: {difference['recomputed']}\n"
                f"  found: {difference['recorded']}",
                err=True,
            )
    if as_json:
        emit(documents)
    if not agree:
        raise typer.Exit(1)


def _recorded(metrics: Mapping[str, Mapping[str, object]], task: str, name: str) -> str:
    value = metrics.get(task, {}).get(name)
    return number(getattr(value, "value", None), 6)
