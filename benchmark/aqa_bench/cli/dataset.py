"""``aqa-bench dataset``: what a dataset is, getting it ready, and auditing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqa_bench.cli import dataset_add
from aqa_bench.cli.completion import complete_dataset, complete_task
from aqa_bench.cli.options import DatasetArgument, Json, Keypoints, PeopleRule, as_device
from aqa_bench.cli.output import emit, say, table
from aqa_bench.cli.progress import TerminalProgress
from aqa_bench.cli.show import show
from aqa_bench.core.dataset_id import split_preset

if TYPE_CHECKING:
    from aqa_bench.core.dataset import Renders
    from aqa_bench.core.plugin import DatasetPlugin

__all__ = ["app"]

app = typer.Typer(help="Describe, prepare and audit datasets.", no_args_is_help=True)

app.command(epilog="Example:  aqa-bench dataset show synthetic-gym/backsquat --out squat.png")(show)
app.command(epilog=dataset_add.EXAMPLES)(dataset_add.add)


def _as_device(text: str | None) -> str | None:
    return None if text is None else as_device(text)


@app.command(epilog="Example:  aqa-bench dataset info pose-trainer/bicep-curl")
def info(dataset: DatasetArgument, as_json: Json = False) -> None:
    """Print a dataset's card: tasks, splits, licence, and how to get it."""
    from aqa_bench.core.registry import find_dataset

    card = find_dataset(dataset)
    if as_json:
        return emit(card.model_dump(mode="json"))
    say(f"{card.id}: {card.name}")
    say(f"licence: {card.licence}\nsource: {card.source}\ncitation: {card.citation}\naccess: {card.access}")
    rows = [[t.id, t.kind.value, t.unit.value, t.primary, t.name] for t in card.tasks]
    table(["task", "kind", "unit", "primary metric", "question"], rows)
    table(["scheme", "rule"], [[s.id, s.description] for s in card.schemes])
    if card.presets:
        default, *others = card.presets
        base, _ = split_preset(card.id)
        say(f"presets: {default} ({base}), " + ", ".join(f"{name} ({base}@{name})" for name in others))
    if card.exact:
        say(
            f"exact: {', '.join(sorted(card.exact))}; "
            "a method that reads them for samples it judges is an oracle"
        )
    for note in card.notes:
        say(f"- {note}")
    return None


