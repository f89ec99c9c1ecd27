"""From the comparisons of claims to verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from aqa_bench.boards.claims.result import Measured, Outcome, Verdict
from aqa_bench.stats.multiple import holm

__all__ = ["ALPHA", "decide", "outcome"]

ALPHA = 0.05
"""Level of the decisions."""


def outcome(dataset: str, comparisons: int, measured: Sequence[Measured]) -> Outcome:
    """A claim's p-value on one dataset, before any other claim is looked at.

    A claim holds if all its comparisons hold. While every effect lies on the claimed side, its p is the
    greatest of theirs (an intersection-union test: each of them has to be significant), and 1 if some
    comparison has no runs. If an effect lies on the other side, one such comparison is enough to refute the
    claim, and its p is the smallest of those, times the number of comparisons that have runs (Bonferroni).

    Args:
        dataset: Dataset id.
        comparisons: Number of comparisons that have to hold.
        measured: Those that have runs, one at least.
    """
    against = [i for i, m in enumerate(measured) if not m.holds]
    if against:
        decides = min(against, key=lambda i: measured[i].p)
        p = min(1.0, len(measured) * measured[decides].p)
    else:
        decides = max(range(len(measured)), key=lambda i: measured[i].p)
        p = measured[decides].p if len(measured) == comparisons else 1.0
    return Outcome(
        dataset=dataset,
        verdict=Verdict.UNDECIDED,
        comparisons=comparisons,
        decides=decides,
        p_claim=p,
        measured=tuple(measured),
    )


def decide(outcomes: Sequence[Outcome | None]) -> list[Outcome | None]:
    """Verdicts of one family: Holm's correction over all of its claims that have runs.

    Args:
        outcomes: One outcome per claim, all on generated or all on real data; None where a claim has
            no such data.

    Returns:
        The outcomes in their order; those without runs as they were.
    """
    tested = [o for o in outcomes if o is not None and o.p_claim is not None]
    adjusted = iter(holm([o.p_claim for o in tested if o.p_claim is not None]).tolist())
    return [
        _decided(o, round(next(adjusted), 6)) if o is not None and o.p_claim is not None else o
        for o in outcomes
    ]


def _decided(found: Outcome, p: float) -> Outcome:
    holding = sum(m.holds for m in found.measured)
    all_hold = holding == len(found.measured)
    if p < ALPHA:
        verdict = Verdict.CONFIRMED if all_hold else Verdict.REFUTED
        return found.model_copy(update={"verdict": verdict, "p": p})
    tested = len(found.measured)
    if not all_hold:
        why = f"{tested - holding} of {tested} effects are not on the claimed side, none significantly"
    elif tested < found.comparisons:
        why = "all effects are on the claimed side"
    else:
        why = "all effects are on the claimed side, the weakest not significantly"
    if tested < found.comparisons:
        why = f"{tested} of {found.comparisons} comparisons have runs; {why}"
    return found.model_copy(update={"verdict": Verdict.UNDECIDED, "p": p, "why": why})
