"""``aqa-bench serve``: the coach as a web app on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.output import note

__all__ = ["EXAMPLES", "serve_coach"]

EXAMPLES = "Examples:  aqa-bench serve  |  AQA_BENCH_PASSWORD=... aqa-bench serve --host 0.0.0.0 --keep 12h"


def serve_coach(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="AQA_BENCH_PASSWORD",
            help="Shared password. Other users of this machine can see options, but not the variable.",
        ),
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Let in anyone who can reach the address.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="Folder for clips and results. Default: coach in AQA_BENCH_DATA.")
    ] = None,
    keep: Annotated[str, typer.Option(help="Delete clips after this time, e.g. 12h or 7d.")] = "7d",
    storage: Annotated[
        str, typer.Option(help="Store files at an fsspec address instead, e.g. s3://bucket/coach.")
    ] = "",
) -> None:
    """Judge clips in the browser: upload a clip, watch, and get it back with a verdict and its evidence."""
    from aqa_bench.coach.web.serve import check_installed, guarded, serve
    from aqa_bench.coach.web.settings import Settings, duration_s
    from aqa_bench.core.paths import data_home

    check_installed()
    asked = Settings(
        data=(data or data_home() / "coach").expanduser().absolute(),
        keep_s=duration_s(keep),
        password=password or None,
        storage=storage,
    )
    settings = guarded(asked, host, open_door=no_password)
    shown = f"[{host}]" if ":" in host else host
    said = f"The coach answers at http://{shown}:{port}/ until Ctrl-C. Clips: {settings.data}, kept {keep}."
    serve(settings, host, port, ready=lambda: note(said))
