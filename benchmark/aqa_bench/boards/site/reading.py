"""Documents that the site shows, read through their schema."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from aqa_bench.core.errors import DataError

__all__ = ["read_document"]

M = TypeVar("M", bound=BaseModel)


def read_document(model: type[M], file: Path, name: str, writer: str) -> M | None:
    """A JSON document; None where there is none.

    Args:
        model: Its schema.
        file: The file.
        name: What it is called in errors, e.g. ``compared table``.
        writer: The command that writes it.

    Raises:
        DataError: The file is damaged.
    """
    if not file.is_file():
        return None
    try:
        return model.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise DataError(
            f"The {name} cannot be read.",
            where=file,
            expected=f"a file written by {writer}",
            found=str(error),
            remedy=f"Rebuild it with {writer}.",
        ) from error
