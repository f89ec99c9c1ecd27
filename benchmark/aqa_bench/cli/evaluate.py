"""``aqa-bench evaluate``: what an outside judge's scores are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.completion import complete_task
from aqa_bench.cli.options import DatasetOption, Json, SubmissionsHere
from aqa_bench.cli.output import emit, say

__all__ = ["EXAMPLES", "evaluate_scores"]

EXAMPLES = (
    "Examples:  aqa-bench evaluate scores.csv --dataset pose-trainer/shoulder-press  |  "
    "aqa-bench evaluate coach.csv --dataset fitness-aqa/backsquat --task kie --name 'a coach' --json  |  "
    "aqa-bench evaluate scores.csv --dataset pose-trainer/bicep-curl --against 'rocket quick' --against RUN"
)


def evaluate_scores(
    scores: Annotated[
        Path,
        typer.Argument(help="CSV with columns sample_id and score; optional: task, split (val, test), fold."),
    ],
    dataset: DatasetOption,
    task: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_task,
            help="Task id; needed if the dataset has several and there is no column task.",
        ),
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="Split scheme. Default: the dataset's.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the judge. Default: the file's.")] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="What to compare with: a run's folder, or a row of the board by method, by method and "
            "recipe, or by run-id; repeatable. Default: the board's best reproduced row."
        ),
    ] = None,
    submissions: SubmissionsHere = None,
    as_json: Json = False,
) -> None:
    """Score the predictions of any judge: your model, an app, a person. Print the metric with interval,
    floor and skill, the rank on the board, and paired differences to the floor and to other rows. Nothing
    is stored."""
    from aqa_bench.front.evaluation import evaluate

    found = evaluate(
        scores, dataset, task, scheme=scheme, name=name, against=tuple(against or ()), submissions=submissions
    )
    if as_json:
        return emit(found.document())
    for line in found.lines():
        say(line)
    return None
