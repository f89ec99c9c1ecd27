"""Which clips of a pool are learnt from, and which only watch."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec

__all__ = ["divided", "own_device", "usable_clips"]

_HELD_OUT = 500
_NEEDED = 2


def usable_clips(
    pool: Sequence[Sample],
    spec: FrameSpec,
    usable: Callable[[FrameIndex], tuple[Sequence[int], Mapping[str, int]]],
    ctx: FitContext,
    *,
    method: str,
    instead: str,
) -> tuple[list[Sample], Counter[str]]:
    """Clips that can be used, each once, in an order that depends on their content alone.

    Args:
        pool: Unlabelled samples.
        spec: Frames that are kept of a clip.
        usable: Numbers of the clips that a method can use, and how many it cannot, by reason.
        ctx: Names the dataset, task and split.
        method: The method's id, for the message.
        instead: Id of a method that needs no pool.

    Returns:
        The clips, and how many samples are left out, by reason.

    Raises:
        DataError: Fewer than two clips can be used.
    """
    found = {s.media.content_key: s for s in pool if Modality.FRAMES in s.media.provides}
    clips = [found[key] for key in sorted(found)]
    dropped = Counter({"without frames, or twice in the pool": len(pool) - len(clips)})
    numbers: Sequence[int] = ()
    if len(clips) >= _NEEDED:
        numbers, unusable = usable(FrameIndex(clips, spec))
        dropped.update(unusable)
    if len(numbers) < _NEEDED:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
        raise DataError(
            f"{method} has too few clips to pre-train on.",
            where=f"the unlabelled pool of {ctx.pool_dataset} for {ctx.task.id}, {ctx.split}",
            expected=f"at least {_NEEDED} usable clips",
            found=f"{len(numbers)} of {len(pool)} samples" + (f" ({reasons})" if reasons else ""),
            remedy=f"Use a dataset with unlabelled clips, or the method {instead}, which needs none.",
        )
    return [clips[i] for i in numbers], +dropped


def divided(
    clips: Sequence[Sample], share: float, unit: Callable[[Sample], str] | None = None
) -> tuple[list[Sample], list[Sample]]:
    """Clips to learn from, and clips to watch the pre-training on: the same whatever the seed.

    Args:
        clips: All of them.
        share: Share that only watches; at most 500 clips, and none if that is fewer than two.
        unit: Names what a clip stays together with; every clip stands alone where None.
    """
    room = min(int(share * len(clips)), _HELD_OUT)
    units: dict[str, list[int]] = {}
    for number, sample in enumerate(clips):
        units.setdefault(sample.media.content_key if unit is None else unit(sample), []).append(number)
    watched: set[int] = set()
    for name in sorted(units, key=lambda name: derive_seed("watched", name)):
        if len(watched) + len(units[name]) <= room:
            watched.update(units[name])
    if len(watched) < _NEEDED:
        return list(clips), []
    return (
        [clip for i, clip in enumerate(clips) if i not in watched],
        [clips[i] for i in sorted(watched)],
    )


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process among those that torchrun started."""
    if device.type == "cuda" and os.environ.get("WORLD_SIZE", "1") != "1":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device
