"""``aqa-bench method``: what a method is, before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_method
from aqa_bench.cli.forecast import duration
from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say, table

if TYPE_CHECKING:
    from aqa_bench.core.cards import MethodCard
    from aqa_bench.front.method_info import MethodInfo, RecipeInfo, Span

__all__ = ["app"]

app = typer.Typer(help="Describe methods.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, although it has one verb."""


@app.command(epilog="Examples:  aqa-bench method info cvcspc  |  aqa-bench method info rocket --json")
def info(
    method: Annotated[
        str, typer.Argument(help="Method id (aqa-bench list methods).", autocompletion=complete_method)
    ],
    as_json: Json = False,
) -> None:
    """Print a method's card: what it needs, its recipes and their costs, and the datasets that it fits.
    Costs come from the boards and the submitted runs. If there are none, aqa-bench run --dry-run
    estimates them on this machine."""
    from aqa_bench.front.method_info import method_info

    found = method_info(method)
    if as_json:
        return emit(_document(found))
    _show(found)
    return None


def _document(found: MethodInfo) -> dict[str, Any]:
    from dataclasses import asdict

    return found.card.model_dump(mode="json") | {
        "folder": str(found.folder),
        "oracle_with": list(found.oracle_with),
        "recipes": [asdict(recipe) for recipe in found.recipes],
        "fits": {name: list(tasks) for name, tasks in found.fits.items()},
    }


def _show(found: MethodInfo) -> None:
    card = found.card
    say(f"{card.id}: {card.name}")
    say(card.summary)
    for name, text in _facts(card):
        say(f"{name}: {text}")
    if card.control:
        say("role: a control, which shows what can be reached without judging movement")
    if found.oracle_with:
        say(
            f"oracle: a run that reads exact {', '.join(found.oracle_with)} (dataset info says which are "
            "exact) is marked as one and not ranked"
        )
    table(["recipe", "learns", "parameters", "GFLOPs", "ms per sample", "a run takes"], _costs(found))
    if devices := sorted({device for recipe in found.recipes for device in recipe.devices}):
        say(f"measured on {'; '.join(devices)}, with cached weights and features if available")
    if any(recipe.run_seconds is None for recipe in found.recipes):
        say(f"-: not measured; to estimate it, run aqa-bench run --dry-run --method {card.id} --dataset ID")
    say()
    for recipe in found.recipes:
        say(f"{recipe.name}: {recipe.about or 'not described'}")
    if found.fits:
        table(["fits", "tasks"], [[name, ", ".join(tasks)] for name, tasks in found.fits.items()])
    else:
        say("fits: no known dataset")
    say(f"code: {found.folder}")


def _facts(card: MethodCard) -> list[tuple[str, str]]:
    pool = " It also learns from unlabelled samples." if card.uses_pool else ""
    tuned = "tuned on val" if card.decision.value == "tuned" else "its own, .5"
    return [
        ("version", str(card.version)),
        ("paper", card.paper),
        ("looks at", card.modality),
        ("needs", card.needed() or "anything"),
        ("some recipes read", ", ".join(sorted(card.reads)) or "nothing more"),
        ("pre-trained on", f"{card.pretrained_on}.{pool}"),
        ("regime", card.regime.value),
        ("tasks", f"{', '.join(sorted(card.tasks))}, of {', '.join(sorted(card.units))}"),
        ("threshold", tuned),
        ("seed", "matters" if card.stochastic else "has no effect: one run is enough"),
    ]


def _costs(found: MethodInfo) -> list[list[str]]:
    return [
        [
            f"{recipe.name} (default)" if recipe.default else recipe.name,
            _training(recipe),
            _span(recipe.parameters, ",.0f"),
            _span(recipe.gflops, ".2f"),
            _span(recipe.latency_ms, ".1f"),
            "-"
            if recipe.run_seconds is None
            else " to ".join(dict.fromkeys(map(duration, recipe.run_seconds))),
        ]
        for recipe in found.recipes
    ]


def _training(recipe: RecipeInfo) -> str:
    known = recipe.training
    # Steps take the place of epochs.
    keys = ["steps" if known.get("steps") else "epochs", "head_epochs"]
    parts = [f"{known[key]:,} {key.replace('_', ' ')}" for key in keys if isinstance(known.get(key), int)]
    return ", ".join(parts) or "-"


def _span(found: Span | None, form: str) -> str:
    return "-" if found is None else " to ".join(dict.fromkeys(format(value, form) for value in found))
