"""Tables and the coverage-risk curve of what tools/coach_measure.py measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["report"]

Row = dict[str, Any]
Array = npt.NDArray[np.float64]
_RESAMPLES = 2000


def report(rows: Sequence[Row], picture: Path) -> str:
    """Markdown tables; the curve is drawn into ``picture``."""
    lines = [
        "| joints | clips | exercise | task | judged | right | 95% interval | commoner answer | unguarded |",
        "|---|---|---|---|---:|---:|---:|---:|---:|",
    ]
    keys = sorted(
        {(r["joints"], r["kind"], r["exercise"], r["task"]) for r in rows if r["label"] is not None}
    )
    for joints, kind, exercise, task in keys:
        own = [
            r
            for r in rows
            if (r["joints"], r["kind"], r["exercise"], r["task"]) == (joints, kind, exercise, task)
        ]
        judged = [r for r in own if r["score"] is not None]
        share, low, high = agreement(judged)
        common = (
            max(np.mean([r["label"] for r in judged]), 1 - np.mean([r["label"] for r in judged]))
            if judged
            else np.nan
        )
        known = [right_of(r, r["bare"]) for r in own if r["bare"] is not None]
        bare = float(np.mean(known)) if known else np.nan
        lines.append(
            f"| {joints} | {kind} | {exercise} | {task} | {len(judged)} of {len(own)} | {number(share)} | "
            f"{number(low)} to {number(high)} | {number(common)} | {number(bare)} |"
        )
    lines += ["", *abstention(rows), ""]
    draw(rows, picture)
    return "\n".join(lines)


def abstention(rows: Sequence[Row]) -> list[str]:
    """By clip: how often there is a verdict on any task, and what kept the others from one."""
    lines = [
        "| joints | clips | assessed as | clips | with a verdict | without, because of |",
        "|---|---|---|---:|---:|---|",
    ]
    for joints, kind, exercise in sorted({(r["joints"], r["kind"], r["exercise"]) for r in rows}):
        own = [r for r in rows if (r["joints"], r["kind"], r["exercise"]) == (joints, kind, exercise)]
        clips = sorted({r["clip"] for r in own})
        spoken = {r["clip"] for r in own if r["score"] is not None}
        reasons: dict[str, int] = {}
        for clip in clips:
            if clip in spoken:
                continue
            mine = [r for r in own if r["clip"] == clip]
            found = {o for r in mine for o in r["obstacles"] if o != "judge"} or {r["answer"] for r in mine}
            for reason in found:
                reasons[reason] = reasons.get(reason, 0) + 1
        said = ", ".join(
            f"{name} {count}" for name, count in sorted(reasons.items(), key=lambda item: -item[1])
        )
        lines.append(f"| {joints} | {kind} | {exercise} | {len(clips)} | {len(spoken)} | {said} |")
    return lines


def agreement(rows: Sequence[Row]) -> tuple[float, float, float]:
    """Share of verdicts that agree with the label, and its 95% interval over filmed sessions."""
    if not rows:
        return np.nan, np.nan, np.nan
    right = np.array([right_of(r, r["score"]) for r in rows], np.float64)
    names = sorted({r["group"] for r in rows})
    group = np.array([names.index(r["group"]) for r in rows])
    rng = np.random.default_rng(0)
    counts = np.bincount(group, minlength=len(names))
    sums = np.bincount(group, right, minlength=len(names))
    drawn = rng.integers(0, len(names), (_RESAMPLES, len(names)))
    shares = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(right.mean()), float(low), float(high)


def right_of(row: Row, score: float) -> bool:
    """Whether a score is on the label's side of the threshold."""
    return (score >= row["threshold"]) == bool(row["label"])


def curve(rows: Sequence[Row], *, guarded: bool) -> tuple[Array, Array]:
    """Coverage of all clips, and the share of wrong verdicts among the surest ones."""
    whole = [r for r in rows if r["label"] is not None and r["bare"] is not None]
    asked = [r for r in whole if r["score"] is not None] if guarded else whole
    sure = np.array(
        [abs(r["bare"] - r["threshold"]) / max(r["threshold"], 1 - r["threshold"]) for r in asked]
    )
    wrong = np.array([not right_of(r, r["bare"]) for r in asked], np.float64)[np.argsort(-sure)]
    count = np.arange(1, len(wrong) + 1)
    return count / len(whole), np.cumsum(wrong) / count


def draw(rows: Sequence[Row], picture: Path) -> None:
    """Coverage against risk, tested and held-out camera angles together, with and without abstention."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "coach"
    from matplotlib import pyplot as plt

    kept = [r for r in rows if r["joints"] == "exact" and r["kind"] in ("tested", "angles")]
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for guarded, label, style in ((False, "no abstention", "--"), (True, "unlike clips left out", "-")):
        coverage, risk = curve(kept, guarded=guarded)
        axes.plot(coverage, risk, style, label=label, color="#0a5f8a" if guarded else "#b4540a")
    axes.set(
        xlabel="share of verdicts that are given",
        ylabel="share of them that are wrong",
        xlim=(0, 1),
        ylim=(0, None),
    )
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)


def number(value: float) -> str:
    """Two digits, or a dash."""
    return "-" if not np.isfinite(value) else f"{value:.2f}"
