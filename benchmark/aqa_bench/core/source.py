"""What a Python source computes: its parsed code without comments and docstrings, and what it imports."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes

__all__ = ["ParsedSource", "parse_source"]


@dataclass(frozen=True, slots=True)
class ParsedSource:
    """A source without what a computer does not read.

    Attributes:
        sha256: Hex SHA-256 of the parsed code.
        imports: Full names that may be modules it needs, wherever in its text: of ``import`` and ``from``
            statements, and of texts that name a module, as a plug-in's ``factory`` does. Imports for type
            checkers alone are not among them.
    """

    sha256: str
    imports: frozenset[str]


def parse_source(path: Path, module: str) -> ParsedSource:
    """Parse a source file.

    The code is written out from its syntax tree, so that comments, line breaks, quotes and the texts that
    stand alone as a statement (docstrings) do not matter, nor do fields that a later Python adds to the tree
    and leaves empty.

    Args:
        path: The file.
        module: Its full name as a module; relative imports are read from it.

    Raises:
        DataError: The file cannot be read or parsed.
    """
    try:
        with _no_collection():
            reader = _Reader(module if path.name == "__init__.py" else module.rpartition(".")[0])
            reader.read(ast.parse(path.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(
            "A source file cannot be read as Python.",
            where=path,
            expected="Python source",
            found=f"{type(error).__name__}: {error}",
            remedy="Correct it, or remove it from the package.",
        ) from error
    written = "".join(reader.out).encode("utf-8", "surrogatepass")
    return ParsedSource(sha256_bytes(written), frozenset(reader.imports))


class _Reader:
    """Writes a tree out, and notes imports on the way."""

    def __init__(self, package: str) -> None:
        self.out: list[str] = []
        self.imports: set[str] = set()
        self._package = package.split(".")

    def read(self, node: object) -> None:
        out = self.out
        if isinstance(node, ast.AST):
            kind = type(node)
            if (note := _NOTED.get(kind)) is not None:
                note(self, node)
            if isinstance(node, ast.If) and _for_type_checkers(node):
                # Whatever stands there is not computed with, and what it imports is not needed.
                node = ast.If(test=node.test, body=[], orelse=node.orelse)
            out.append(f"({kind.__name__}")
            for name in node._fields:
                if name in _NO_CODE:
                    continue
                value = getattr(node, name, None)
                if (value is None and kind is not ast.Constant) or value == []:
                    continue
                out.append(f" {name}=")
                self.read(value)
            out.append(")")
        elif isinstance(node, list):
            out.append("[")
            for item in node:
                if not _stands_alone(item):
                    self.read(item)
                    out.append(",")
            out.append("]")
        else:
            out.append(f"{type(node).__name__}:{node!r}")

    def _import(self, node: ast.Import) -> None:
        self.imports.update(alias.name for alias in node.names)

    def _import_from(self, node: ast.ImportFrom) -> None:
        above = self._package[: len(self._package) - node.level + 1] if node.level else []
        source = ".".join([*above, *filter(None, [node.module])])
        self.imports.update((source, *(f"{source}.{alias.name}" for alias in node.names)))

    def _constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            self.imports.add(node.value.partition(":")[0])


_MODULE = re.compile(r"(?=.{3,200}\Z)[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:\w+)?")
# ``kind`` is the u before a text; the others follow from where a node stands, or hold comments.
_NO_CODE = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_NOTED: dict[type, Callable[[_Reader, Any], None]] = {
    ast.Import: _Reader._import,
    ast.ImportFrom: _Reader._import_from,
    ast.Constant: _Reader._constant,
}


def _stands_alone(node: object) -> bool:
    """Whether it is a text, or ``pass``, as a statement: neither computes anything."""
    if isinstance(node, ast.Pass):
        return True
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _for_type_checkers(node: ast.If) -> bool:
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


@contextmanager
def _no_collection() -> Iterator[None]:
    # A syntax tree is many small objects: the collector would look through them again and again.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
