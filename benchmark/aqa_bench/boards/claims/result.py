"""What is known of a claim, as data: the content of ``claims.json``."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.model import Standing

__all__ = ["ClaimResult", "ClaimsReport", "Measured", "Missing", "Outcome", "Side", "Verdict"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Verdict(StrEnum):
    """What the runs say of a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NO_RUNS = "no runs"


class Side(_Strict):
    """A row of a board that was compared.

    Attributes:
        name: The contender that it stands for.
        dataset: Dataset id.
        method: Method id; empty for a printed value.
        recipe: Its recipe.
        value: Its value of the metric.
        seeds: Number of seeds.
        runs: Run-ids.
        standing: Badge of the row; None for a printed value.
    """

    name: str
    dataset: str
    method: str
    recipe: str
    value: float | None
    seeds: int
    runs: tuple[str, ...]
    standing: Standing | None


class Measured(_Strict):
    """One comparison.

    Attributes:
        task: Task id.
        better: The side that is claimed to be better.
        worse: The other one.
        effect: Better minus worse in units of the metric, its sign turned where lower is better; None where
            the metric of either is undefined.
        low: Lower end of its 95% interval.
        high: Upper end.
        p: Two-sided p of "no difference"; of an equivalence: twice the one-sided p of "as far apart as the
            margin".
        holds: Whether the effect lies on the claimed side.
        samples: Samples that both were tested on; of unpaired ones those of the better side.
    """

    task: str
    better: Side
    worse: Side
    effect: float | None
    low: float | None
    high: float | None
    p: float
    holds: bool
    samples: int


class Missing(_Strict):
    """A row that a comparison needs and that nobody has submitted.

    Attributes:
        name: The contender.
        command: What makes its runs.
    """

    name: str
    command: str


class Outcome(_Strict):
    """What the runs on one dataset say of a claim.

    Attributes:
        dataset: Dataset id.
        verdict: What they say.
        why: Why it is not decided, in words; empty otherwise.
        comparisons: Number of comparisons that have to hold.
        decides: Index in ``measured`` of the comparison that decides: the weakest while all hold, else the
            one that speaks most against the claim; None without any.
        p_claim: p of the claim before Holm's correction; None without runs.
        p: The same after it.
        measured: Comparisons that both sides have runs of.
        missing: Rows that the others lack.
    """

    dataset: str
    verdict: Verdict
    why: str = ""
    comparisons: int
    decides: int | None = None
    p_claim: float | None = None
    p: float | None = None
    measured: tuple[Measured, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def deciding(self) -> Measured | None:
        """The comparison that decides."""
        return None if self.decides is None else self.measured[self.decides]

    @property
    def runs(self) -> tuple[str, ...]:
        """Run-ids behind all comparisons, sorted."""
        sides = [side for m in self.measured for side in (m.better, m.worse)]
        return tuple(sorted({run for side in sides for run in side.runs}))


class ClaimResult(_Strict):
    """A claim and what is known of it.

    Attributes:
        id: Its id.
        source: Citation of its document.
        place: Where in it.
        says: The claim in our words.
        note: What a reader has to know.
        metric: Metric of its comparisons.
        equivalent_within: Margin of an equivalence, or None.
        paired: Whether both sides are tested on the same samples.
        twin: On generated data; None where the claim is of real data alone.
        real: On real data; None where only the gym can test it.
    """

    id: str
    source: str
    place: str
    says: str
    note: str
    metric: str
    equivalent_within: float | None
    paired: bool
    twin: Outcome | None
    real: Outcome | None


class ClaimsReport(_Strict):
    """All claims.

    Attributes:
        version: Version of the protocol whose runs count.
        level: Level of the decisions.
        claims: The claims.
        unscored: Datasets whose runs could not be scored, with the reason.
    """

    version: str
    level: float
    claims: tuple[ClaimResult, ...]
    unscored: dict[str, str]
