"""Where submissions and leaderboards lie when nobody says so."""

from __future__ import annotations

from pathlib import Path

from aqa_bench.core.checkout import shipped_folder
from aqa_bench.core.errors import DataError

__all__ = ["leaderboards_folder", "submissions_folder"]


def submissions_folder(given: str | Path | None = None) -> Path | None:
    """The folder named, else ``submissions`` here, else the checkout's; None where there is none.

    Raises:
        DataError: The folder named does not exist.
    """
    return _folder("submissions", given)


def leaderboards_folder(given: str | Path | None = None) -> Path | None:
    """The folder named, else ``leaderboards`` here, else those that come with the benchmark.

    Raises:
        DataError: The folder named does not exist.
    """
    return _folder("leaderboards", given)


def _folder(name: str, given: str | Path | None) -> Path | None:
    if given is not None and not Path(given).is_dir():
        raise DataError(f"There is no folder of {name}.", where=given, found="no such folder")
    if given is not None:
        return Path(given)
    return next((place for place in (Path(name), shipped_folder(name)) if place.is_dir()), None)
