"""``aqa-bench doctor``: what works on this machine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_method
from aqa_bench.cli.options import Device, Json
from aqa_bench.cli.output import emit, say, table

if TYPE_CHECKING:
    from aqa_bench.protocol.doctor.report import Report

__all__ = ["EXAMPLES", "see_doctor"]

EXAMPLES = (
    "Examples:  aqa-bench doctor  |  aqa-bench doctor --device cuda --json  |  "
    "aqa-bench doctor --quick --method md --method cvcspc"
)


def see_doctor(
    device: Device = "auto",
    quick: Annotated[bool, typer.Option("--quick", help="Test only default recipes, and no speed.")] = False,
    method: Annotated[
        list[str] | None,
        typer.Option(autocompletion=complete_method, help="Method id to test; repeatable. Default: all."),
    ] = None,
    limit: Annotated[float, typer.Option(min=10, help="Maximum seconds in total.")] = 300.0,
    as_json: Json = False,
) -> None:
    """Test every method and recipe, the renderer and the speed of this machine on tiny data. This takes
    at most five minutes, needs no data and no network, and writes only to temporary folders. Exit 1 if
    anything that could be tested failed."""
    from aqa_bench.core.registry import find_method
    from aqa_bench.protocol.doctor.examine import examine

    wanted = {find_method(name).card.id for name in method or ()}
    report = examine(
        device,
        quick=quick,
        limit_s=limit,
        only=lambda name: not wanted or name in wanted,
        tell=partial(typer.echo, err=as_json),
    )
    if as_json:
        emit(report.document())
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    say()
    rows = [
        [
            t.method,
            t.recipe,
            {True: "ok", False: "FAILED", None: "-"}[t.ok],
            f"{t.seconds:.1f}",
            t.error or "",
        ]
        for t in report.trials
    ]
    table(["method", "recipe", "", "s", "why"], rows, f"Methods on {report.device}")
    for result in report.renderer:
        table(["renderer", ""], _rows(result))
    for title, figures in report.speed.items():
        table([title, ""], _rows(figures))
    well = len(report.trials) - len(report.failed) - len(report.untried)
    say(
        f"{well} of {len(report.trials)} methods and recipes work, {len(report.failed)} failed, "
        f"{len(report.untried)} not tried; {report.seconds:.0f} s in all"
    )


def _rows(figures: dict[str, Any]) -> list[list[str]]:
    rows = []
    for name, value in figures.items():
        if isinstance(value, dict):
            rows += [[f"with {key}", f"{v['ms']} ms, {v['ratio']} x bare"] for key, v in value.items()]
        else:
            rows.append([name.replace("_", " "), str(value)])
    return rows
