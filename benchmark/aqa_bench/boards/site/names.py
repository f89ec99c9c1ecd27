"""Names of files and anchors."""

from __future__ import annotations

import re
from collections.abc import Collection
from hashlib import sha256

from aqa_bench.boards.model import Row
from aqa_bench.boards.site.words import entry_name
from aqa_bench.core.record import RowKind

__all__ = ["page_of", "row_page", "slug"]

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


def slug(name: str) -> str:
    """A name as part of a path or an anchor; names that had to be changed stay distinct.

    >>> slug("pose-tdm")
    'pose-tdm'
    >>> slug("../a b")
    'a-b-2c2c791a'
    """
    kept = _UNFIT.sub("-", name.replace("/", "-")).strip("-")
    if kept == name or kept == name.replace("/", "-"):
        return kept
    return f"{kept}-{sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def page_of(name: str) -> str:
    """Page of a method or an ensemble."""
    return f"methods/{slug(name)}.html"


def row_page(row: Row, pages: Collection[str]) -> str:
    """Page of the row itself where it has one, else of its method; empty where there is neither.

    Args:
        row: The row.
        pages: Names of methods and ensembles that have a page.
    """
    if row.kind is RowKind.REPORTED:
        return ""
    return next((page_of(name) for name in (entry_name(row), row.method) if name in pages), "")
