"""Split schemes: whole recording days drawn by hash, or the files that come with some copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from aqa_bench.core.errors import DataError
from aqa_bench.core.seeds import data_seed, derive_seed
from aqa_bench.core.split import Split

from .release import CLASSES, ERRORS, GOOD, ClipName

__all__ = ["DAY_GROUPED", "OFFICIAL", "day_parts", "day_split", "official_split"]

DAY_GROUPED = "day-grouped"
OFFICIAL = "official"
_DRAWS = 1000
_SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
_ABSENT = 10.0


def day_parts(names: Sequence[ClipName], dataset: str) -> dict[str, str]:
    """Part of every recording day.

    Args:
        names: Every clip of the release available, readable or not, of whichever class.
        dataset: Dataset id: names the seed.

    Returns:
        ``train``, ``val`` or ``test`` by day.

    Raises:
        DataError: There are fewer than two days.
    """
    days = sorted({name.day for name in names})
    if len(days) < 2:
        raise DataError(
            "There are too few recording days for a split.",
            where=f"{dataset}, {DAY_GROUPED}",
            expected="clips of at least two days (file names begin with month and day)",
            found=", ".join(days) or "none",
            remedy="Prepare the rest of the release, or use --scheme official with its split files.",
        )
    shares = _SHARES if len(days) > 2 else {"train": 0.6, "test": 0.4}
    by_class = {
        folder: Counter(name.day for name in names if name.folder == folder)
        for folder in (GOOD, *ERRORS.values())
    }
    counts = {folder: days_of for folder, days_of in by_class.items() if days_of}
    draws = [_draw(days, shares, derive_seed(data_seed(dataset, DAY_GROUPED), n)) for n in range(_DRAWS)]
    return min(draws, key=lambda parts: _distance(parts, counts, shares))


def day_split(names: Sequence[ClipName], parts: Mapping[str, str], task: str, dataset: str) -> Split:
    """One task's split by days.

    Raises:
        DataError: A class that the task needs has no clip in train or test.
    """
    chosen = _of_task(names, task)
    ids = {part: [n for n in chosen if parts[n.day] == part] for part in _SHARES}
    for part in ("train", "test"):
        absent = {GOOD, ERRORS[task]} - {name.folder for name in ids[part]}
        if absent:
            raise DataError(
                f"The days in {part} lack clips of a class that the task needs.",
                where=f"{dataset} {task}, {DAY_GROUPED}",
                expected=f"clips of {GOOD} and {ERRORS[task]}",
                found=f"none of {' and '.join(sorted(absent))}",
                remedy="Prepare the rest of the release, or use --scheme official with its split files.",
            )
    return Split(0, 0, *(tuple(name.id for name in ids[part]) for part in _SHARES))


def official_split(official: Mapping[str, Sequence[str]] | None, task: str, dataset: str) -> Split:
    """One task's split by the files that came with the release.

    Raises:
        DataError: There are no such files.
    """
    if official is None:
        raise DataError(
            "The official split files are not available.",
            where=f"{dataset}, {OFFICIAL}",
            expected="train.json, val.json and test.json in a folder given to dataset prepare",
            found="none",
            remedy="aqa-bench dataset prepare waseda-squat --source RELEASE --source FOLDER_OF_SPLITS, "
            f"or use --scheme {DAY_GROUPED}.",
        )
    folders = (GOOD, ERRORS[task])
    return Split(
        0, 0, *(tuple(i for i in official[part] if i.partition("/")[0] in folders) for part in _SHARES)
    )


def _of_task(names: Sequence[ClipName], task: str) -> list[ClipName]:
    return [name for name in names if name.folder in (GOOD, ERRORS[task])]


def _draw(days: Sequence[str], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """A part for every day, each drawn with its share; hashed, so that no library can change it."""
    parts = {}
    for day in days:
        place = derive_seed(seed, day) / 2**63
        for part, share in shares.items():
            parts[day] = part
            place -= share
            if place < 0:
                break
    return parts


def _distance(
    parts: Mapping[str, str], counts: Mapping[str, Counter[str]], shares: Mapping[str, float]
) -> float:
    """How far a draw is from the shares wanted; a class that a part lacks weighs most."""
    total = 0.0
    for folder in CLASSES:
        if folder not in counts:
            continue
        whole = counts[folder].total()
        for part, share in shares.items():
            held = sum(n for day, n in counts[folder].items() if parts[day] == part)
            total += (held / whole - share) ** 2 + (0 if held else _ABSENT)
    return total
