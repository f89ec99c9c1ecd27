"""The shape of the house: what its rooms know of each other, and how much a reader has to read."""

from __future__ import annotations

import ast
import importlib.util
import statistics
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]

MOST_ROOMS, MOST_ARROWS, MOST_FLOORS = 12, 30, 5
LONGEST_MODULE, MEDIAN_MODULE = 400, range(80, 131)
MOST_FILES = {"cvcspc": 55, "md": 58}
MOST_CLASSES_BETWEEN = 2
# Modules that may know each other, with the reason.
ALLOWED_CIRCLES: Mapping[tuple[str, ...], str] = {}


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"house_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


house = _tool("rooms")
closure = _tool("closure")


@pytest.mark.parametrize(("method", "most"), MOST_FILES.items())
def test_a_reader_of_a_method_meets_few_files(method: str, most: int) -> None:
    assert len(closure.closure(method)) <= most


def test_the_closure_of_a_method_is_what_its_import_needs() -> None:
    found = {file.relative_to(ROOT).as_posix(): lines for file, lines in closure.closure("constant").items()}
    assert "methods/constant/method.py" in found
    assert "benchmark/aqa_bench/core/method.py" in found
    assert not any(name.startswith(("benchmark/aqa_bench/learn", "tools", "tests")) for name in found)
    for name, lines in found.items():
        assert lines == len((ROOT / name).read_text(encoding="utf-8").splitlines()) > 0


def test_the_closure_is_printed_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert closure.main(["prior", "--list"]) == 0
    *listed, last = capsys.readouterr().out.splitlines()
    files, _, lines, _ = last.removeprefix("prior: ").split()
    assert len(listed) == int(files)
    assert sum(int(line.split()[0]) for line in listed) == int(lines.replace(",", ""))


def test_learn_has_few_rooms() -> None:
    assert len(house.rooms("learn/")) <= MOST_ROOMS


def test_few_arrows_lie_between_the_rooms_of_learn() -> None:
    assert sum(map(len, house.rooms("learn/").values())) <= MOST_ARROWS


def test_the_rooms_of_learn_lie_on_few_floors() -> None:
    assert max(house.floors(house.rooms("learn/")).values()) <= MOST_FLOORS


def test_no_two_rooms_know_each_other() -> None:
    assert house.circles(house.rooms()) == []


def test_no_two_modules_know_each_other() -> None:
    assert {*house.circles(house.imports())} == {*ALLOWED_CIRCLES}


def test_no_module_is_long_and_none_is_scattered() -> None:
    sizes = {
        name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in house.modules().items()
    }
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE} == {}
    assert int(statistics.median(size for size in sizes.values() if size)) in MEDIAN_MODULE


@pytest.mark.parametrize("base", ["aqa_bench.core.method.Method", "aqa_bench.core.recipe.Recipe"])
def test_no_class_stands_on_a_tower(base: str) -> None:
    heights = {name: _between(name, base) for name in _classes()}
    assert any(height is not None for height in heights.values())
    assert {n: h for n, h in heights.items() if h is not None and h > MOST_CLASSES_BETWEEN} == {}


