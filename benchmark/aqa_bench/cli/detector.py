"""``aqa-bench detector``: finding the barbell in videos."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_dataset
from aqa_bench.cli.options import Device, Json
from aqa_bench.cli.output import emit, number, say, table
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.core.sample import FloatArray
    from aqa_bench.learn.barbell.detector import BarbellDetector

__all__ = ["app"]

app = typer.Typer(help="Find the barbell in videos: train a detector, track the bar.", no_args_is_help=True)

_CHUNK = 16


class Start(StrEnum):
    """Where the bar is at both ends of a repetition."""

    HIGH = "high"
    LOW = "low"


@app.command(
    epilog="Example:  aqa-bench detector train --dataset synthetic-gym/backsquat --out detectors/squat"
)
def train(
    dataset: Annotated[
        str,
        typer.Option(autocompletion=complete_dataset, help="Dataset id whose samples have boxes of the bar."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the detector; an older one is replaced.")],
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the frames.")] = None,
    clips: Annotated[int, typer.Option(min=1, help="Maximum number of clips to train on.")] = 150,
    frames: Annotated[int, typer.Option(min=1, help="Frames per clip.")] = 8,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the training.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train a barbell detector from random weights, offline, on clips that no method is judged on."""
    import time
    from dataclasses import replace

    from aqa_bench.core.files import check_writable
    from aqa_bench.core.registry import open_dataset
    from aqa_bench.learn.barbell.clips import boxed_samples, read_clips
    from aqa_bench.learn.barbell.detector import require_ultralytics
    from aqa_bench.learn.barbell.train import DetectorRecipe, train_detector
    from aqa_bench.learn.training.device import resolve_device

    require_ultralytics()
    check_writable(out.parent)
    default = DetectorRecipe()
    recipe = replace(default, seed=seed, epochs=epochs or default.epochs)
    source = open_dataset(dataset)
    samples = boxed_samples(source, clips)
    progress = TerminalProgress(quiet=as_json)
    started = time.perf_counter(), time.process_time()
    try:
        detector = train_detector(
            read_clips(samples, frames), recipe, device=resolve_device(device), progress=progress
        )
    finally:
        progress.close()
    about = {
        "dataset": source.card.id,
        "fingerprint": source.fingerprint(),
        "clips": len(samples),
        "frames_per_clip": frames,
        "epochs": recipe.epochs,
        "seed": seed,
        "seconds": round(time.perf_counter() - started[0], 1),
        "cpu_seconds": round(time.process_time() - started[1], 1),
    }
    detector.save(out, **about)
    if as_json:
        emit({"weights": str(out), **about})
    else:
        say(f"{out}: trained on {len(samples)} clips of {dataset} in {about['seconds']} s")


@app.command(
    epilog="Example:  aqa-bench detector track --weights detectors/squat squat.mp4 --out trajectories.json"
)
def track(
    videos: Annotated[list[Path], typer.Argument(help="Videos of one repetition each.")],
    weights: Annotated[Path, typer.Option(help="Folder that detector train wrote.")],
    out: Annotated[Path | None, typer.Option(help="JSON file of the trajectories.")] = None,
    starts: Annotated[
        Start, typer.Option(help="Where the bar starts and ends: high (squat), low (press, row).")
    ] = Start.HIGH,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Track the lifter's bar and write its trajectory; exit 1 if a video gave none."""
    from aqa_bench.core.errors import AqaBenchError
    from aqa_bench.core.files import pretty_json, write_atomic
    from aqa_bench.learn.barbell.detector import BarbellDetector
    from aqa_bench.learn.training.device import resolve_device

    detector = BarbellDetector.load(weights, resolve_device(device))
    progress = TerminalProgress(quiet=as_json)
    progress.start("tracking", len(videos))
    tracks: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []
    for video in videos:
        try:
            tracks.append(_tracked(detector, video, starts))
        except AqaBenchError as error:
            problems.append({"video": str(video), "problem": str(error)})
        progress.advance()
    progress.close()
    document = {"weights": str(weights), "starts": starts.value, "tracks": tracks, "problems": problems}
    if out is not None:
        write_atomic(out, pretty_json(document))
    if as_json:
        emit(document)
    else:
        rows = [
            [t["video"], str(t["frames"]), number(t["coverage"], 2), str(t["turning_point"])] for t in tracks
        ]
        table(["video", "frames", "found", "turning point"], rows)
        for entry in problems:
            typer.echo(f"{entry['video']}: {entry['problem']}", err=True)
        if out is not None:
            say(f"written: {out}")
    if problems:
        raise typer.Exit(1)


def _tracked(detector: BarbellDetector, video: Path, starts: Start) -> dict[str, Any]:
    """The track of one video as JSON: elevation and confidence in [0, 1], boxes in pixels."""
    from itertools import islice

    import numpy as np

    from aqa_bench.learn.barbell.track import track_bar
    from aqa_bench.media.video import iter_frames

    frames = iter_frames(video)
    detections: list[FloatArray] = []
    # A long video is never held whole.
    while chunk := list(islice(frames, _CHUNK)):
        detections += detector.detect(np.stack(chunk))
    followed = track_bar(detections, starts="high" if starts is Start.HIGH else "low")
    return {
        "video": str(video),
        "frames": len(followed.boxes),
        "coverage": round(float((followed.confidence > 0).mean()), 4),
        "turning_point": followed.trajectory.turning_point,
        "elevation": [round(float(v), 5) for v in followed.trajectory.elevation],
        "confidence": [round(float(v), 4) for v in followed.confidence],
        "boxes": [[round(float(v), 2) for v in box] for box in followed.boxes],
    }
