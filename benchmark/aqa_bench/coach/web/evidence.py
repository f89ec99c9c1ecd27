"""How well a judge does where it was tested, in words, and what its slider needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aqa_bench.coach.assessment import Assessment, Evidence, Repetition

__all__ = ["Shown", "evidence_of", "sentences", "slider"]

_METRICS: Final = {
    "f1": "F1",
    "auroc": "AUROC",
    "ap": "average precision",
    "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """The evidence of one task as the page shows it.

    Attributes:
        evidence: As the engine gave it.
        metric: The metric's name for people.
        sentences: What it means.
        is_better: Whether the whole interval lies above the floor.
        slider: What the slider needs; None where there is nothing to slide.
    """

    evidence: Evidence
    metric: str
    sentences: tuple[str, ...]
    is_better: bool
    slider: dict[str, Any] | None


def evidence_of(assessment: Assessment) -> list[Shown]:
    """The evidence of every task."""
    return [
        Shown(
            e,
            metric_name(e.metric),
            tuple(sentences(e)),
            e.low is not None and e.floor is not None and e.low > e.floor,
            slider(e, assessment.repetitions),
        )
        for e in assessment.evidence
    ]


def metric_name(metric: str) -> str:
    """A metric's name for people; the threshold that it is taken at is left out."""
    base = metric.partition("@")[0]
    return _METRICS.get(base, base.replace("_", " "))


def sentences(evidence: Evidence) -> list[str]:
    """What the numbers mean, in plain words."""
    metric = metric_name(evidence.metric)
    said = [f"On {evidence.samples} test clips of {evidence.tested_on}, {evidence.judge} reaches"]
    said[0] += f" {metric} {evidence.value:.2f}"
    if evidence.low is not None and evidence.high is not None:
        said[0] += f" (95% interval {evidence.low:.2f} to {evidence.high:.2f})"
    said[0] += "."
    if evidence.floor is None:
        return said
    said.append(f"Blind guessing reaches {evidence.floor:.2f}.")
    if evidence.low is None:
        return said
    if evidence.low > evidence.floor:
        said.append("The whole interval is above that, so on such clips the judge beats guessing.")
    else:
        said.append("The interval includes that, so the judge is not shown to beat guessing.")
    return said


def slider(evidence: Evidence, repetitions: Sequence[Repetition]) -> dict[str, Any] | None:
    """Thresholds with precision and recall, the scores of this clip, and where the slider begins."""
    count = len(evidence.thresholds)
    if count < 2 or not count == len(evidence.precision) == len(evidence.recall):
        return None
    verdicts = [(r.index, v) for r in repetitions for v in r.verdicts if v.task == evidence.task]
    scores = [[index, verdict.score] for index, verdict in verdicts if verdict.score is not None]
    used = next((verdict.threshold for _, verdict in verdicts if verdict.threshold is not None), None)
    places = range(count)
    start = count // 2 if used is None else min(places, key=lambda i: abs(evidence.thresholds[i] - used))
    return {
        "thresholds": evidence.thresholds,
        "precision": evidence.precision,
        "recall": evidence.recall,
        "scores": scores,
        "used": used,
        "start": start,
    }
