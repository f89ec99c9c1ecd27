from __future__ import annotations

import pytest

from aqa_bench.boards.claims.judge import decide, outcome
from aqa_bench.boards.claims.result import Measured, Outcome, Side, Verdict


def compared(effect: float, p: float) -> Measured:
    side = Side(name="m", dataset="d", method="m", recipe="r", value=0.5, seeds=1, runs=(), standing=None)
    return Measured(
        task="t",
        better=side,
        worse=side,
        effect=effect,
        low=None,
        high=None,
        p=p,
        holds=effect > 0,
        samples=9,
    )


def judged(*comparisons: tuple[float, float], of: int | None = None) -> Outcome:
    measured = [compared(effect, p) for effect, p in comparisons]
    (found,) = decide([outcome("d", of or len(measured), measured)])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("comparisons", "verdict", "p", "decides"),
    [
        ([(0.2, 0.01)], Verdict.CONFIRMED, 0.01, 0),
        ([(-0.2, 0.01)], Verdict.REFUTED, 0.01, 0),
        ([(0.2, 0.06)], Verdict.UNDECIDED, 0.06, 0),
        ([(0.2, 0.05)], Verdict.UNDECIDED, 0.05, 0),
        # All have to hold: the weakest decides, without a correction within the claim.
        ([(0.2, 0.001), (0.1, 0.04), (0.3, 0.002)], Verdict.CONFIRMED, 0.04, 1),
        ([(0.2, 0.001), (0.1, 0.4)], Verdict.UNDECIDED, 0.4, 1),
        # One that fails is enough: the strongest of those decides, corrected for having looked at all.
        ([(0.2, 0.001), (-0.1, 0.02), (-0.3, 0.01)], Verdict.REFUTED, 0.03, 2),
        ([(0.2, 0.001), (-0.1, 0.02), (0.3, 0.01)], Verdict.UNDECIDED, 0.06, 1),
        ([(0.2, 0.001), (-0.1, 0.9)], Verdict.UNDECIDED, 1.0, 1),
    ],
)
def test_a_claim_holds_if_all_its_comparisons_do_and_falls_with_one(
    comparisons: list[tuple[float, float]], verdict: Verdict, p: float, decides: int
) -> None:
    found = judged(*comparisons)
    assert (found.verdict, found.decides) == (verdict, decides)
    assert found.p == pytest.approx(p)
    assert bool(found.why) is (verdict is Verdict.UNDECIDED)


def test_a_claim_is_not_confirmed_while_a_comparison_lacks_runs_but_may_be_refuted() -> None:
    partial = judged((0.2, 0.001), of=2)
    assert (partial.verdict, partial.p) == (Verdict.UNDECIDED, 1.0)
    assert partial.why.startswith("1 of 2 comparisons have runs")
    assert judged((-0.2, 0.001), of=2).verdict is Verdict.REFUTED


def test_the_family_is_all_claims_that_have_runs() -> None:
    without = Outcome(dataset="d", verdict=Verdict.NO_RUNS, comparisons=1)
    three = [
        outcome("d", 1, [compared(effect, p)]) for effect, p in ((0.1, 0.02), (0.1, 0.001), (-0.1, 0.03))
    ]
    found = decide([three[0], None, three[1], without, three[2]])
    # Holm by hand: .001 x 3, .02 x 2, max(.03 x 1, .04).
    assert [o.p if o else None for o in found] == [0.04, None, 0.003, None, 0.04]
    assert [o.verdict if o else None for o in found] == [
        Verdict.CONFIRMED,
        None,
        Verdict.CONFIRMED,
        Verdict.NO_RUNS,
        Verdict.REFUTED,
    ]
    # One claim more in the family, and the two of .04 are decided no longer.
    more = decide([*three, outcome("d", 1, [compared(0.1, 0.5)])])
    assert [o.p if o else None for o in more] == pytest.approx([0.06, 0.004, 0.06, 0.5])
    assert [o.verdict for o in more if o] == [
        Verdict.UNDECIDED,
        Verdict.CONFIRMED,
        Verdict.UNDECIDED,
        Verdict.UNDECIDED,
    ]
