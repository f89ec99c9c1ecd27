"""Options that several verbs share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.completion import complete_dataset, complete_method, complete_recipe, complete_task

__all__ = [
    "Blur",
    "DatasetArgument",
    "DatasetOption",
    "Device",
    "Force",
    "Json",
    "Keypoints",
    "Leaderboards",
    "MethodOption",
    "Out",
    "Overrides",
    "PeopleRule",
    "PretrainOn",
    "RecipeOption",
    "Sandbox",
    "SchemeOption",
    "Submissions",
    "SubmissionsHere",
    "Tasks",
    "as_device",
]


def as_device(text: str) -> str:
    """Check a device name: auto, cpu, cuda or cuda:N."""
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", text):
        raise typer.BadParameter("expected auto, cpu, cuda or cuda:N")
    return text


DatasetArgument = Annotated[
    str,
    typer.Argument(
        autocompletion=complete_dataset,
        help="Dataset id (aqa-bench list datasets), with @PRESET for another preset.",
    ),
]
DatasetOption = Annotated[
    str, typer.Option(autocompletion=complete_dataset, help="Dataset id (aqa-bench list datasets).")
]
MethodOption = Annotated[
    str, typer.Option(autocompletion=complete_method, help="Method id (aqa-bench list methods).")
]
Tasks = Annotated[
    list[str] | None, typer.Option(autocompletion=complete_task, help="Task id; repeatable. Default: all.")
]
RecipeOption = Annotated[
    str | None,
    typer.Option(autocompletion=complete_recipe, help="Named hyper-parameters. Default: the method's."),
]
SchemeOption = Annotated[str | None, typer.Option(help="Split scheme. Default: the recipe's or dataset's.")]
PretrainOn = Annotated[
    str | None,
    typer.Option(
        autocompletion=complete_dataset,
        help="Dataset id whose unlabelled samples are used for pre-training instead.",
    ),
]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="key=value over the recipe; repeatable.")]
Device = Annotated[str, typer.Option(callback=as_device, help="auto, cpu, cuda or cuda:N.")]
Blur = Annotated[bool | None, typer.Option(help="Make faces unrecognisable. Default: yes, unless generated.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Force = Annotated[bool, typer.Option("--force", help="Run again even if the result is on disk.")]
Sandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        help="Run the method in a sandbox (bubblewrap or Landlock): no network, one writable folder.",
    ),
]
Keypoints = Annotated[
    Path | None,
    typer.Option("--keypoints", help="Folder of poses from files, used instead of the dataset's own."),
]
PeopleRule = Annotated[
    str | None, typer.Option("--people", help="Which of several people in them to use: nearest or largest.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder of runs.")]
Submissions = Annotated[Path, typer.Option(help="Folder of submitted runs.")]
SubmissionsHere = Annotated[
    Path | None, typer.Option(help="Folder of submitted runs. Default: submissions, or the checkout's.")
]
Leaderboards = Annotated[Path, typer.Option(help="Folder of leaderboards.")]
