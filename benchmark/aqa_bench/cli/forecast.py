"""How forecasts of runs are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqa_bench.cli.output import say, table

if TYPE_CHECKING:
    from aqa_bench.protocol.forecast import RunForecast

__all__ = ["duration", "in_words", "show_forecast"]


def show_forecast(found: RunForecast) -> None:
    """Print what a run will take, as a table."""
    done = "already on disk: nothing will be done" if found.on_disk else "will be written"
    say(f"{found.method} ({found.recipe}, seed {found.seed}) on {found.dataset}; nothing was trained")
    rows = [["run", f"{found.run_id}, {done}"], ["fits", str(found.fits)]]
    names = {"pretraining": "pre-training steps", "labels": "training steps on labels, at most"}
    rows += [[names[kind], "-" if n is None else f"{n:,}"] for kind, n in found.steps.items()]
    if found.pool is not None:
        pool = found.pool
        rows += [
            [
                "pool",
                f"{pool['clips']:,} clips, {pool['frames']:,} frames, {_gb(pool['decoded_bytes'])} decoded",
            ],
            ["source of frames", f"{pool['place']}, {pool['already_there']:,} clips already there"],
            ["disk", f"about {_gb(pool['disk_bytes'])} to write, {_gb(pool['free_bytes'])} free"],
        ]
        if not pool["fits"]:
            rows.append(["", "THERE IS NOT ENOUGH SPACE"])
    if found.seconds is None:
        rows.append(["time", found.note])
    else:
        rows += [[f"time, {kind}", duration(seconds)] for kind, seconds in found.seconds.items()]
        rows.append(["", f"from a probe on {found.device}; cached results take no time"])
    table(["", ""], rows)


def in_words(found: RunForecast) -> str:
    """What a run will take, in one line."""
    if found.on_disk:
        return "on disk"
    known = {kind: n for kind, n in found.steps.items() if n}
    parts = [f"{n:,} steps {kind}" for kind, n in known.items()]
    parts += [] if found.pool is None else [f"{_gb(found.pool['decoded_bytes'])} of frames"]
    parts.append(found.note if found.seconds is None else f"about {duration(found.seconds['total'])}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds in words, e.g. ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _gb(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
