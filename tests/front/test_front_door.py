"""``import aqa_bench`` is cheap, and offers what it says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import aqa_bench as aqa
from aqa_bench.core.code_digest import computing_code

STUB = Path(aqa.__file__).with_suffix(".pyi")
HEAVY = {"torch", "pandas", "numpy", "scipy", "sklearn", "pydantic", "matplotlib", "av", "typer", "rich"}


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after some code."""
    probe = f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", probe], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_the_import_loads_nothing_heavy() -> None:
    loaded = modules_after("import aqa_bench; dir(aqa_bench)")
    assert "aqa_bench" in loaded
    assert not loaded & HEAVY


def test_cards_need_no_arrays_and_scores_no_torch() -> None:
    assert not modules_after("import aqa_bench; aqa_bench.list_methods()") & {"torch", "pandas", "matplotlib"}
    assert "torch" not in modules_after(
        "import aqa_bench; aqa_bench.evaluate; aqa_bench.leaderboard; aqa_bench.run"
    )


def test_every_name_is_there_and_documented() -> None:
    assert sorted(dir(aqa)) == sorted(aqa.__all__)
    for name in aqa.__all__:
        thing = getattr(aqa, name)
        if callable(thing):
            assert thing.__doc__, name
            assert thing.__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        aqa.evalute  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_are_shown_the_same_names() -> None:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    shown = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    plain = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]
    assert shown.keys() | plain == set(aqa.__all__)
    for name, full in shown.items():
        thing = getattr(aqa, name)
        assert f"{thing.__module__}.{thing.__qualname__}" == full


def test_no_run_computes_with_the_front_door() -> None:
    """An edit to it makes no result one of other code."""
    code = computing_code("aqa_bench.methods.constant.method:Constant", ["aqa_bench.protocol.runner"])
    assert "aqa_bench" in code.harness
    assert "aqa_bench.protocol.runner" in code.harness
    assert not [name for name in code.harness if name.startswith("aqa_bench.front")]
