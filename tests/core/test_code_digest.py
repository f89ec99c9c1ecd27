from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aqa_bench.core.code_digest import CodeDigest, computing_code
from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.protocol.run_code import _computing


def code(method: str, dataset: str = "stick-figures"):
    return _computing(find_method(method), [dataset])


def test_the_code_is_what_imports_reach_lazy_ones_too() -> None:
    found = code("cvcspc", "synthetic-gym")
    assert "aqa_bench.methods.cvcspc.method" in found.method
    assert {
        "aqa_bench",
        "aqa_bench.stats.metrics",
        "aqa_bench.protocol.custody",
        "aqa_bench.learn.training.loop",
        "aqa_bench.datasets.synthetic_gym.adapter",
        # The gym reads the layout of the real release.
        "aqa_bench.datasets.fitness_aqa.adapter",
        # Imported within functions.
        "aqa_bench.learn.backbones.weight_files",
    } <= set(found.harness)
    rooms = {name.split(".")[1] for name in found.harness if "." in name}
    assert not rooms & {"boards", "cli", "coach"}
    assert not any(name.startswith("aqa_bench.methods.") for name in found.harness)
    assert all(file.is_file() for file in found.files)


def test_a_control_does_not_depend_on_what_learns() -> None:
    assert not any(
        n.startswith(("aqa_bench.learn.training", "aqa_bench.learn.heads")) for n in code("constant").harness
    )


def test_only_methods_that_look_at_pictures_depend_on_the_finder_of_lifters() -> None:
    finder = {"aqa_bench.learn.lifter.finder", "aqa_bench.learn.lifter.train"}
    assert finder <= set(code("half-cycle-difference", "synthetic-gym").harness)
    assert not finder & set(code("pose-trainer-rules").harness)


def test_the_static_reach_holds_all_that_importing_the_method_pulls_in() -> None:
    import importlib.util

    tool = Path(__file__).parents[2] / "tools" / "closure.py"
    spec = importlib.util.spec_from_file_location("closure_of_digests", tool)
    assert spec is not None
    assert spec.loader is not None
    closure = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(closure)
    assert {file.resolve() for file in closure.closure("cvcspc")} <= {
        f.resolve() for f in code("cvcspc").files
    }


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package outside the tree that must not be imported."""
    folder = tmp_path / "my_idea"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('imported')\n")
    (folder / "method.py").write_text('"""Words."""\nfrom aqa_bench.learn.losses import supervised\n')
    (folder / "inner" / "helper.py").write_text("A = 1\n")
    (folder / "recipes.toml").write_text("[quick]\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def digest(factory: str = "my_idea.method:Idea") -> CodeDigest:
    return computing_code(factory, ["aqa_bench.protocol.custody"]).digest()


def test_a_plugin_outside_the_tree_counts_by_its_package_and_is_not_imported(plugin: Path) -> None:
    found = computing_code("my_idea.method:Idea", [])
    assert set(found.method) == {"my_idea", "my_idea.method", "my_idea.inner.helper"}
    assert "aqa_bench.learn.losses.supervised" in found.harness
    assert "my_idea" not in sys.modules


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("method.py", '"""Other words."""\nfrom aqa_bench.learn.losses import supervised  # why\n'),
        ("recipes.toml", "[quick]\nepochs = 3\n"),
        ("README.md", "words"),
        ("__pycache__/method.cpython-311.pyc", "bytes"),
        (".cache/what", "bytes"),
    ],
)
def test_words_recipes_and_byproducts_are_not_code(plugin: Path, file: str, text: str) -> None:
    before = digest()
    (plugin / file).parent.mkdir(exist_ok=True)
    (plugin / file).write_text(text)
    assert digest() == before
    assert digest().compare(before) is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("inner/helper.py", "A = 2\n"),
        ("new.py", "B = 1\n"),
        ("table.json", "[1]"),
        ("limits.toml", "knee = 90\n"),
        ("words.txt", "down\n"),
        # Imported as it is where there is no source beside it.
        ("inner/other.pyc", "bytes"),
    ],
)
def test_code_and_data_of_the_package_are_code(plugin: Path, file: str, text: str) -> None:
    before = digest()
    (plugin / file).write_text(text)
    after = digest()
    assert after.method != before.method
    assert after.harness == before.harness
    assert before.compare(after) == "the code of the method"


def test_a_new_import_of_the_house_is_harness(plugin: Path) -> None:
    before = digest()
    (plugin / "inner" / "helper.py").write_text("from aqa_bench.media import clips\nA = 1\n")
    assert before.compare(digest()) == "the code of the method and the code of the harness"


def test_a_single_module_is_a_plugin_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lone_idea.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(computing_code("lone_idea:Idea", []).method) == {"lone_idea"}


def test_a_namespace_is_not_a_plugins_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / "lab_space" / name).mkdir(parents=True)
        (tmp_path / "lab_space" / name / "__init__.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(computing_code("lab_space.ours:Idea", []).method) == {"lab_space.ours"}


def test_a_plugin_without_source_is_refused() -> None:
    with pytest.raises(DataError, match=r"source code of a plug-in(.|\n)*no_such_package"):
        computing_code("no_such_package.method:Idea", [])


def test_code_that_is_not_recorded_differs() -> None:
    known = CodeDigest(method="a" * 64, harness="b" * 64)
    assert known.compare(None) == "code that is not recorded"
    assert known.compare(CodeDigest(method="a" * 64, harness="b" * 64, dirty=True)) is None
