"""Draw the rooms of the house from the code's own imports, as Mermaid.

Run ``python tools/rooms.py`` after rooms or their imports have changed: it writes the picture into
docs/architecture.md. With ``--check`` nothing is written, and the exit status is 1 where the page is not
current; with ``--print`` the picture goes to stdout. Every import counts, also those inside functions and
those for type checkers alone: who needs a name of a room knows that room.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

__all__ = [
    "PAGE",
    "circles",
    "floors",
    "imports",
    "main",
    "mermaid",
    "modules",
    "names_from",
    "page",
    "room_of",
    "rooms",
]

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
# Folders of a checkout by the packages that they are.
HOUSE = {"aqa_bench": "benchmark/aqa_bench", "aqa_bench.methods": "methods", "aqa_bench.datasets": "datasets"}
BEGIN, END = "<!-- tools/rooms.py: begin -->", "<!-- tools/rooms.py: end -->"

Graph = Mapping[str, frozenset[str]]

_PLUGINS = ("methods", "datasets")
# Rooms that are drawn with the rooms inside them.
_OPEN = ("boards", "learn")


@cache
def modules() -> Mapping[str, Path]:
    """The file of every module of the house by the module's name."""
    found: dict[str, Path] = {}
    for package, folder in HOUSE.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            inner = file.relative_to(ROOT / folder).with_suffix("").parts
            found.setdefault(".".join([package, *(part for part in inner if part != "__init__")]), file)
    return found


@cache
def imports() -> Graph:
    """The modules of the house that each module imports, wherever in its text."""
    return {name: frozenset(_imported(name, file)) - {name} for name, file in modules().items()}


def names_from(tree: ast.Module, module: str, file: Path) -> Iterator[tuple[str, str]]:
    """What a module imports with ``from ... import``: the name that it uses, and the full name."""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            yield from ((alias.asname or alias.name, f"{source}.{alias.name}") for alias in node.names)


def room_of(module: str) -> str | None:
    """The room that a module lies in, e.g. ``learn/losses``; None for plug-ins and the front door."""
    _, room, inner, *_ = [*module.split("."), "", ""]
    if room in _PLUGINS or not _is_package(f"aqa_bench.{room}"):
        return None
    return f"{room}/{inner}" if room in _OPEN and _is_package(f"aqa_bench.{room}.{inner}") else room


def rooms(within: str = "") -> Graph:
    """The rooms and, for each, the rooms that it knows.

    Args:
        within: Only rooms whose name begins with this, e.g. ``learn/``.
    """
    graph: dict[str, set[str]] = {}
    for module, known in imports().items():
        room = room_of(module)
        if room is not None and room.startswith(within):
            others = {other for other in map(room_of, known) if other and other.startswith(within)}
            graph.setdefault(room, set()).update(others - {room})
    return {room: frozenset(others) for room, others in sorted(graph.items())}


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Sets of nodes that reach each other, the largest first; none in a graph without circles."""
    reached = {node: _reached(graph, node) for node in graph}
    found = {
        tuple(sorted(other for other in reached[node] if node in reached[other]))
        for node in graph
        if node in reached[node]
    }
    return sorted(found, key=lambda circle: (-len(circle), circle))


def floors(graph: Graph) -> dict[str, int]:
    """The floor of every node: 1 for those that know none, else one above the highest that they know.

    Raises:
        ValueError: The graph has a circle.
    """
    floor: dict[str, int] = {}
    try:
        for node in TopologicalSorter(graph).static_order():
            floor[node] = 1 + max((floor[other] for other in graph[node]), default=0)
    except CycleError as error:
        raise ValueError(f"A circle: {' -> '.join(error.args[1])}") from error
    return floor


def mermaid() -> str:
    """The rooms as a Mermaid flowchart; an arrow points to the room that is known.

    Arrows between a room inside another and one outside it are drawn from or to the outer room.
    """
    graph = rooms()
    outer: dict[str, set[str]] = {}
    for room, known in graph.items():
        outer.setdefault(_outer(room), set()).update({*map(_outer, known)} - {_outer(room)})
    lines = ["flowchart TD"]
    for name in outer:
        inner = {room: graph[room] for room in graph if _outer(room) == name}
        if len(inner) == 1:
            lines.append(f"  {name}")
        else:
            lines.append(f"  subgraph {name}")
            arrows = {(room, other) for room in inner for other in inner[room] if other in inner}
            # A package that holds nothing but packages is no room of its own.
            met = {room for arrow in arrows for room in arrow} | (inner.keys() - {name})
            lines += [f'    {_node(room)}["{_label(room)}"]' for room in sorted(met)]
            lines += [f"    {_node(room)} --> {_node(other)}" for room, other in sorted(arrows)]
            lines.append("  end")
    lines += [f"  {name} --> {other}" for name, known in outer.items() for other in sorted(known)]
    return "\n".join(lines)


def page(text: str) -> str:
    """A page's text with the picture of today between its marks.

    Raises:
        ValueError: The marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page has no place for the picture: {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n```mermaid\n{mermaid()}\n```\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the page, check it with ``--check``, or print the picture with ``--print``."""
    if arguments == ["--print"]:
        print(mermaid())
        return 0
    text = PAGE.read_text(encoding="utf-8")
    if arguments == ["--check"]:
        current = page(text) == text
        print(f"{PAGE}: {'current' if current else 'not current; run python tools/rooms.py'}")
        return 0 if current else 1
    PAGE.write_text(page(text), encoding="utf-8")
    print(f"written: {PAGE}")
    return 0


def _outer(room: str) -> str:
    return room.partition("/")[0]


def _node(room: str) -> str:
    # A node must not have the name of the subgraph that it lies in.
    return room.replace("/", "_") if "/" in room else f"{room}_itself"


def _label(room: str) -> str:
    return room.partition("/")[2] or f"{room}/*.py"


def _is_package(module: str) -> bool:
    return module in modules() and modules()[module].name == "__init__.py"


def _reached(graph: Graph, start: str) -> frozenset[str]:
    seen: set[str] = set()
    todo = [*graph[start]]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(graph[node])
    return frozenset(seen)


def _imported(module: str, file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
    for _, name in names_from(tree, module, file):
        # What is imported from a package is one of its modules, or a name that it defines.
        yield from [found for found in (name, name.rpartition(".")[0]) if found in modules()][:1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
