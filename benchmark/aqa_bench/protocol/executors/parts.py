"""Parts of long runs: which of a run's fits are jobs of their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.protocol.executors.job_file import Place
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.suite_log import job_id

__all__ = ["divided", "fits_of", "part_id"]


def fits_of(request: Request, folders: RunFolders) -> tuple[Place, ...]:
    """The fits of a request, in the order in which its run makes them: one for each task and split.

    Where the dataset is not prepared here, its splits are not known: then one for each task.

    Args:
        request: The request.
        folders: Resolves it.

    Raises:
        AqaBenchError: The request cannot be resolved.
    """
    choice = folders.choice(request)
    try:
        opened = folders.dataset(request)
        return tuple(
            Place(task=task.id, split=split.id)
            for task in choice.tasks
            for split in opened.splits(task.id, choice.scheme.id)
        )
    except DataError:
        return tuple(Place(task=task.id) for task in choice.tasks)


def divided(fits: Sequence[Place], seconds: float, part_s: float) -> list[tuple[Place, ...]]:
    """Fits in as few equal shares as are no longer than a time, as far as there are fits for it.

    Args:
        fits: The fits of a run.
        seconds: Seconds of all of them; each counts the same.
        part_s: Seconds that a share may take; 0 divides nothing.

    Returns:
        Shares, in order; none where one would do.

    >>> fits = [Place(task=name) for name in "abcde"]
    >>> [[fit.task for fit in share] for share in divided(fits, 50.0, 25.0)]
    [['a', 'b'], ['c', 'd', 'e']]
    >>> divided(fits, 50.0, 50.0)
    []
    """
    count = min(len(fits), ceil(seconds / part_s)) if part_s > 0 else 1
    if count < 2:
        return []
    ends = [len(fits) * i // count for i in range(count + 1)]
    return [tuple(fits[a:b]) for a, b in pairwise(ends)]


def part_id(request: Request, fits: Sequence[Place]) -> str:
    """Id of a part: that of its run, and six hexadecimal digits of its fits."""
    named = canonical_json([[fit.task, fit.split] for fit in fits])
    return f"{job_id(request)}.{sha256_bytes(named.encode())[:6]}"
