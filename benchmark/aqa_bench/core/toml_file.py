"""Reads a small TOML file that anybody may have written: in bounded time, or not at all.

Its texts are single lines without control characters, so that they can be printed as they are.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aqa_bench.core.errors import UsageError

__all__ = ["read_toml", "read_toml_as"]

M = TypeVar("M", bound=BaseModel)

_LARGEST = 64 * 1024
_DEEPEST = 16
_DOTS = 64


def read_toml(file: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no TOML, over 64 KiB, or built to be slow to read, or has a text that
            is not one printable line; the text says which.
    """
    with file.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes")
    # tomllib takes the square of a key's parts, and more: 16 s for a key of 64 KiB.
    if any(line.count(b".") > _DOTS for line in content.splitlines()):
        raise ValueError(f"a line with more than {_DOTS} dots")
    try:
        found = tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("values nested too deeply") from None
    level: list[object] = [found]
    for _ in range(_DEEPEST):
        for value in level:
            if isinstance(value, str) and not value.isprintable():
                raise ValueError(f"text that is not one line of printable characters: {value[:60]!r}")
        level = [inner for value in level for inner in _inside(value)]
    if level:
        raise ValueError(f"values nested more than {_DEEPEST} deep")
    return found


def read_toml_as(model: type[M], file: Path, name: str) -> M:
    """A file that follows a schema.

    Args:
        model: The schema.
        file: The file.
        name: What it is called in errors, e.g. ``suite``.

    Raises:
        UsageError: It is missing, no TOML, or does not follow the schema.
    """
    try:
        return model.model_validate(read_toml(file))
    except OSError as error:
        raise UsageError(
            f"The {name} does not exist.", where=file, expected="a TOML file", found=error.strerror
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"The {name} does not follow its schema.",
            where=f"{file}: {place}",
            expected=first["msg"],
            found=str(first["input"]),
        ) from error
    except ValueError as error:
        raise UsageError(
            f"The {name} cannot be read.", where=file, expected="TOML", found=str(error)
        ) from error


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
