"""Names of files and anchors."""

from __future__ import annotations

import re
from hashlib import sha256

__all__ = ["slug"]

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
