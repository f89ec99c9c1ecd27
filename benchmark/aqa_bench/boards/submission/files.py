"""What lies in a folder of submissions: two small plain files per run, and nothing else."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from aqa_bench.boards.runs import FILE_LIMIT, Problem
from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RECORD_LIMIT, RunRecord

__all__ = ["FILE_LIMIT", "FOLDER", "Findings", "parse_record", "place_of", "scan"]

FOLDER = "submissions"
"""Name of the folder whose paths repeat the records."""
_FILES = frozenset({RECORD_FILE, PREDICTIONS_FILE})
_TWO_FILES = f"{RECORD_FILE}, {PREDICTIONS_FILE}"
_SHOWN = 20


@dataclass
class Findings:
    """What a scan found.

    Attributes:
        runs: Folder of every run by its path; those alone whose two files can be read.
        problems: Everything that does not belong there.
    """

    runs: dict[str, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def place_of(path: Path) -> tuple[Path, str]:
    """The folder of submissions that a path belongs to, and the path below it.

    That folder is the nearest one called ``submissions``. Elsewhere it is the path itself, or, for a
    run's own folder, the one from which dataset, method and run-id of its record lead there.

    Args:
        path: A folder of submissions, any folder below one, or a file of a run.

    Returns:
        The folder and a path with forward slashes, ``"."`` for the whole.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link that is to be refused
    path = path.parent if path.name in _FILES else path
    for parent in (path, *path.parents):
        if parent.name == FOLDER:
            return parent, path.relative_to(parent).as_posix()
    file = path / RECORD_FILE
    if not file.is_file() or file.stat().st_size > RECORD_LIMIT:
        return path, "."
    try:
        record = parse_json(read_bounded(file))
        below = f"{record['dataset']}/{record['method']}/{record['run_id']}"
    except (OSError, ValueError, LookupError, TypeError):
        return path, "."
    # Whatever a record says, no folder is looked through that it does not lie in as it says.
    steps = below.split("/")
    return (path.parents[len(steps) - 1], below) if [*path.parts[-len(steps) :]] == steps else (path, ".")


def scan(root: Path, below: str = ".") -> Findings:
    """Find the runs below a folder without following a link.

    The runner's own working folders (``.suite`` and ``.<run-id>.partial`` directly in ``root``, and runs that
    it has set aside beside what took their place), which version control ignores, are passed over.

    Args:
        root: Folder of submissions.
        below: Path of the part to look at.
    """
    found = Findings()
    start = root / below
    if start.is_symlink():
        found.problems.append(_link(below, start))
        return found
    for place, folders, files in os.walk(start):
        here = Path(place)
        path = here.relative_to(root).as_posix()
        for name in sorted(folders):
            if (here / name).is_symlink():
                found.problems.append(_link(_join(path, name), here / name))
        folders[:] = sorted(
            name
            for name in folders
            if not (here / name).is_symlink() and not _is_working_folder(name, here == root)
        )
        problems = list(_file_problems(here, path, sorted(files)))
        found.problems += problems
        present = _FILES & set(files)
        if present and present != _FILES:
            found.problems.append(_not_two(path, f"no {min(_FILES - present)}"))
        elif present and not any(p.path in {_join(path, name) for name in _FILES} for p in problems):
            found.runs[path] = here
    return found


def parse_record(text: str, path: str) -> RunRecord | list[Problem]:
    """Read a record more strictly than JSON asks for.

    Args:
        text: Content of ``run.json``.
        path: The run's path, for the problems.

    Returns:
        The record, or what is wrong with it: text that is not JSON, a key that stands twice, NaN or an
        infinity anywhere, or what the schema does not allow.
    """
    where = f"{path}/{RECORD_FILE}"
    try:
        json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_distinct_keys)
    except _SpecialValueError as error:
        return [_problem(where, "every number is finite", "no NaN and no infinity", str(error))]
    except (ValueError, RecursionError) as error:
        return [_problem(where, "the record is JSON", "one JSON object without repeated keys", str(error))]
    try:
        return RunRecord.model_validate_json(text, strict=True)
    except ValidationError as error:
        return [
            _problem(
                ": ".join(filter(None, (where, ".".join(map(str, detail["loc"]))))),
                "the record follows the schema",
                detail["msg"],
                _short(detail.get("input")),
            )
            for detail in error.errors()[:_SHOWN]
        ]


def _file_problems(here: Path, path: str, names: list[str]) -> Iterator[Problem]:
    for name in names:
        file, shown = here / name, _join(path, name)
        status = file.lstat()
        if stat.S_ISLNK(status.st_mode):
            yield _link(shown, file)
        elif not stat.S_ISREG(status.st_mode):
            yield _problem(shown, "no links and no devices", "a plain file", "something else")
        elif name not in _FILES:
            yield _not_two(path, name)
        elif status.st_size > (limit := RECORD_LIMIT if name == RECORD_FILE else FILE_LIMIT):
            yield _problem(shown, "a file is small", f"at most {limit} bytes", f"{status.st_size} bytes")


# Of a run that is not whole; of runs that were kept aside when they were made again.
_UNFINISHED = re.compile(r"\.suite|\..+\.partial")
_ASIDE = re.compile(r"\..+\.((damaged|other-code)(\.\d+)?|old\..+)")


def _is_working_folder(name: str, at_root: bool) -> bool:
    return bool(_ASIDE.fullmatch(name) or (at_root and _UNFINISHED.fullmatch(name)))


def _join(path: str, name: str) -> str:
    return name if path == "." else f"{path}/{name}"


def _link(path: str, file: Path) -> Problem:
    return _problem(path, "no links and no devices", "a plain file or folder", f"a link to {file.readlink()}")


def _not_two(path: str, found: str) -> Problem:
    return _problem(path, "a run is two files", _TWO_FILES, found)


def _problem(path: str, rule: str, expected: str, found: str) -> Problem:
    return Problem(path=path, rule=rule, expected=expected, found=found)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


class _SpecialValueError(ValueError):
    """A number that is none."""


def _no_constant(text: str) -> NoReturn:
    raise _SpecialValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _SpecialValueError(text)
    return value


def _distinct_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {_short(key)} twice")
        found[key] = value
    return found
