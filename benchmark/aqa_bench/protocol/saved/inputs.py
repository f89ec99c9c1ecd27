"""What training samples are like, and in what a sample to be judged is unlike all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.protocol.saved.document import Input
from aqa_bench.protocol.worker.asked import Asked

__all__ = ["described", "joined", "unlike"]

_LOOKED_AT = 16
_PICTURES = frozenset({Modality.FRAMES, Modality.IMAGE})


def described(asked: Asked, train: Sequence[Sample], region: str | None) -> Input:
    """Describe a method's input.

    Args:
        asked: What it asked of samples that it judged.
        train: Its training samples; pictures of 16 of them are measured.
        region: The part of the lifter that pictures show.
    """
    medias = [sample.media for sample in train]
    shapes: list[tuple[int, int]] = []
    if asked.modalities & _PICTURES:
        step = max(1, len(medias) // _LOOKED_AT)
        shapes = [shape for media in medias[::step] if (shape := _shape(media)) is not None]
    return Input(
        read=sorted(asked.modalities),
        layouts=sorted(asked.layouts),
        sizes=sorted(asked.sizes),
        frames_read=sorted(asked.frames),
        region=region,
        samples=len(train),
        length=_range(_length(media) for media in medias),
        fps=_range(_fps(media) for media in medias),
        width=_range(width for _, width in shapes),
        height=_range(height for height, _ in shapes),
    )


def joined(parts: Sequence[Input]) -> Input:
    """One description of all fits of a model."""

    def span(name: str) -> Any:
        found = [value for part in parts if (value := getattr(part, name)) is not None]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None

    def union(name: str) -> list[Any]:
        return sorted({value for part in parts for value in getattr(part, name)})

    lists = {name: union(name)[:64] for name in ("read", "layouts", "sizes", "frames_read")}
    ranges = {name: span(name) for name in ("length", "fps", "width", "height")}
    return Input(region=parts[0].region, samples=max(part.samples for part in parts), **lists, **ranges)


def unlike(media: Media, known: Input) -> list[str]:
    """In what a sample lies outside of what a model was trained on, where that is cheap to see.

    Args:
        media: The sample's.
        known: Of the model.

    Returns:
        A sentence for each.
    """
    found = []
    shape = _shape(media) if known.width and media.provides & _PICTURES else None
    height, width = (None, None) if shape is None else shape
    figures: list[tuple[str, float | None, tuple[float, float] | None]] = [
        ("frames", _length(media), known.length),
        ("frames per second", _fps(media), known.fps),
        ("pixels of width", width, known.width),
        ("pixels of height", height, known.height),
    ]
    for name, value, span in figures:
        if value is not None and span is not None and not span[0] <= value <= span[1]:
            trained = f"{span[0]:g}" if span[0] == span[1] else f"{span[0]:g} to {span[1]:g}"
            found.append(f"{value:g} {name}; trained on {trained}")
    return found


def _shape(media: Media) -> tuple[int, int] | None:
    try:
        picture = media.frames([0])[0] if Modality.FRAMES in media.provides else media.image()
    except AqaBenchError:
        return None
    return int(picture.shape[0]), int(picture.shape[1])


def _length(media: Media) -> int | None:
    try:
        return int(media.length)
    except AqaBenchError:
        return None


def _fps(media: Media) -> float | None:
    try:
        return None if media.fps is None else round(float(media.fps), 3)
    except AqaBenchError:
        return None


def _range(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None
