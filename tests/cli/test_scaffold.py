from __future__ import annotations

import ast
import importlib.util
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from aqa_bench.cli import scaffold
from aqa_bench.cli.scaffold import create
from aqa_bench.core import registry
from aqa_bench.core.errors import UsageError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.sample import LabeledSet


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


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkout") as caught:
        create("methods", "my-idea", tmp_path)
    assert "--root" in str(caught.value.remedy)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder of somebody whose benchmark is installed."""
    monkeypatch.setattr(scaffold, "checkout_root", lambda: None)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    monkeypatch.undo()
    registry.refresh()


def announced(folder: Path, kind: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``pip install -e`` leaves: the folder on the path, and the entry points that it declares."""
    told = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert told["entry-points"] == {f"aqa_bench.{kind}": {module: module}}
    info = folder / f"{module}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[aqa_bench.{kind}]\n{module} = {module}\n")
    monkeypatch.syspath_prepend(folder)
    registry.refresh()


def test_an_installed_benchmark_writes_a_method_of_its_own_package(
    cli, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = cli("new", "method", "idea-outside")
    assert answer.code == 0
    assert "pip install -e idea-outside" in answer.out
    announced(installed / "idea-outside", "methods", "idea_outside", monkeypatch)
    assert "idea-outside" in cli("list", "methods").out
    plugin = registry.find_method("idea-outside")
    kind = plugin.load()
    dataset = registry.open_dataset("stick-figures/shoulder-press")
    samples, targets = dataset.samples("form"), dataset.targets("form")
    known = LabeledSet(tuple(samples.values()), np.array(list(targets.values())))
    ctx = FitContext(
        dataset.card.id, dataset.card.tasks[0], "r0f0", 0, "cpu", installed, method="idea-outside"
    )
    recipe = load_recipe(plugin.folder, kind.recipe_type(), "quick")
    scores = kind(recipe).fit(known, LabeledSet((), np.empty(0)), (), ctx).predict(list(samples.values()))
    assert roc_auc_score(known.targets, scores) > 0.7
    assert cli("new", "method", "idea-outside").code == 2


def test_and_a_dataset_with_a_test_that_passes(cli, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("new", "dataset", "squats-outside").code == 0
    folder = installed / "squats-outside"
    announced(folder, "datasets", "squats_outside", monkeypatch)
    assert cli("dataset", "verify", "squats-outside/example").code == 0
    # Its own test, as pytest would do it.
    file = folder / "tests" / "test_squats_outside.py"
    spec = importlib.util.spec_from_file_location("test_squats_outside", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.SquatsOutside()
    module.test_splits_keep_groups_whole(made, "form", "folds")
    module.test_every_sample_has_a_target_and_can_be_read(made)
    module.test_the_content_is_the_same_every_time(made)


def test_the_command_says_what_it_wrote(cli, root: Path) -> None:
    answer = cli("new", "dataset", "my-squats", "--root", root, "--json")
    assert answer.code == 0
    assert all(Path(path).is_file() for path in answer.document["written"])
    assert cli("new", "dataset", "my-squats", "--root", root).code == 2
