"""``aqa-bench run``: one method on one dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.forecast import show_forecast
from aqa_bench.cli.options import (
    DatasetOption,
    Device,
    Force,
    Json,
    Keypoints,
    MethodOption,
    Out,
    Overrides,
    PeopleRule,
    PretrainOn,
    RecipeOption,
    Sandbox,
    SchemeOption,
    Tasks,
)
from aqa_bench.cli.output import emit, note, number, say, table
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.front.running import Run
    from aqa_bench.protocol.runner import Outcome

__all__ = ["EXAMPLES", "run_document", "run_method", "show_run"]

EXAMPLES = (
    "Examples:  aqa-bench run --method stgcn-ocsvm --dataset pose-trainer/shoulder-press  |  "
    "aqa-bench run --method pose-tdm --dataset pose-trainer/bicep-curl --seed 3 --set epochs=20 --json  |  "
    "aqa-bench run --method cvcspc --recipe paper --dataset fitness-aqa/backsquat --device cuda --dry-run"
)


def run_method(
    method: MethodOption,
    dataset: DatasetOption,
    task: Tasks = None,
    recipe: RecipeOption = None,
    scheme: SchemeOption = None,
    pretrain_on: PretrainOn = None,
    features: Annotated[
        Path | None, typer.Option(help="Folder of features, for --method features (same as --set path=).")
    ] = None,
    keypoints: Keypoints = None,
    people: PeopleRule = None,
    shuffle_labels: Annotated[
        bool,
        typer.Option("--shuffle-labels", help="Permute the training labels: a control that learns nothing."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the run.")] = 0,
    device: Device = "auto",
    overrides: Overrides = None,
    out: Out = Path("runs"),
    force: Force = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Forecast time and disk space, and train nothing.")
    ] = False,
    save_model: Annotated[
        Path | None,
        typer.Option("--save-model", help="Folder to save the fitted method to, for aqa-bench predict."),
    ] = None,
    sandbox: Sandbox = False,
    full: Annotated[bool, typer.Option("--full", help="Print every metric.")] = False,
    as_json: Json = False,
) -> None:
    """Fit a method, score its test predictions and write a run record. Print the result with the floor,
    its rank on the board, and the run's folder. A run that is already on disk is not repeated."""
    from aqa_bench.protocol.plan import Request, resolve
    from aqa_bench.protocol.runner import run
    from aqa_bench.protocol.worker.session import forked

    settings = [*(overrides or ()), *([] if features is None else [f"path={json.dumps(str(features))}"])]
    request = Request(
        dataset,
        method,
        recipe,
        seed,
        scheme,
        tuple(task or ()),
        tuple(settings),
        pretrain_on,
        shuffle_labels,
        None if keypoints is None else str(keypoints),
        people,
    )
    if dry_run:
        from aqa_bench.protocol.forecast import forecast

        found = forecast(resolve(request), out, device=device)
        return emit(found.document()) if as_json else show_forecast(found)
    launch = forked
    if sandbox:
        from aqa_bench.protocol.worker.sandbox import sandboxed

        launch = sandboxed()
    outcome = run(
        resolve(request, launch=launch),
        out,
        device=device,
        force=force,
        progress=TerminalProgress(quiet=as_json),
        launch=launch,
        model=save_model,
    )
    if as_json:
        return emit(run_document(outcome))
    return show_run(outcome, full=full)


def run_document(outcome: Outcome) -> dict[str, Any]:
    """A finished run as the document of ``run --json``."""
    record = outcome.record
    dumped = record.model_dump(mode="json", include={"metrics", "floors", "skill", "coverage", "thresholds"})
    return {
        "run_id": record.run_id,
        "path": str(outcome.path),
        "dataset": record.dataset,
        "scheme": record.scheme,
        "method": record.method,
        "recipe": record.recipe,
        "seed": record.seed,
        "cached": outcome.cached,
        **({} if outcome.model is None else {"model": str(outcome.model)}),
        "oracle": record.oracle,
        "metrics": dumped["metrics"],
        "floors": dumped["floors"],
        "skill": dumped["skill"],
        "coverage": dumped["coverage"],
    }


def show_run(outcome: Outcome, *, full: bool = False) -> None:
    """Print a finished run for people: the result, its place on the board, its folder.

    Args:
        outcome: The run.
        full: Whether to print every metric.
    """
    from aqa_bench.core.registry import find_dataset
    from aqa_bench.front.running import Run

    record = outcome.record
    scheme = find_dataset(record.dataset).scheme(record.scheme)
    how = "already on disk" if outcome.cached else f"{record.timings['total']:.1f} s on {record.device}"
    note(
        f"{record.method} ({record.recipe}, seed {record.seed}) on {record.dataset} ({record.scheme}): {how}"
    )
    if not record.honest:
        say("This scheme shows test labels to the method: its numbers are not comparable with the others.")
    if record.oracle:
        say(
            f"Oracle: it read the generator's exact {', '.join(record.oracle)} for the samples "
            "that it judged."
        )
    if scheme.shares_groups:
        say(f"This scheme puts groups into several parts: {scheme.description}")
    run = Run(record, outcome.path, outcome.cached)
    for task, line in zip(record.tasks, run.lines(), strict=True):
        say(line)
        if full:
            metrics = record.metrics[task].items()
            rows = [[name, number(v.value), number(v.low), number(v.high)] for name, v in metrics]
            table(["metric", "value", "95% low", "high"], rows)
        say(f"{task}: {_place(run, task)}" if len(record.tasks) > 1 else _place(run, task))
    if outcome.model is not None:
        say(f"model: {outcome.model}")
    say(str(outcome.path))


def _place(run: Run, task: str) -> str:
    """Where the run would stand on the board."""
    from aqa_bench.core.errors import AqaBenchError
    from aqa_bench.front.board import standings_of
    from aqa_bench.front.standings import Origin
    from aqa_bench.front.words import number as short
    from aqa_bench.front.words import place

    record = run.record
    try:
        found = standings_of(record.dataset, task, scheme=record.scheme, extra=[run])
    except AqaBenchError as error:
        # The run is done and scored: what ails a board is not its fault.
        return f"no rank: {error.what}"
    if not found.version:
        return "no rank: there is no board for this dataset, task and scheme"
    line = next(line for line in found.lines if line.origin is Origin.OWN)
    words = place(line.rank, line.rank_low, line.rank_high, found.ranked, line.why_unranked, found.version)
    best = found.best
    return words if best is None else f"{words}; best: {best.name} {short(best.value)}"
