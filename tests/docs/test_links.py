from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
import typer

from aqa_bench.boards.papers.tables import TABLES
from aqa_bench.cli.main import app
from aqa_bench.core.dataset_id import family_of, split_preset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.own import is_own
from aqa_bench.core.recipe_file import recipe_names
from aqa_bench.core.registry import dataset_cards, find_dataset, find_method, find_scheme, find_task
from aqa_bench.protocol.suite import shipped_suites

ROOT = Path(__file__).resolve().parents[2]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


markdown = _load(Path(__file__).with_name("markdown.py"))
PAGES = markdown.pages()
_WALKTHROUGHS = ("docs/adding-", "CONTRIBUTING.md")
_EXAMPLES = {"my-lifts"}
_PROGRAM = typer.main.get_command(app)


def _broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for line, target in markdown.links(text):
        path, _, anchor = unquote(target).partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        place = (page.parent / path).resolve() if path else page
        if not place.exists():
            broken.append(f"{page.relative_to(ROOT)}:{line}: {target}: no such file")
        elif not place.is_relative_to(ROOT):
            broken.append(f"{page.relative_to(ROOT)}:{line}: {target}: outside the project")
        elif anchor and anchor not in markdown.anchors(place.read_text(encoding="utf-8")):
            broken.append(f"{page.relative_to(ROOT)}:{line}: {target}: no such heading")
    return broken


def _parse(command: Any, name: str, arguments: list[str], parent: Any = None) -> tuple[str, dict[str, Any]]:
    """Path and parameters of a command line; nothing is run."""
    # Every command is parsed as the program would; only the groups' callbacks and the verbs are left out.
    with command.make_context(name, list(arguments), parent=parent) as context:
        if not getattr(command, "commands", None):
            return context.command_path, context.params
        rest = [*getattr(context, "_protected_args", ()), *context.args]
        child_name, child, rest = command.resolve_command(context, rest)
        return _parse(child, child_name, rest, context)


def _arguments(line: str) -> list[str]:
    words = shlex.split(line, comments=True)[1:]
    # Optional parts stand in brackets.
    return [word.removeprefix("[").removesuffix("]") for word in words if word != "..."]


def _check_names(given: dict[str, Any]) -> None:
    """Check that what a command names exists."""
    dataset = given.get("dataset")
    # An own dataset is whatever its reader calls it; test_own_data does what that page says.
    if dataset in _EXAMPLES or (dataset is not None and is_own(dataset)):
        dataset = None
    card = None
    # dataset prepare takes the name of a family as well.
    families = {family_of(name) for name in dataset_cards() if "/" in name}
    if dataset is not None and split_preset(dataset)[0] not in families:
        card = find_dataset(dataset)
    if given.get("pretrain_on"):
        find_dataset(given["pretrain_on"])
    tasks = given.get("task") or ()
    for task in [tasks] if isinstance(tasks, str) else tasks:
        if card is not None:
            find_task(card, task)
    if given.get("scheme") and card is not None:
        find_scheme(card, given["scheme"])
    methods = given.get("method") or ()
    for named in [methods] if isinstance(methods, str) else methods:
        method, _, recipe = named.partition(":")
        plugin = find_method(method)
        recipe = recipe or given.get("recipe")
        if recipe and recipe not in recipe_names(plugin.folder):
            raise UsageError("No such recipe.", where=method, found=recipe)
    for suite in filter(None, [given.get("file"), *(given.get("suites") or ())]):
        # A job file is what the reader calls it.
        if not suite.endswith((".toml", ".json")) and suite not in shipped_suites():
            raise UsageError("No such suite.", found=suite)
        if suite.startswith("suites/") and not (ROOT / suite).is_file():
            raise UsageError("No such suite.", found=suite)


def _wrong_commands(page: Path, text: str) -> list[str]:
    name = page.relative_to(ROOT).as_posix()
    wrong = []
    for line, written in markdown.commands(text):
        if "[OPTIONS]" in written or " VERB" in written:
            continue
        try:
            path, given = _parse(_PROGRAM, "aqa-bench", _arguments(written))
            if path == "aqa-bench table" and given["name"] not in (*TABLES, "all"):
                raise UsageError("No such table.", found=given["name"])
            if not name.startswith(_WALKTHROUGHS):
                _check_names(given)
        except typer.Exit:
            continue
        except Exception as error:
            wrong.append(f"{name}:{line}: {written}: {getattr(error, 'message', None) or error}")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_and_anchors_resolve(page: Path) -> None:
    assert _broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_name_what_exists(page: Path) -> None:
    assert _wrong_commands(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    ["[a](nowhere.md)", "[a](protocol.md#no-such-heading)", "![picture](none.png)", "[a](../../outside.md)"],
)
def test_a_broken_link_is_found(text: str) -> None:
    assert len(_broken_links(ROOT / "docs" / "page.md", text)) == 1


@pytest.mark.parametrize(
    "text",
    ["[a](protocol.md#coverage)", "`[a](nowhere.md)`", "```\n[a](nowhere.md)\n```", "[a](https://x.org/y)"],
)
def test_a_good_link_is_not(text: str) -> None:
    assert _broken_links(ROOT / "docs" / "page.md", text) == []


@pytest.mark.parametrize(
    "command",
    [
        "aqa-bench walk",
        "aqa-bench run --method prior",
        "aqa-bench run --method prior --dataset stick-figures/shoulder-press --fast",
        "aqa-bench run --method prior --dataset stick-figures/shoulder-press --seed -1",
        "aqa-bench run --method no-such --dataset stick-figures/shoulder-press",
        "aqa-bench run --method prior --dataset stick-figures/shoulder-press --recipe no-such",
        "aqa-bench run --method prior --dataset stick-figures/shoulder-press \\\n  --task no-such",
        "aqa-bench suite no-such",
        "aqa-bench table 7",
        "X=1 aqa-bench leaderboard paint && ls",
    ],
)
def test_a_wrong_command_is_found(command: str) -> None:
    assert len(_wrong_commands(ROOT / "docs" / "page.md", f"```\n{command}\n```")) == 1


def test_right_commands_are_not() -> None:
    lines = [
        "aqa-bench list datasets          # and: list methods",
        "aqa-bench run --method prior --dataset stick-figures/shoulder-press | tail -1",
        "aqa-bench dataset prepare mtl-aqa --source A [--source B --option extract=frames]",
        "aqa-bench suite smoke --jobs 2",
        "aqa-bench --offline --version",
    ]
    assert _wrong_commands(ROOT / "docs" / "page.md", "\n".join(["```", *lines, "```"])) == []
