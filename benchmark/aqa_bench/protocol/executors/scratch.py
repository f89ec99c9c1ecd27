"""Decoded frames on a node's own disk: taken there from the shared cache, and given up where it is full."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from aqa_bench.core.paths import SCRATCH, cache_home

__all__ = ["RESERVE", "in_the_cache", "is_full", "on_scratch"]

RESERVE: Final = 256 << 20
"""Bytes that stay free on a node's disk: with less, it counts as full."""
_log = logging.getLogger(__name__)


@contextmanager
def on_scratch(place: str | None) -> Iterator[Path | None]:
    """Keep decoded frames on this machine's own disk within the block, if it can be written to.

    What the shared cache has of them is copied there first, as far as there is room.

    Args:
        place: The folder; variables in it are filled in. None leaves frames in the cache.

    Yields:
        The folder; None where frames stay in the cache.
    """
    folder = None if place is None else Path(os.path.expandvars(place)).expanduser()
    if folder is None or not _usable(folder):
        yield None
        return
    with _frames_in(str(folder)):
        _stage(cache_home() / "frames", folder / "frames")
        yield folder


def in_the_cache() -> AbstractContextManager[None]:
    """Keep decoded frames in the cache within the block."""
    return _frames_in("")


@contextmanager
def _frames_in(place: str) -> Iterator[None]:
    before = os.environ.get(SCRATCH, "")
    os.environ[SCRATCH] = place
    try:
        yield
    finally:
        os.environ[SCRATCH] = before


def is_full(folder: Path) -> bool:
    """Whether next to nothing is free on a folder's disk."""
    return shutil.disk_usage(folder).free < RESERVE


def _usable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK) and not is_full(folder):
            return True
        why = "it is full or cannot be written to"
    except OSError as error:
        why = error.strerror or str(error)
    _log.warning("Decoded frames stay in the cache, not in %s: %s", folder, why)
    return False


def _stage(shared: Path, own: Path) -> None:
    """Copy files of frame stores that are not there yet; a copy that fails costs time, not the job."""
    for folder, inner, names in os.walk(shared):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            source = Path(folder, name)
            target = own / source.relative_to(shared)
            if name.startswith(".") or target.exists():
                continue
            part = target.with_name(f".{name}.{os.getpid()}.part")
            try:
                if shutil.disk_usage(own.parent).free - source.stat().st_size < RESERVE:
                    return
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, part)
                part.replace(target)
            except OSError as error:
                _log.warning("%s was not taken to %s: %s", source, own, error.strerror or error)
                with suppress(OSError):
                    part.unlink()
                return
