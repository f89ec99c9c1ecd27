"""What we learned: the papers' claims by verdict, each with its deciding comparison in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.claims.result import ClaimResult, ClaimsReport, Measured, Outcome, Side, Verdict
from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.site.forest import Scale
from aqa_bench.boards.site.reading import read_document
from aqa_bench.boards.site.words import dataset_name, task_name

__all__ = ["Lesson", "Tested", "Verdicts", "read_claims", "sections_of", "tally"]

Verdicts = tuple[str, str, tuple["Lesson", ...]]
"""Heading of a verdict, its anchor and its claims."""

_HEADINGS = {
    Verdict.CONFIRMED: "Confirmed",
    Verdict.REFUTED: "Refuted",
    Verdict.UNDECIDED: "Undecided",
    Verdict.NO_RUNS: "Not tested yet",
}


@dataclass(frozen=True)
class Tested:
    """A claim on one kind of data.

    Attributes:
        where: ``on the generated twin`` or ``on real data``.
        dataset: The dataset in words.
        verdict: ``confirmed``, ``refuted``, ``undecided`` or ``no runs``.
        numbers: Effect, interval and p in words; empty without runs.
        deciding: The comparison that decides, in words; empty without runs.
        why: Why it is not decided; often empty.
        plot: Per cent of zero, effect, low and high; None without an interval.
        comparisons: All comparisons as texts: task, both sides, effect, interval and p.
        missing: Commands that would make the missing runs.
    """

    where: str
    dataset: str
    verdict: str
    numbers: str
    deciding: str
    why: str
    plot: tuple[float, float, float, float] | None
    comparisons: tuple[tuple[str, ...], ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """A claim and what is known of it."""

    id: str
    says: str
    source: str
    note: str
    tested: tuple[Tested, ...]


def read_claims(file: Path) -> ClaimsReport | None:
    """The judged claims beside the leaderboards; None where there are none.

    Raises:
        DataError: The file is damaged.
    """
    return read_document(ClaimsReport, file, "judged claims", "aqa-bench leaderboard build")


def sections_of(report: ClaimsReport) -> list[Verdicts]:
    """Claims by their strongest verdict on any data; verdicts without claims are left out."""
    lessons = [(_strongest(claim), _lesson(claim)) for claim in report.claims]
    return [
        (
            heading,
            verdict.value.replace(" ", "-"),
            tuple(lesson for found, lesson in lessons if found is verdict),
        )
        for verdict, heading in _HEADINGS.items()
        if any(found is verdict for found, _ in lessons)
    ]


def tally(report: ClaimsReport) -> str:
    """The verdicts in one sentence."""
    counts = {verdict: sum(_strongest(claim) is verdict for claim in report.claims) for verdict in Verdict}
    tested = len(report.claims) - counts[Verdict.NO_RUNS]
    verb = "has" if tested == 1 else "have"
    return (
        f"Of {len(report.claims)} claims of two papers, {tested} {verb} been tested: "
        f"{counts[Verdict.CONFIRMED]} confirmed, {counts[Verdict.REFUTED]} refuted, "
        f"{counts[Verdict.UNDECIDED]} undecided."
    )


def _strongest(claim: ClaimResult) -> Verdict:
    found = {outcome.verdict for outcome in (claim.real, claim.twin) if outcome is not None}
    return next(verdict for verdict in _HEADINGS if verdict in found)


def _lesson(claim: ClaimResult) -> Lesson:
    places = (("on the generated twin", claim.twin), ("on real data", claim.real))
    return Lesson(
        id=claim.id,
        says=claim.says,
        source=f"{claim.source.partition(':')[0]}, {claim.place}",
        note=claim.note,
        tested=tuple(_tested(claim, where, outcome) for where, outcome in places if outcome is not None),
    )


def _tested(claim: ClaimResult, where: str, outcome: Outcome) -> Tested:
    deciding = outcome.deciding
    return Tested(
        where=where,
        dataset=dataset_name(outcome.dataset),
        verdict=outcome.verdict.value,
        numbers="" if deciding is None else _numbers(claim, deciding, outcome.p),
        deciding="" if deciding is None else _versus(outcome.dataset, deciding),
        why=outcome.why,
        plot=None if deciding is None else _plot(deciding),
        comparisons=tuple(_compared(outcome.dataset, each) for each in outcome.measured),
        missing=tuple(each.command for each in outcome.missing),
    )


def _numbers(claim: ClaimResult, found: Measured, p: float | None) -> str:
    holm = "" if p is None else f", p = {p:.3g} (Holm)"
    return f"{metric_name(claim.metric)} {_effect(found)}{holm}"


def _effect(found: Measured) -> str:
    effect = "not defined" if found.effect is None else f"{found.effect:+.2f}"
    bounds = "" if found.low is None or found.high is None else f" [{found.low:+.2f}, {found.high:+.2f}]"
    return effect + bounds


def _versus(dataset: str, found: Measured) -> str:
    return f"{_side(found.better)} against {_side(found.worse)}, {task_name(dataset, found.task).lower()}"


def _side(side: Side) -> str:
    name = f"{side.method} {side.recipe}".strip() or f"{side.name} (printed)"
    return name if side.value is None else f"{name} ({side.value:.2f})"


def _compared(dataset: str, found: Measured) -> tuple[str, ...]:
    numbers = (_effect(found), f"{found.p:.3g}", str(found.samples))
    return (task_name(dataset, found.task), _side(found.better), _side(found.worse), *numbers)


def _plot(found: Measured) -> tuple[float, float, float, float] | None:
    if found.effect is None or found.low is None or found.high is None:
        return None
    ends: Sequence[float] = (abs(found.low), abs(found.high), 0.1)
    scale = Scale(-1.05 * max(ends), 1.05 * max(ends))
    return scale.at(0.0), scale.at(found.effect), scale.at(found.low), scale.at(found.high)
