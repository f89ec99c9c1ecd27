"""The index that ``dataset prepare`` leaves in a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from aqa_bench.core.bounded import DOCUMENT_BYTES, read_bounded
from aqa_bench.core.errors import DataError

__all__ = ["read_index_file"]

IndexT = TypeVar("IndexT", bound=BaseModel)


def read_index_file(path: Path, kind: type[IndexT], name: str) -> IndexT | None:
    """Read an index.

    Args:
        path: A JSON file.
        kind: What it holds.
        name: Id of the family or dataset, for the message.

    Returns:
        The index; None where there is none.

    Raises:
        DataError: It is damaged, or another version wrote it.
    """
    try:
        return kind.model_validate_json(read_bounded(path, 4 * DOCUMENT_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(
            f"The index of {name} is damaged.",
            where=path,
            expected="an index written by this version of aqa-bench dataset prepare",
            found=error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror,
            remedy=f"Delete it and prepare again: aqa-bench dataset prepare {name} --source PATH",
        ) from error
