"""``aqa-bench explain``: which parts of the frames a method's judgement rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_task
from aqa_bench.cli.options import (
    Blur,
    DatasetOption,
    Device,
    Json,
    MethodOption,
    Overrides,
    PretrainOn,
    RecipeOption,
    SchemeOption,
)
from aqa_bench.cli.output import emit, number, say, table
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.protocol.explanation import Explanation

__all__ = ["EXAMPLES", "explain_method"]

EXAMPLES = (
    "Example:  aqa-bench explain --dataset synthetic-gym/backsquat --method imagenet --task kfe --out kfe.png"
)


def explain_method(
    dataset: DatasetOption,
    method: MethodOption,
    task: Annotated[
        str | None, typer.Option(autocompletion=complete_task, help="Task id. Default: the method's first.")
    ] = None,
    recipe: RecipeOption = None,
    scheme: SchemeOption = None,
    pretrain_on: PretrainOn = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the run and of the samples shown.")] = 0,
    samples: Annotated[int, typer.Option(min=1, max=32, help="Samples to explain.")] = 4,
    frames: Annotated[int, typer.Option(min=1, max=32, help="Frames of a clip to show.")] = 8,
    device: Device = "auto",
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option(help="The contact sheet, a PNG.")] = Path("explanation.png"),
    blur: Blur = None,
    as_json: Json = False,
) -> None:
    """Fit a method on one split and show what in the frames of val samples counts for an error. Test
    samples are never shown."""
    from aqa_bench.core.files import check_target, write_atomic
    from aqa_bench.protocol.explanation import explain
    from aqa_bench.protocol.explanation_sheet import explanation_sheet
    from aqa_bench.protocol.plan import Request

    request = Request(
        dataset=dataset,
        method=method,
        recipe=recipe,
        seed=seed,
        scheme=scheme,
        tasks=(task,) if task else (),
        overrides=tuple(overrides or ()),
        pretrain_on=pretrain_on,
    )
    check_target(out)
    found = explain(request, samples=samples, device=device, progress=TerminalProgress(quiet=as_json))
    hidden = not found.card.exact if blur is None else blur
    write_atomic(out, explanation_sheet(found, frames=frames, blur=hidden))
    if as_json:
        emit(_document(found, seed, out))
    else:
        _show(found, out)


def _document(found: Explanation, seed: int, out: Path) -> dict[str, Any]:
    return {
        "dataset": found.card.id,
        "task": found.task.id,
        "scheme": found.scheme,
        "split": found.split,
        "part": found.part,
        "method": found.method,
        "recipe": found.recipe,
        "seed": seed,
        "facts": found.facts,
        "samples": [
            {
                "id": item.id,
                "target": item.target,
                "score": round(item.score, 6),
                "output": round(item.attribution.output, 6),
                "output_of_average": round(item.attribution.baseline, 6),
                "frames": item.attribution.indices.tolist(),
                "contributions": [round(float(value), 6) for value in item.attribution.maps.sum(axis=(1, 2))],
                "share_on_person": None if item.on_person is None else round(item.on_person[0], 6),
                "area_of_person": None if item.on_person is None else round(item.on_person[1], 6),
            }
            for item in found.samples
        ],
        "sheet": str(out),
    }


def _show(found: Explanation, out: Path) -> None:
    rows = [
        [
            item.id,
            f"{item.target:g}",
            number(item.score, 3),
            *(number(value, 3) for value in item.on_person or (None, None)),
        ]
        for item in found.samples
    ]
    title = f"{found.method} ({found.recipe}) on {found.card.id} {found.task.id}, {found.split}, {found.part}"
    table(["sample", "label", "score", "attribution on the person", "its share of the area"], rows, title)
    say(str(out))
