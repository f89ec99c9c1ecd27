from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cli_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cli_docs", ROOT / "tools" / "cli_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(cli_docs: ModuleType) -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert text == cli_docs.render(), "run python tools/cli_docs.py"


def test_the_page_is_deterministic_at_any_width(
    cli_docs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cli_docs.render()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERMINAL_WIDTH", "40")
    assert cli_docs.render() == first


def test_every_verb_and_option_is_there(cli_docs: ModuleType) -> None:
    import typer

    text = cli_docs.render()
    paths = [
        (path, command) for path, command in cli_docs.commands(typer.main.get_command(cli_docs.app)) if path
    ]
    assert ("dataset", "prepare") in [path for path, _ in paths]
    for path, command in paths:
        section = text.split(f"\n## {' '.join(path)}\n", 1)[1].split("\n## ", 1)[0]
        for parameter in command.params:
            if parameter.param_type_name == "option" and "--help" not in parameter.opts:
                assert all(f"`{name}`" in section for name in parameter.opts), (path, parameter.name)


def test_a_stale_page_is_said(cli_docs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_docs, "PAGE", tmp_path / "page.md")
    assert cli_docs.main(["--check"]) == 1
    assert cli_docs.main([]) == 0
    assert cli_docs.main(["--check"]) == 0
