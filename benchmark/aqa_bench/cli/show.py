"""``aqa-bench dataset show``: look at a sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqa_bench.cli.completion import complete_task
from aqa_bench.cli.options import Blur, DatasetArgument
from aqa_bench.cli.output import say
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.core.dataset import Dataset
    from aqa_bench.core.sample import Media, Sample

__all__ = ["show"]

_SIDE, _COLUMNS = 176, 6


def show(
    dataset: DatasetArgument,
    sample: Annotated[str, typer.Option(help="Sample id; the first one by default.")] = "",
    task: Annotated[
        str, typer.Option(autocompletion=complete_task, help="Task id; the first one by default.")
    ] = "",
    out: Annotated[Path, typer.Option(help="The picture, a PNG.")] = Path("sample.png"),
    frames: Annotated[int, typer.Option(min=1, max=64, help="Frames of a clip to show.")] = 16,
    blur: Blur = None,
) -> None:
    """Draw a contact sheet of a sample: frames, bar height, bar boxes, labels; stick figures of keypoints."""
    from aqa_bench.core.errors import DataError
    from aqa_bench.core.files import write_atomic
    from aqa_bench.core.lookup import find
    from aqa_bench.core.registry import find_task, open_dataset
    from aqa_bench.core.task import Modality

    opened = open_dataset(dataset)
    chosen = find_task(opened.card, task) if task else opened.card.tasks[0]
    samples = opened.samples(chosen.id)
    if not samples:
        raise DataError(
            "No sample can be shown.",
            where=f"{dataset} {chosen.id}",
            expected="samples with available media",
            found="none",
            remedy=f"To see what is missing, run aqa-bench dataset verify {dataset}.",
        )
    shown = find(samples, sample or next(iter(samples)), f"sample of {dataset} {chosen.id}", "dataset verify")
    wanted = frozenset({Modality.FRAMES, Modality.IMAGE, Modality.KEYPOINTS})
    opened.materialise(wanted & opened.card.provides, TerminalProgress())
    hidden = not opened.card.exact if blur is None else blur
    write_atomic(out, _sheet(opened, shown, chosen.id, frames, hidden))
    say(str(out))


def _sheet(dataset: Dataset, sample: Sample, task: str, count: int, blur: bool) -> bytes:
    import numpy as np

    from aqa_bench.core.task import Modality
    from aqa_bench.media.clips import uniform
    from aqa_bench.media.contact_sheet import contact_sheet
    from aqa_bench.media.figures import figure_frames, letterboxed

    media = sample.media
    title = [
        f"{dataset.card.name}: sample {sample.id}, group {sample.group}. Licence: {dataset.card.licence}",
        _labels(dataset, sample),
    ]
    if not media.provides & {Modality.FRAMES, Modality.IMAGE}:
        return _figures(media, title, count)
    if Modality.FRAMES not in media.provides:
        return contact_sheet(figure_frames(media, [0], blur=blur), [""], title)
    at = np.asarray(uniform(media.length, min(count, media.length)))
    frames = figure_frames(media, at.tolist(), blur=blur)
    captions, boxes = [f"frame {i}" for i in at], None
    if Modality.TRAJECTORY in media.provides:
        elevation = media.trajectory().elevation
        captions = [f"{i}: bar height {elevation[i]:.2f}" for i in at]
    side = max(_SIDE, *frames.shape[1:3])
    if Modality.BAR_BOXES in media.provides:
        height, width = frames.shape[1:3]
        scale = side / max(height, width)
        left, top = (side - scale * width) / 2, (side - scale * height) / 2
        boxes = media.bar_boxes()[at] * scale + np.array([left, top, left, top])
    spans = dataset.error_spans(task).get(sample.id, ())
    seconds = at / media.fps if media.fps else np.array([])
    marked = frozenset(
        place
        for place, second in enumerate(seconds.tolist())
        if any(start <= second <= end for start, end in spans)
    )
    if marked:
        title.append(f"Red edge: {dataset.card.task(task).name.lower()}.")
    squares = np.stack([letterboxed(frame, side) for frame in frames])
    return contact_sheet(squares, captions, title, boxes, columns=_COLUMNS, marked=marked)


def _figures(media: Media, title: list[str], count: int) -> bytes:
    """Stick figures, of a sample that has keypoints and no pictures."""
    import numpy as np

    from aqa_bench.media.clips import uniform
    from aqa_bench.media.contact_sheet import contact_sheet
    from aqa_bench.media.stick_figures import figure_pose, stick_figures

    keypoints, layout = figure_pose(media)
    at = np.asarray(uniform(len(keypoints), min(count, len(keypoints))))
    seen = (keypoints[at, :, 2] > 0).sum(axis=1)
    captions = [f"frame {i}  {joints} joints" for i, joints in zip(at, seen, strict=True)]
    shown = [*title, f"drawn as {layout}: left orange, right blue"]
    return contact_sheet(stick_figures(keypoints, layout)[at], captions, shown)


def _labels(dataset: Dataset, sample: Sample) -> str:
    labels = {task.name: dataset.targets(task.id).get(sample.id) for task in dataset.card.tasks}
    return "Labels: " + ", ".join(f"{task} {value:g}" for task, value in labels.items() if value is not None)
