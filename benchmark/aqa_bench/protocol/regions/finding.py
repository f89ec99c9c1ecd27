"""The finder of a dataset's lifters: what comes with the dataset, or trained once on clips of no dataset."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aqa_bench.core.dataset import LifterClips
from aqa_bench.core.files import sha256_bytes, sha256_file
from aqa_bench.core.lock import exclusive
from aqa_bench.core.paths import cache_home
from aqa_bench.core.progress import Progress
from aqa_bench.core.sealed import Damaged
from aqa_bench.learn.lifter.recipe import FinderRecipe

if TYPE_CHECKING:
    from aqa_bench.learn.lifter.finder import LifterFinder

__all__ = ["finder_name", "finder_of"]

_log = logging.getLogger(__name__)


#: Raised whenever network or training change, so that the same clips give another finder.
_VERSION = 1


def finder_name(clips: LifterClips, recipe: FinderRecipe | None = None) -> str:
    """Names the finder of these clips, before it is trained: 16 hexadecimal digits.

    One that comes with the dataset is named by its content, so that its boxes are told from those of others.
    """
    shipped = None if recipe is not None or clips.finder is None else sha256_file(clips.finder)
    learnt = shipped or f"{clips.name}\x1f{recipe or FinderRecipe()}"
    return sha256_bytes(f"{_VERSION}\x1f{learnt}".encode())[:16]


def finder_of(clips: LifterClips, progress: Progress, recipe: FinderRecipe | None = None) -> LifterFinder:
    """The finder that comes with these clips; else one trained on them (minutes), unless it is cached.

    Args:
        clips: What it learns from.
        progress: Where to report.
        recipe: How it is trained; the one that comes with the clips is then left alone.

    Raises:
        AqaBenchError: The cache cannot be written to, or what comes with the dataset is damaged.
    """
    if recipe is None and clips.finder is not None:
        return _loaded(clips.finder, clips.finder.stat().st_mtime_ns)
    from aqa_bench.learn.lifter.train import train_finder

    recipe = recipe or FinderRecipe()
    path = cache_home() / "lifter" / f"{finder_name(clips, recipe)}.finder"
    with exclusive(path.with_suffix(".lock")):
        if (known := _kept(path)) is not None:
            return known
        progress.start("rendering training pictures for the lifter detector")
        learnt = clips.clips(0, recipe.clips, recipe.frames)
        train_finder(learnt, recipe, progress).save(path)
        progress.close()
    return _loaded(path, path.stat().st_mtime_ns)


def _kept(path: Path) -> LifterFinder | None:
    try:
        return _loaded(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None
    except Damaged as error:
        _log.warning("trained again: %s", error)
        return None


@lru_cache(maxsize=4)
def _loaded(path: Path, _mtime: int) -> LifterFinder:
    from aqa_bench.learn.lifter.finder import LifterFinder

    return LifterFinder.load(path)
