from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.plugin import DatasetPlugin, MethodPlugin
from aqa_bench.core.registry import find_method

CARD = find_method("constant").card
Module = Callable[[str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Module]:
    """Makes a module of that text; its name."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(text: str) -> str:
        name = f"plugin_fixture_{tmp_path.name}_{len(made)}".replace("-", "_")
        made.append(name)
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return make


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_code_that_cannot_be_imported_is_an_error_that_names_it(
    module: Module, text: str, found: str
) -> None:
    factory = f"{module(text)}:THING"
    for plugin in (MethodPlugin(CARD, factory, Path()), DatasetPlugin("theirs", (), factory, Path())):
        with pytest.raises(AqaBenchError, match="cannot be imported") as caught:
            plugin.load()
        assert caught.value.where == factory
        assert found in str(caught.value.found)


@pytest.mark.parametrize("text", ["x = 1\n1 / 0", "x = 1\ndef"])
def test_broken_code_is_named_by_file_and_line(module: Module, tmp_path: Path, text: str) -> None:
    name = module(text)
    (tmp_path / "card.toml").touch()
    with pytest.raises(AqaBenchError, match="cannot be imported") as caught:
        MethodPlugin(CARD, f"{name}:THING", tmp_path).load()
    assert f"({tmp_path / name}.py, line 2)" in str(caught.value.found)


def test_code_that_needs_an_extra_names_it(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match="extra 'train'") as caught:
        MethodPlugin(CARD, f"{module('import torch')}:THING", Path()).load()
    assert caught.value.remedy == 'pip install "aqa-bench[train]"'


@pytest.mark.parametrize(("text", "found"), [("THING = 3", "int"), ("class THING: pass", "THING, a class")])
def test_code_of_the_wrong_kind_is_an_error(module: Module, text: str, found: str) -> None:
    factory = f"{module(text)}:THING"
    for plugin, expected in (
        (MethodPlugin(CARD, factory, Path()), "subclass"),
        (DatasetPlugin("theirs", (), factory, Path()), "prepare"),
    ):
        with pytest.raises(AqaBenchError, match="has the wrong type") as caught:
            plugin.load()
        assert expected in str(caught.value.expected)
        assert caught.value.found == found


def test_the_class_behind_a_card_is_loaded() -> None:
    assert find_method("constant").load().__name__ == "Constant"
    assert find_method("constant").package == "aqa_bench.methods.constant"
