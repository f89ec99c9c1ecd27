from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from aqa_bench.cli import scaffold
from aqa_bench.cli.scaffold import create
from aqa_bench.core.errors import UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "benchmark" / "aqa_bench").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.mark.parametrize("kind", ["methods", "datasets"])
@pytest.mark.parametrize("name", ["a", "my-idea", "half-second-thought2"])
def test_what_is_written_can_be_read(root: Path, kind: str, name: str) -> None:
    written = create(kind, name, root)
    module = name.replace("-", "_")
    assert root / kind / module / "card.toml" in written
    if kind == "datasets":
        assert root / kind / module / "README.md" in written
        assert root / "tests" / kind / module / f"test_{module}.py" in written
    for file in written:
        text = file.read_text(encoding="utf-8")
        assert "$" not in text
        if file.suffix == ".py":
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 110, file
        elif file.suffix == ".toml":
            tomllib.loads(text)


def test_a_method_is_three_files_and_eighty_lines_at_most(root: Path) -> None:
    written = create("methods", "half-second-thought2", root)
    assert {file.name for file in written} == {"card.toml", "method.py", "recipes.toml"}
    lines = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in written}
    assert sum(lines.values()) <= 80
    assert lines["method.py"] > sum(lines.values()) / 2


@pytest.mark.parametrize("kind", ["methods", "datasets"])
@pytest.mark.parametrize(
    "name",
    ["", "My-idea", "my_idea", "2fast", "-x", "x-", "a--b", "class", "../x", "a/b", "é", "x" * 21, "a\n"],
)
def test_a_name_that_cannot_be_is_refused(root: Path, kind: str, name: str) -> None:
    with pytest.raises(UsageError, match="cannot have this name"):
        create(kind, name, root)
    assert not (root / kind).exists()


@pytest.mark.parametrize(("kind", "name"), [("methods", "prior"), ("datasets", "stick-figures")])
def test_a_name_that_is_taken_is_refused(root: Path, kind: str, name: str) -> None:
    with pytest.raises(UsageError, match="already"):
        create(kind, name, root)


@pytest.mark.parametrize("place", ["methods/my_idea", "tests/methods/my_idea"])
def test_nothing_is_overwritten(root: Path, place: str) -> None:
    file = root / place / "mine.py"
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(UsageError, match="nothing was written"):
        create("methods", "my-idea", root)
    assert list(root.rglob("*.py")) == [file]


def test_outside_of_a_checkout_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaffold, "checkout_root", lambda: None)
    with pytest.raises(UsageError, match="no checkout") as caught:
        create("methods", "my-idea")
    assert "--root" in str(caught.value.remedy)
    with pytest.raises(UsageError, match="no checkout"):
        create("methods", "my-idea", tmp_path)


def test_the_command_says_what_it_wrote(cli, root: Path) -> None:
    answer = cli("new", "dataset", "my-squats", "--root", root, "--json")
    assert answer.code == 0
    assert all(Path(path).is_file() for path in answer.document["written"])
    assert cli("new", "dataset", "my-squats", "--root", root).code == 2
