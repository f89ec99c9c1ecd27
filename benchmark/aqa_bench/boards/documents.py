"""Reading a generated document of a leaderboard's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError

__all__ = ["read_document"]

Document = TypeVar("Document", bound=BaseModel)


def read_document(file: Path, kind: type[Document]) -> Document | None:
    """What ``leaderboard build`` wrote; None where there is no such file.

    Raises:
        DataError: The file cannot be read.
    """
    if not file.is_file():
        return None
    try:
        return kind.model_validate_json(read_bounded(file))
    except (OSError, ValueError) as error:
        raise DataError(
            "A leaderboard's file cannot be read.",
            where=file,
            expected="a file written by aqa-bench leaderboard build",
            found=str(error).partition("\n")[0],
            remedy="Rebuild it with aqa-bench leaderboard build.",
        ) from error
