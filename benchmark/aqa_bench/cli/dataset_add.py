"""``aqa-bench dataset add``: own data, without code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["EXAMPLES", "add"]

EXAMPLES = (
    "Examples:  aqa-bench dataset add squats --table labels.csv --media clips --label depth  |  "
    "aqa-bench dataset add lab --table labels.csv --media trc --layout joints.csv"
)


def add(
    name: Annotated[str, typer.Argument(help="Its name; the dataset's id is local/NAME.")],
    table: Annotated[
        Path, typer.Option(help="CSV file: a column file or id, and columns of labels: 0 and 1, or numbers.")
    ],
    media: Annotated[Path, typer.Option(help="Folder of the videos, images or keypoint files.")],
    label: Annotated[list[str] | None, typer.Option(help="Column of labels; repeatable.")] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            help="Column whose numbers are always scores, even if there are only two values; repeatable."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Column of groups that must not be in both train and test. Default: group."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Column with train, val and test. Default: split. Without one: folds.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            help="Joint order of the keypoints, or a CSV file that maps their joint names (source, joint)."
        ),
    ] = None,
    people: Annotated[
        str | None, typer.Option(help="Which of several people to use: nearest or largest.")
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option(help="2 or 3, if the files do not say.", show_default=False)
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the dataset of that name.")] = False,
    as_json: Json = False,
) -> None:
    """Make a dataset from a table and a folder; the files stay where they are."""
    from aqa_bench.core.dataset import Adds
    from aqa_bench.core.errors import AqaBenchError
    from aqa_bench.core.own import OWN, OwnTable
    from aqa_bench.core.paths import data_home
    from aqa_bench.core.registry import find_family

    family = find_family(OWN).load()
    if not isinstance(family, Adds):
        raise AqaBenchError(
            "The family of local datasets cannot add one.", where=OWN, remedy="Report it as a bug."
        )
    request = OwnTable(
        name=name,
        table=table,
        media=media,
        labels=tuple(label or ()),
        scores=tuple(score or ()),
        group=group,
        split=split,
        layout=layout,
        people=people,
        dimensions=dimensions,
        replace=replace,
    )
    progress = TerminalProgress(quiet=as_json)
    try:
        added = family.add(request, data_home() / OWN, progress)
    finally:
        progress.close()
    if as_json:
        return emit(dict(added.facts))
    for line in added.lines:
        say(line)
    return None
