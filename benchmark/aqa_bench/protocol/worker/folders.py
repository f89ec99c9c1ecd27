"""Where a method may keep things: what no label made is shared, all else goes with the worker."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from aqa_bench.core.code_digest import computing_code
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.lock import attempt, exclusive
from aqa_bench.core.paths import cache_home, downloads_home, frames_home
from aqa_bench.core.plugin import MethodPlugin

__all__ = ["frames_folder", "private_folder", "shared_folders", "variables"]

_LOCK = ".in-use"
_PRIVATE = "private"


def shared_folders(plugin: MethodPlugin) -> tuple[Path, Path]:
    """Folders of what a method made of pools, and of bare samples: other code of its name has others.

    Two, since what looks at bare samples, of tests among them, must not touch what was learnt of a pool.
    """
    # What it is built on counts too: weights of a pre-training that was corrected must not be found again.
    code = computing_code(plugin.factory, ()).digest()
    digest = sha256_bytes(canonical_json([plugin.factory, code.method, code.harness]).encode())[:16]
    folder = cache_home() / "methods" / f"{plugin.card.id}-{digest}"
    return folder / "pools", folder / "samples"


def frames_folder() -> Path:
    """Folder of the frame stores, which serve every method and are filled by the runner alone."""
    return frames_home()


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder for one worker, removed when the block ends; those of killed runs are removed with it."""
    root = cache_home() / _PRIVATE
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    folder = Path(tempfile.mkdtemp(dir=root))
    try:
        # Held beside the folder, out of the worker's reach.
        with exclusive(root / f"{folder.name}{_LOCK}"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        (root / f"{folder.name}{_LOCK}").unlink(missing_ok=True)


def variables(cache: Path) -> Mapping[str, str]:
    """Environment of a worker: its own cache, and published weights where they were downloaded to.

    Args:
        cache: The worker's cache.
    """
    return {"AQA_BENCH_CACHE": str(cache), "AQA_BENCH_DOWNLOADS": str(downloads_home())}


def _sweep(root: Path) -> None:
    for lock in root.glob(f"*{_LOCK}"):
        with suppress(OSError), attempt(lock) as is_dead:
            if is_dead:
                shutil.rmtree(root / lock.name.removesuffix(_LOCK), ignore_errors=True)
                lock.unlink(missing_ok=True)
