"""``aqa-bench retrieve``: nearest frames of other videos, by the features of methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_task
from aqa_bench.cli.options import Blur, DatasetOption, Device, Json, PretrainOn
from aqa_bench.cli.output import emit, number, say, table
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.protocol.retrieve import Retrieval
    from aqa_bench.stats.bootstrap import Interval

__all__ = ["EXAMPLES", "retrieve_frames"]

EXAMPLES = (
    "Example:  aqa-bench retrieve --dataset synthetic-gym/backsquat "
    "--method imagenet:quick --method cvcspc:quick --out retrieval.png"
)
_MEASURES = {
    "elevation_error": "elevation error (share of the bar's way)",
    "keypoint_error": "keypoint error (torso lengths)",
}


def retrieve_frames(
    dataset: DatasetOption,
    method: Annotated[list[str], typer.Option(help="Method id, or METHOD:RECIPE; repeatable.")],
    task: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_task, help="Task whose clips are used. Default: the first with clips."
        ),
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="Split scheme. Default: the dataset's first.")] = None,
    pretrain_on: PretrainOn = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of runs and of the queries shown.")] = 0,
    frames: Annotated[int, typer.Option(min=1, help="Frames per clip, spread evenly.")] = 32,
    clips: Annotated[
        int | None, typer.Option(min=2, help="Maximum number of clips, drawn by seed. Default: all.")
    ] = None,
    queries: Annotated[int, typer.Option(min=1, max=64, help="Queries to show.")] = 6,
    top: Annotated[int, typer.Option(min=1, max=50, help="Neighbours per query.")] = 5,
    device: Device = "auto",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="key=value over every recipe; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The contact sheet, a PNG.")] = Path("retrieval.png"),
    blur: Blur = None,
    as_json: Json = False,
) -> None:
    """Show and measure which frames of other videos are nearest in a method's features. Only clips of
    train and val are used, never of test. The numbers use all their frames as queries."""
    from aqa_bench.core.files import check_target, write_atomic
    from aqa_bench.protocol.retrieval_sheet import retrieval_sheet
    from aqa_bench.protocol.retrieve import RetrievalRequest, retrieve

    request = RetrievalRequest(
        dataset=dataset,
        methods=tuple(_method_and_recipe(text) for text in method),
        task=task,
        scheme=scheme,
        seed=seed,
        frames=frames,
        clips=clips,
        queries=queries,
        top=top,
        overrides=tuple(overrides or ()),
        pretrain_on=pretrain_on,
    )
    check_target(out)
    found = retrieve(request, device=device, progress=TerminalProgress(quiet=as_json))
    write_atomic(out, retrieval_sheet(found, blur=not found.card.exact if blur is None else blur))
    if as_json:
        emit(_document(found, request.seed, out))
    else:
        _show(found, out)


def _method_and_recipe(text: str) -> tuple[str, str | None]:
    name, _, recipe = text.partition(":")
    return name, recipe or None


def _document(found: Retrieval, seed: int, out: Path) -> dict[str, Any]:
    return {
        "dataset": found.card.id,
        "task": found.task.id,
        "scheme": found.scheme,
        "split": found.split,
        "seed": seed,
        "clips": len(found.frames.samples),
        "videos": len(set(found.frames.groups.tolist())),
        "frames": len(found.frames),
        "top": found.methods[0].nearest.shape[1],
        "methods": [
            {
                "method": method.method,
                "recipe": method.recipe,
                "facts": method.facts,
                **{name: _interval(value) for name, value in method.errors.items()},
                "against_first": {name: _interval(value) for name, value in method.against_first.items()},
            }
            for method in found.methods
        ],
        "chance": {name: _interval(value) for name, value in found.chance.items()},
        "left_out": found.left_out,
        "sheet": str(out),
    }


def _interval(value: Interval) -> dict[str, float]:
    return {"value": round(value.value, 6), "low": round(value.low, 6), "high": round(value.high, 6)}


def _show(found: Retrieval, out: Path) -> None:
    videos = len(set(found.frames.groups.tolist()))
    say(
        f"{found.card.id} {found.task.id}, {found.scheme} {found.split}, train and val: "
        f"{len(found.frames)} frames of {len(found.frames.samples)} clips from {videos} videos"
    )
    for measure, title in _MEASURES.items():
        if measure in found.left_out:
            say(f"{title}: left out, {found.left_out[measure]}")
            continue
        rows = [
            _row(f"{m.method} ({m.recipe})", m.errors[measure], m.against_first.get(measure))
            for m in found.methods
        ]
        rows.append(_row("random frame of another video", found.chance[measure], None))
        table(["features", "mean", "95% low", "high", "minus the first", "95% low", "high"], rows, title)
    say(str(out))


def _row(name: str, value: Interval, apart: Interval | None) -> list[str]:
    figures: list[float | None] = [value.value, value.low, value.high]
    figures += [None] * 3 if apart is None else [apart.value, apart.low, apart.high]
    return [name, *map(number, figures)]
