"""Options that several verbs share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Force",
    "Json",
    "Keypoints",
    "Leaderboards",
    "Out",
    "PeopleRule",
    "Sandbox",
    "Submissions",
    "as_device",
]


def as_device(text: str) -> str:
    """Check a device name: auto, cpu, cuda or cuda:N."""
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", text):
        raise typer.BadParameter("expected auto, cpu, cuda or cuda:N")
    return text


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Force = Annotated[bool, typer.Option("--force", help="Run again although the result is on disk.")]
Sandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox", help="Shut the method in (bubblewrap, or Landlock): no network, one folder to write to."
    ),
]
Keypoints = Annotated[
    Path | None,
    typer.Option("--keypoints", help="Folder of poses from files, in place of the dataset's own."),
]
PeopleRule = Annotated[
    str | None, typer.Option("--people", help="Who is taken of several people in them: nearest or largest.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder of runs.")]
Submissions = Annotated[Path, typer.Option(help="Folder of submitted runs.")]
Leaderboards = Annotated[Path, typer.Option(help="Folder of leaderboards.")]
