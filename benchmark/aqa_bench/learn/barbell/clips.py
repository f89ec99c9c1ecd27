"""Which clips of a dataset a barbell detector may be trained on, and their frames."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray, Sample, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import uniform

__all__ = ["boxed_samples", "read_clips"]

_log = logging.getLogger(__name__)
_NEEDED = frozenset({Modality.FRAMES, Modality.BAR_BOXES})


def boxed_samples(dataset: Dataset, most: int | None = None) -> list[Sample]:
    """Samples whose bar is boxed and that no method is judged on.

    The unlabelled pool is taken where it has boxes, otherwise the training part of the first split of
    the first task that has some.

    Args:
        dataset: The dataset.
        most: Most samples; they are spread evenly over those there are.

    Raises:
        DataError: The dataset has no boxes of the bar.
    """
    found: list[Sample] = []
    for task in dataset.card.tasks:
        found = [s for s in dataset.unlabeled(task.id, frozenset()) if s.media.provides >= _NEEDED]
        if not found:
            samples = dataset.samples(task.id)
            train = dataset.splits(task.id, dataset.card.schemes[0].id)[0].train
            found = [
                samples[name] for name in train if name in samples and samples[name].media.provides >= _NEEDED
            ]
        if found:
            break
    if not found:
        raise DataError(
            "The dataset has no boxes of the barbell.",
            where=dataset.card.id,
            expected=f"samples that provide {', '.join(sorted(_NEEDED))}",
            remedy="Train on synthetic-gym/backsquat, synthetic-gym/overhead-press or another dataset with "
            "boxes.",
        )
    if most is not None and most < len(found):
        found = [found[i] for i in uniform(len(found), most)]
    return found


def read_clips(samples: Sequence[Sample], frames: int = 8) -> Iterator[tuple[UInt8Array, FloatArray]]:
    """Read frames and boxes of samples, one sample at a time.

    A sample that cannot be read is left out, with a warning in the log.

    Args:
        samples: Samples that provide frames and boxes.
        frames: Frames per sample, spread evenly over it.

    Yields:
        ``(T, H, W, 3)`` uint8 RGB frames and ``(T, 4)`` boxes in their pixels.
    """
    for sample in samples:
        try:
            boxes = sample.media.bar_boxes()
            indices = np.unique(uniform(len(boxes), frames))
            images = sample.media.frames(indices.tolist())
        except DataError as error:
            _log.warning("skipped %s: %s", sample.id, error)
            continue
        yield images, boxes[indices]
