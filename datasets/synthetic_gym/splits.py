"""Train, val and test parts that no source straddles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aqa_bench.core.seeds import derive_seed

__all__ = ["SPLITS", "split_sources"]

#: Names of the parts with their shares.
SPLITS: Mapping[str, float] = {"train": 0.7, "val": 0.15, "test": 0.15}
_TRIALS = 200


def split_sources(
    name: str, labels: Mapping[str, Sequence[Mapping[str, int]]], *, exact: bool = False
) -> dict[str, str]:
    """Assign sources to parts.

    Of many random assignments the one is taken whose parts are nearest to their shares, in clips and
    in clips with each error.

    Args:
        name: Names the data; part of the seed.
        labels: For each source, the labels by task of its clips.
        exact: Whether numbers of clips come first, and clips with errors only decide among assignments
            that are as near in these.

    Returns:
        Part by source.
    """
    sources = sorted(labels)
    tasks = sorted({task for clips in labels.values() for clip in clips for task in clip})
    counts = np.array(
        [
            [len(labels[source]), *(sum(clip[task] for clip in labels[source]) for task in tasks)]
            for source in sources
        ],
        float,
    )
    total = np.maximum(counts.sum(0), 1)
    rng = np.random.default_rng(derive_seed("synthetic-gym", "splits", name))
    shares, cuts = np.array(list(SPLITS.values())), np.cumsum(list(SPLITS.values()))[:-1]
    best: tuple[tuple[float, float], list[np.ndarray[tuple[int, ...], np.dtype[np.int_]]]] | None = None
    for _ in range(_TRIALS):
        order = rng.permutation(len(sources))
        at = np.searchsorted(np.cumsum(counts[order, 0]), cuts * total[0], side="left") + 1
        parts = np.split(order, at)
        held = np.stack([counts[part].sum(0) for part in parts]) / total
        # Relative to the share, so that a class missing from a small part weighs most.
        far = np.abs(held - shares[:, None]) / shares[:, None]
        off = (float(far[:, 0].max()) if exact else 0.0, float(far.max()))
        if best is None or off < best[0]:
            best = (off, parts)
    parts = best[1] if best else []
    return {sources[i]: split for split, part in zip(SPLITS, parts, strict=True) for i in part}
