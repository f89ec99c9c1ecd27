"""The code behind a result: digests of a method's source and of the harness's source that it computes with.

Nothing is imported to find out: files are parsed, and imports are followed by name, lazy ones too. What
they reach outside this package and the method's own (PyTorch, a library of the method's author) counts by
its version in the record's environment, not by its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from aqa_bench.core.checkout import search_path
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, sha256_file
from aqa_bench.core.source import ParsedSource, parse_source

__all__ = ["CodeDigest", "ComputingCode", "computing_code"]

_HOUSE = "aqa_bench"
_ROOT = Path(__file__).resolve().parents[1]
_PLUGINS = ("methods", "datasets")
# Recipes are in the run-id, cards are described in the record, and nobody computes with prose. A method may
# read tables from any other text.
_NO_CODE = frozenset({"card.toml", "figure.toml", "recipes.toml"})
_PROSE = frozenset({".md", ".rst", ".pyi", ".typed"})


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CodeDigest(BaseModel):
    """What a run computed with.

    Two results are of the same code where ``method`` and ``harness`` agree. Docstrings and comments do not
    count; every other edit does.

    Attributes:
        method: Hex SHA-256 of all the code in the method's package.
        harness: Hex SHA-256 of this package's code that the method, the dataset's reader and the runner
            reach through imports.
        dirty: Whether any of these files differed from the revision that the record names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Sha256
    harness: Sha256
    dirty: bool = False

    def compare(self, other: CodeDigest | None) -> str | None:
        """What differs between two results' code, for a sentence; None where nothing does.

        Args:
            other: The other's; None where it is not known.

        >>> a, b = "a" * 64, "b" * 64
        >>> CodeDigest(method=a, harness=b).compare(CodeDigest(method=b, harness=b))
        'the code of the method'
        """
        if other is None:
            return "code that is not recorded"
        parts = [name for name in ("method", "harness") if getattr(self, name) != getattr(other, name)]
        return " and ".join(f"the code of the {part}" for part in parts) or None


@dataclass(frozen=True, slots=True)
class ComputingCode:
    """Files that a run computes with.

    Attributes:
        method: Digest of every file of the method's package, by its name there.
        harness: Digest of every module of this package that is reached, by its full name.
        files: All of these files.
    """

    method: Mapping[str, str]
    harness: Mapping[str, str]
    files: tuple[Path, ...]

    def digest(self, dirty: bool = False) -> CodeDigest:
        """Both digests."""
        method, harness = (
            sha256_bytes(canonical_json(dict(part)).encode()) for part in (self.method, self.harness)
        )
        return CodeDigest(method=method, harness=harness, dirty=dirty)


def computing_code(
    method: str | None, others: Iterable[str], without: frozenset[str] = frozenset()
) -> ComputingCode:
    """The code that a method computes with.

    Args:
        method: ``"package.module:Class"`` of the method; None where there is none, as in an ensemble.
        others: The same, or plain modules, of what else takes part: the dataset's reader and the runner.
        without: Modules of this package that are reached and take no part.

    Raises:
        DataError: The source of a plug-in is not there, or is no Python.
    """
    own = {} if method is None else dict(_package_files(method))
    digests: dict[str, str] = {}
    found: dict[str, Path] = {}
    todo: set[str] = {"aqa_bench"}
    for name, file in own.items():
        if file.suffix == ".py":
            source = _parsed(file, name)
            digests[name] = source.sha256
            todo |= source.imports
        else:
            digests[name] = sha256_file(file)
    for factory in others:
        module = factory.partition(":")[0]
        if module.partition(".")[0] == _HOUSE:
            todo.add(module)
        else:
            found |= {n: f for n, f in _package_files(factory) if f.suffix == ".py"}
    for name, file in found.items():
        todo |= _parsed(file, name).imports
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or name in without or name.partition(".")[0] != _HOUSE:
            continue
        seen.add(name)
        # Importing a module runs the packages that it lies in.
        todo.add(name.rpartition(".")[0])
        if name not in own and (place := _module_file(name)) is not None:
            found[name] = place
            todo |= _parsed(place, name).imports
    harness = {name: _parsed(file, name).sha256 for name, file in sorted(found.items())}
    return ComputingCode(digests, harness, tuple(sorted({*own.values(), *found.values()})))


def _package_files(factory: str) -> Iterator[tuple[str, Path]]:
    """Every file of a plug-in's package that may be computed with, by module name or path in it."""
    module = factory.partition(":")[0]
    parts = module.split(".")
    for folder, name in _package_folders(parts):
        for file in sorted(folder.rglob("*")):
            inner = file.relative_to(folder).parts
            if file.name in _NO_CODE or file.suffix in _PROSE:
                continue
            if any(part.startswith((".", "__pycache__")) for part in inner):
                continue
            if file.suffix == ".py":
                steps = [*inner[:-1], file.stem] if file.name != "__init__.py" else inner[:-1]
                yield ".".join([name, *steps]), file
            elif file.is_file():
                yield "/".join([name, *inner]), file
        return
    spec = find_spec(parts[0]) if parts[0] != _HOUSE else None
    if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
        yield parts[0], Path(spec.origin)
        return
    raise DataError(
        "The source code of a plug-in is missing, so its results cannot be identified.",
        where=factory,
        expected="a package or module of Python files",
        found="none",
        remedy="Install the plug-in from source.",
    )


def _package_folders(parts: list[str]) -> Iterator[tuple[Path, str]]:
    """Where the package of a plug-in may lie, and its name; a namespace is not a plug-in's own."""
    if parts[0] == _HOUSE:
        for folder in _plugin_folders(parts[1]):
            if (folder / parts[2]).is_dir():
                yield folder / parts[2], ".".join(parts[:3])
        return
    # Of a top-level name nothing is imported to find it.
    spec = find_spec(parts[0])
    folders = [] if spec is None else [Path(p) for p in spec.submodule_search_locations or ()]
    for depth in range(1, len(parts) + 1):
        for folder in folders:
            if (folder / "__init__.py").is_file():
                yield folder, ".".join(parts[:depth])
        folders = [f / parts[depth] for f in folders if depth < len(parts) and (f / parts[depth]).is_dir()]


def _module_file(name: str) -> Path | None:
    """The file of a module of this package; None where the name is not a module's."""
    parts = name.split(".")[1:]
    folders: Iterable[Path] = (_ROOT,)
    if len(parts) > 1 and parts[0] in _PLUGINS:
        folders, parts = _plugin_folders(parts[0]), parts[1:]
    for folder in folders:
        base = folder.joinpath(*parts)
        for file in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            if file.is_file():
                return file
    return None


def _plugin_folders(kind: str) -> list[Path]:
    return [Path(folder) for folder in search_path(kind, [str(_ROOT / kind)])]


def _parsed(file: Path, module: str) -> ParsedSource:
    status = file.stat()
    return _parsed_once(file, module, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=4096)
def _parsed_once(file: Path, module: str, _mtime: int, _size: int, _inode: int) -> ParsedSource:
    return parse_source(file, module)