def test_the_towers_are_those_that_python_builds() -> None:
    """Read from the text and from the classes themselves, the ancestors are the same."""
    from aqa_bench.core.method import Method
    from aqa_bench.core.registry import find_method

    for name in ("pose-tdm", "stgcn-ocsvm", "constant", "metadata"):
        kind = find_method(name).load()
        ours = {f"{k.__module__}.{k.__qualname__}" for k in kind.__mro__ if k.__module__.startswith("aqa_")}
        read = _ancestors(f"{kind.__module__}.{kind.__qualname__}")
        assert read == ours
        assert f"{Method.__module__}.Method" in read


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("import aqa_bench.core.task", {"aqa_bench.core.task"}),
        ("from aqa_bench.core import task, sample", {"aqa_bench.core.task", "aqa_bench.core.sample"}),
        ("from aqa_bench.core.task import Task", {"aqa_bench.core.task"}),
        ("from aqa_bench.media.frame_store import fill", {"aqa_bench.media.frame_store.fill"}),
        ("from .method import CVCSPC\nimport numpy", {"aqa_bench.methods.cvcspc.method"}),
        ("from ..md import method", {"aqa_bench.methods.md.method"}),
        ("from ...core.task import Task", {"aqa_bench.core.task"}),
        ("def late():\n    from aqa_bench.core import task", {"aqa_bench.core.task"}),
        ("if TYPE_CHECKING:\n    from aqa_bench.core.task import Task", {"aqa_bench.core.task"}),
    ],
)
def test_every_kind_of_import_counts(text: str, imported: set[str], tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(text, encoding="utf-8")
    assert set(house._imported("aqa_bench.methods.cvcspc.other", file)) == imported


def test_circles_and_floors_of_a_graph() -> None:
    tree = {"a": {"b", "c"}, "b": {"c"}, "c": frozenset(), "d": {"c"}}
    assert house.circles(tree) == []
    assert house.floors(tree) == {"c": 1, "b": 2, "d": 2, "a": 3}
    ring = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": frozenset()}
    assert house.circles(ring) == [("b", "c")]
    with pytest.raises(ValueError, match="circle"):
        house.floors(ring)


def test_a_room_is_a_package_below_ours() -> None:
    assert house.room_of("aqa_bench.learn.losses.triplet") == "learn/losses"
    assert house.room_of("aqa_bench.media.frame_store.build") == "media"
    assert house.room_of("aqa_bench.boards.model") == "boards"
    assert house.room_of("aqa_bench.methods.md.method") is None
    assert house.room_of("aqa_bench") is None


def test_the_picture_in_the_docs_is_of_today() -> None:
    text = house.PAGE.read_text(encoding="utf-8")
    assert house.page(text) == text, "run python tools/rooms.py"


def test_the_picture_shows_every_room_and_arrow() -> None:
    lines = {line.strip() for line in house.mermaid().splitlines()}
    for room, known in house.rooms().items():
        for other in known:
            outer, others = room.partition("/")[0], other.partition("/")[0]
            inside = f"{house._node(room)} --> {house._node(other)}"
            assert (inside if outer == others else f"{outer} --> {others}") in lines
        if "/" in room:
            assert f'{house._node(room)}["{room.partition("/")[2]}"]' in lines
        else:
            assert lines & {room, f"subgraph {room}"}


def test_a_stale_picture_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "page.md"
    old.write_text(f"# A page\n\n{house.BEGIN}\nan old picture\n{house.END}\n\nText.\n", encoding="utf-8")
    monkeypatch.setattr(house, "PAGE", old)
    assert house.main(["--check"]) == 1
    assert house.main([]) == 0
    assert house.main(["--check"]) == 0
    assert old.read_text(encoding="utf-8").startswith("# A page\n")
    assert old.read_text(encoding="utf-8").endswith("\n\nText.\n")
    with pytest.raises(ValueError, match="no place"):
        house.page("# A page without marks")


@cache
def _classes() -> Mapping[str, tuple[str, ...]]:
    """Every class of the house by its full name, with the full names of its bases."""
    found: dict[str, tuple[str, ...]] = {}
    for module, file in house.modules().items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = dict(house.names_from(tree, module, file))
        defined = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        names |= {node.name: f"{module}.{node.name}" for node in defined}
        for node in defined:
            plain = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
            found[names[node.name]] = tuple(names.get(ast.unparse(b), ast.unparse(b)) for b in plain)
    return found


def _ancestors(name: str) -> set[str]:
    """The class and its ancestors, as far as they are of this project."""
    bases = _classes().get(name)
    return set() if bases is None else {name}.union(*map(_ancestors, bases))


def _between(name: str, base: str) -> int | None:
    """Classes on the longest path between a class and its base; None where it is not its base."""
    heights = []
    for parent in _classes().get(name, ()):
        below = _between(parent, base)
        if parent == base:
            heights.append(0)
        elif below is not None:
            heights.append(1 + below)
    return max(heights, default=None)
