"""``aqa-bench features``: features that people exchange in place of media."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.completion import complete_method
from aqa_bench.cli.options import DatasetOption, Device, Json, Overrides, RecipeOption, SchemeOption, Tasks
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["app"]

app = typer.Typer(
    help="Features that people share instead of media; run --method features --features DIR reads them.",
    no_args_is_help=True,
)


@app.command(
    epilog="Example:  aqa-bench features export --method imagenet --dataset synthetic-gym/backsquat --out F"
)
def export(
    method: Annotated[
        str,
        typer.Option(autocompletion=complete_method, help="Id of an image method (aqa-bench list methods)."),
    ],
    dataset: DatasetOption,
    out: Annotated[Path, typer.Option(help="Folder to write; it must not exist.")],
    task: Tasks = None,
    recipe: RecipeOption = None,
    scheme: SchemeOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the run whose weights are used.")] = 0,
    device: Device = "auto",
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Write what an image method's head would see: one array per sample, and a manifest."""
    from aqa_bench.protocol.feature_export import export_features
    from aqa_bench.protocol.plan import Request

    request = Request(dataset, method, recipe, seed, scheme, tuple(task or ()), tuple(overrides or ()))
    manifest = export_features(request, out, device=device, progress=TerminalProgress(quiet=as_json))
    written = {"path": str(out), "samples": len(manifest.features or ()), "dims": manifest.dims}
    if as_json:
        return emit(written)
    say(f"{written['samples']} samples, {manifest.dims} features each, in {out}: {manifest.extractor}")
    say("Features of people's recordings fall under the licence of the data they were made from.")
    return None
