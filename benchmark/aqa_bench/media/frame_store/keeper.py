"""Stores that somebody else keeps: who asks is told which files hold the clips, and writes none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from aqa_bench.core.sample import Media
from aqa_bench.media.frame_store.encoding import Encoding
from aqa_bench.media.frame_store.fill import Filled
from aqa_bench.media.frame_store.store import StoredFrames

__all__ = ["Keeper", "keeper_of"]


@runtime_checkable
class Keeper(Protocol):
    """Fills frame stores for the media that name it as their ``keeper``.

    Attributes:
        frames: Folder of the stores.
    """

    frames: Path

    def fill(self, media: Sequence[Media], stored: StoredFrames, encoding: Encoding, threads: int) -> Filled:
        """Have the clips of media decoded; as :func:`~aqa_bench.media.frame_store.fill.fill`."""
        ...


def keeper_of(media: Sequence[Media]) -> Keeper | None:
    """Who keeps the frames of all of these media; None where they are their own."""
    keepers = {id(keeper): keeper for keeper in (getattr(m, "keeper", None) for m in media)}
    found = next(iter(keepers.values()), None)
    return found if len(keepers) == 1 and isinstance(found, Keeper) else None
