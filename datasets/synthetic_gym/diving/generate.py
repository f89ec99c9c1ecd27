"""Rendering the dives: in parallel, each video written whole, what is there is kept."""

from __future__ import annotations

import functools
from pathlib import Path

from aqa_bench.core.files import write_atomic
from aqa_bench.core.lock import exclusive
from aqa_bench.core.progress import Progress

from ..parallel import in_processes
from ..writer import mp4
from .annotated import preset_folder
from .dive import make_dive
from .plan import DivePlan, plan_dives
from .presets import diving_preset

__all__ = ["generate_dives", "video_file"]


def video_file(home: Path, preset: str, dive: str) -> Path:
    """Place of a dive's video below the family's data folder."""
    return preset_folder(home, preset) / "videos" / f"{dive}.mp4"


def generate_dives(preset: str, home: Path, progress: Progress, *, jobs: int = 1, device: str = "cpu") -> int:
    """Render the videos of a preset that are not there; one process at a time.

    Args:
        preset: Name of the preset.
        home: The family's data folder.
        progress: Where to report.
        jobs: Worker processes; 1 renders in this process.
        device: Where to render; ``jobs`` above 1 is for the CPU.

    Returns:
        Number of videos rendered.

    Raises:
        UsageError: There is no such preset.
        AqaBenchError: The folder cannot be written.
    """
    if not _missing(home, preset):
        return 0
    folder = preset_folder(home, preset)
    with exclusive(folder.with_name(f".{folder.name}.lock")):
        return _render(_missing(home, preset), preset, home, progress, jobs, device)


def _missing(home: Path, preset: str) -> list[DivePlan]:
    return [plan for plan in plan_dives(preset) if not video_file(home, preset, plan.id).is_file()]


def _render(todo: list[DivePlan], preset: str, home: Path, progress: Progress, jobs: int, device: str) -> int:
    if not todo:
        return 0
    progress.start(f"rendering synthetic-gym/diving ({preset})", len(todo))
    try:
        for _ in in_processes(functools.partial(_make, home, device), todo, jobs):
            progress.advance()
    finally:
        progress.close()
    return len(todo)


def _make(home: Path, device: str, plan: DivePlan) -> None:
    from .render import render_dive

    preset = diving_preset(plan.preset)
    frames = render_dive(make_dive(plan), preset.size, preset.supersample, device).numpy()
    write_atomic(video_file(home, plan.preset, plan.id), mp4(frames, preset.fps))
