"""``aqa-bench dataset show``: look at a sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqa_bench.cli.completion import complete_dataset, complete_task
from aqa_bench.cli.output import say
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.core.dataset import Dataset
    from aqa_bench.core.sample import Media, Sample

__all__ = ["show"]

_LAYOUT = "coco-17"


def show(
    dataset: Annotated[
        str,
        typer.Argument(
            autocompletion=complete_dataset,
            help="Dataset id (aqa-bench list datasets), with @PRESET for another preset.",
        ),
    ],
    sample: Annotated[str, typer.Option(help="Sample id; the first one by default.")] = "",
    task: Annotated[
        str, typer.Option(autocompletion=complete_task, help="Task id; the first one by default.")
    ] = "",
    out: Annotated[Path, typer.Option(help="The picture, a PNG.")] = Path("sample.png"),
    frames: Annotated[int, typer.Option(min=1, max=64, help="Frames of a clip to show.")] = 16,
    blur: Annotated[bool, typer.Option(help="Make faces unrecognisable.")] = True,
) -> None:
    """Draw a contact sheet of a sample: frames, phase, bar boxes and labels; stick figures of keypoints."""
    from aqa_bench.core.files import write_atomic
    from aqa_bench.core.lookup import find
    from aqa_bench.core.registry import find_task, open_dataset
    from aqa_bench.core.task import Modality

    opened = open_dataset(dataset)
    chosen = find_task(opened.card, task) if task else opened.card.tasks[0]
    samples = opened.samples(chosen.id)
    shown = find(samples, sample or next(iter(samples)), f"sample of {dataset} {chosen.id}", "dataset verify")
    wanted = frozenset({Modality.FRAMES, Modality.IMAGE, Modality.KEYPOINTS})
    opened.materialise(wanted & opened.card.provides, TerminalProgress())
    write_atomic(out, _sheet(opened, shown, frames, blur))
    say(str(out))


def _sheet(dataset: Dataset, sample: Sample, count: int, blur: bool) -> bytes:
    import numpy as np

    from aqa_bench.core.task import Modality
    from aqa_bench.media.clips import uniform
    from aqa_bench.media.contact_sheet import contact_sheet
    from aqa_bench.media.faces import blur_faces

    media = sample.media
    title = [
        f"{dataset.card.id}  sample {sample.id}  group {sample.group}  {dataset.card.licence}",
        _labels(dataset, sample),
    ]
    if not media.provides & {Modality.FRAMES, Modality.IMAGE}:
        return _figures(media, title, count)
    if Modality.FRAMES not in media.provides:
        picture = media.image()[None]
        return contact_sheet(blur_faces(picture) if blur else picture, [""], title)
    at = np.asarray(uniform(media.length, min(count, media.length)))
    frames, captions, boxes = media.frames(at.tolist()), [f"frame {i}" for i in at], None
    if Modality.TRAJECTORY in media.provides:
        elevation = media.trajectory().elevation
        captions = [f"{i}  e={elevation[i]:.2f}" for i in at]
    if Modality.BAR_BOXES in media.provides:
        boxes = media.bar_boxes()[at]
    if blur:
        known = Modality.KEYPOINTS in media.provides
        frames = blur_faces(frames, media.keypoints(_LAYOUT)[at] if known else None, _LAYOUT)
    return contact_sheet(frames, captions, title, boxes)


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
    labels = {task.id: dataset.targets(task.id).get(sample.id) for task in dataset.card.tasks}
    return "  ".join(f"{task}={value:g}" for task, value in labels.items() if value is not None)
