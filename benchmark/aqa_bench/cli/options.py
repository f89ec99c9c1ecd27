"""Options that several verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Device",
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


class Device(StrEnum):
    """Where a method fits."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def as_device(text: str) -> str:
    """Check a device name: auto, cpu, cuda or cuda:N."""
    kind, _, index = text.partition(":")
    if kind not in set(Device) or (index and not (kind == Device.CUDA and index.isdigit())):
        raise typer.BadParameter("expected auto, cpu, cuda or cuda:N")
    return text


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
Leaderboards = Annotated[Path, typer.Option(help="Folder of leaderboards.")]
