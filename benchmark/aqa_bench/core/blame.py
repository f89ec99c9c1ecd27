"""Where in a plug-in an error arose."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

__all__ = ["plugin_place"]

_CARD: Final = "card.toml"
_DEPTH: Final = 3


def plugin_place(error: BaseException) -> str | None:
    """``FILE, line N`` of the innermost line of a plug-in that took part; None where none did.

    A module is a plug-in's if a ``card.toml`` lies beside it or at most two folders above.

    Args:
        error: What was raised. A SyntaxError names the file that cannot be parsed.
    """
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        places.append((error.filename, error.lineno))
    return next((f"{file}, line {line}" for file, line in reversed(places) if _of_plugin(file)), None)


def _of_plugin(file: str) -> bool:
    try:
        return any((folder / _CARD).is_file() for folder in list(Path(file).parents)[:_DEPTH])
    except OSError:
        # A confined worker may not look everywhere.
        return False