@app.command(
    epilog="Examples:  aqa-bench dataset prepare pose-trainer --source ~/pose-trainer"
    "  |  aqa-bench dataset prepare synthetic-gym/backsquat@wild --device auto"
)
def prepare(
    dataset: Annotated[
        str,
        typer.Argument(
            autocompletion=complete_dataset,
            help="Dataset id or the name of a family; with @PRESET for another preset.",
        ),
    ],
    source: Annotated[
        list[Path] | None, typer.Option(help="Folder or archive of the release; repeatable.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="key=value for this dataset; repeatable.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            callback=_as_device,
            help="Where to render a generated dataset: auto, cpu (the default), cuda or cuda:N. Pixels from "
            "a GPU differ by rounding.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that annotate and render it. Default: one per processor. The files are the same.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            help="Render only the labelled or only the unlabelled clips of a generated dataset. Methods "
            "that use no pool need only the labelled clips."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prepare a dataset: index what you have, or generate or download it. Media are never copied."""
    from aqa_bench.core.errors import UsageError
    from aqa_bench.core.paths import data_home
    from aqa_bench.core.registry import find_family

    family = find_family(dataset)
    members = _members(family, dataset)
    drawn = device is not None or jobs is not None or role is not None
    draws = _drawing(family, source, option) if drawn else None
    pairs = [text.partition("=") for text in option or ()]
    for key, equals, _ in pairs:
        if not equals:
            raise UsageError(
                "An option is not of the form key=value.", expected="--option key=value", found=key
            )
    options = {key: value for key, _, value in pairs}
    home = data_home() / family.name
    progress = TerminalProgress(quiet=as_json)
    try:
        if draws is None:
            made = [family.load().prepare(each, source or [], home, options, progress) for each in members]
        else:
            where = _drawn_on(device)
            made = [
                draws.render(each, home, progress, device=where, jobs=jobs, role=role) for each in members
            ]
        sentences = [sentence for each in made for sentence in each]
    except KeyboardInterrupt as stop:
        stop.add_note(f"Finished files are kept in {home}; the same command continues from there.")
        raise
    finally:
        progress.close()
    if as_json:
        emit({"dataset": dataset, "home": str(home), "done": sentences})
    else:
        for sentence in sentences:
            say(sentence)


@app.command(
    epilog="Examples:  aqa-bench dataset verify pose-trainer/shoulder-press --json  |  "
    "aqa-bench dataset verify fitness-aqa/backsquat --keypoints openpose/ --people nearest"
)
def verify(
    dataset: DatasetArgument,
    keypoints: Keypoints = None,
    people: PeopleRule = None,
    task: Annotated[
        list[str] | None,
        typer.Option(autocompletion=complete_task, help="Task id that the keypoints are for; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare what is on disk with what was published; exit 1 if a task cannot be run as published. With
    --keypoints, audit the poses in that folder instead: which samples they belong to, and whether a run
    can use them."""
    from aqa_bench.boards.pages.audit import render_page
    from aqa_bench.core.errors import DataError
    from aqa_bench.core.registry import open_dataset
    from aqa_bench.core.targets import UnfitLabel, check_targets

    if keypoints is not None or people is not None or task:
        return _verify_keypoints(dataset, keypoints, people, task or (), as_json)
    opened = open_dataset(dataset)
    for each in opened.card.tasks:
        try:
            check_targets(opened, each)
        except UnfitLabel:
            raise
        except DataError:
            # What is missing of the release is the audit's to say.
            continue
    audit = opened.audit(TerminalProgress(quiet=as_json))
    if as_json:
        emit(audit.model_dump(mode="json"))
    else:
        say(render_page(audit))
    if not audit.ok:
        raise typer.Exit(1)
    return None


def _verify_keypoints(
    dataset: str, keypoints: Path | None, people: str | None, tasks: Sequence[str], as_json: bool
) -> None:
    from aqa_bench.cli.keypoints import show_keypoint_audit
    from aqa_bench.core.registry import open_dataset
    from aqa_bench.protocol.keypoints import audit_keypoints, open_keypoints

    opened = open_dataset(dataset)
    folder = open_keypoints(None if keypoints is None else str(keypoints), people)
    audit = audit_keypoints(opened, folder, tasks, TerminalProgress(quiet=as_json))
    if as_json:
        emit(audit.model_dump(mode="json"))
    else:
        show_keypoint_audit(audit)
    if not audit.ok:
        raise typer.Exit(1)


def _drawing(family: DatasetPlugin, source: Sequence[Path] | None, option: Sequence[str] | None) -> Renders:
    """The family, which has to draw its media itself."""
    from aqa_bench.core.dataset import Renders
    from aqa_bench.core.errors import UsageError

    loaded = family.load()
    if not isinstance(loaded, Renders) or source or option:
        raise UsageError(
            "The options --device, --jobs and --role are only for generated datasets.",
            where="--device, --jobs, --role",
            expected="a generated dataset, without --source and --option",
            found=family.name + (", with --source or --option" if source or option else ""),
            remedy="Leave out --device, --jobs and --role.",
        )
    return loaded


def _drawn_on(device: str | None) -> str:
    if device is None or device == "cpu":
        return "cpu"
    from aqa_bench.learn.training.device import resolve_device

    return str(resolve_device(device))


def _members(family: DatasetPlugin, dataset: str) -> list[str | None]:
    """Ids to prepare; None is the whole family, each of its datasets under its default preset."""
    from aqa_bench.core.registry import find_dataset

    base, preset = split_preset(dataset)
    if base != family.name:
        return [find_dataset(dataset).id]
    return [None] if preset is None else [card.at(preset).id for card in family.cards]
