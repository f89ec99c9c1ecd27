"""Judged claims as text: pure functions of the report, so that the same data give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aqa_bench.boards.claims.result import ClaimResult, ClaimsReport, Measured, Outcome, Side
from aqa_bench.boards.model import Standing
from aqa_bench.boards.pages.escape import markdown_text
from aqa_bench.boards.pages.render import markdown_table, metric_name
from aqa_bench.core.files import pretty_json

__all__ = [
    "CLAIMS",
    "CLAIMS_FILES",
    "HEADER",
    "RULES",
    "claim_details",
    "claims_files",
    "claims_markdown",
    "summary",
]

CLAIMS = "claims"
"""Name of the page, without its ending."""
CLAIMS_FILES = (f"{CLAIMS}.md", f"{CLAIMS}.json")
"""Names of the files."""

HEADER = (
    *("claim", "what it says"),
    *("twin", "effect", "95% interval", "Holm's p"),
    *("real data", "effect", "95% interval", "Holm's p"),
)
"""Columns of the summary."""
_TEXTS = (0, 1, 2, 6)

RULES = (
    "A claim is a list of comparisons and holds if all of them do. Confirmed: every effect is on the claimed "
    "side, and p < .05. Refuted: an effect is significantly on the other side, p < .05. Undecided: neither. "
    "No runs: no comparison has runs of both sides.",
    "Effects are differences (better minus worse) in units of the metric, paired on the "
    "samples that both were tested on, unless a claim says otherwise. Intervals are 95%, from "
    "resampled groups and seeds. The table shows the decisive comparison: the weakest if all "
    "effects are on the claimed side, otherwise the one that most contradicts the claim.",
    "p belongs to the whole claim: the largest of its comparisons, or the smallest of those "
    "against it times the number of comparisons. Holm's correction then covers all claims "
    "with runs, separately for the twin and for real data.",
    "The twin is generated data: a claim that holds there holds for generated data.",
)
"""How verdicts come about."""

_COMPARED = ("task", "claimed better", "claimed worse", "effect", "95% interval", "p", "samples")
_COMPARED_TEXTS = (0, 1, 2)


def summary(result: ClaimResult) -> list[str]:
    """A claim in one line, under :data:`HEADER`."""
    return [result.id, result.says, *_verdict(result.twin), *_verdict(result.real)]


def claims_markdown(report: ClaimsReport) -> str:
    """``claims.md``."""
    rows = [_escaped(summary(claim), _TEXTS) for claim in report.claims]
    parts = [
        f"# The papers' claims: protocol {report.version}\n",
        *(f"{rule}\n" for rule in RULES),
        markdown_table(HEADER, rows, _TEXTS),
        *("\n".join(_section(claim)) for claim in report.claims),
    ]
    return "\n".join(parts)


def claims_files(report: ClaimsReport) -> dict[str, str]:
    """``claims.md`` and ``claims.json``."""
    return dict(
        zip(CLAIMS_FILES, (claims_markdown(report), pretty_json(report.model_dump(mode="json"))), strict=True)
    )


def claim_details(result: ClaimResult) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    """A claim's outcomes for a terminal: paragraphs, and the lines of a table under each (header first)."""
    yield _heading(result), ()
    for name, outcome in _outcomes(result):
        lines = [_compared(m) for m in outcome.measured]
        yield _told(name, outcome), [_COMPARED, *lines] if lines else ()
        if outcome.runs:
            yield f"Runs: {' '.join(outcome.runs)}", ()
        if outcome.missing:
            yield "\n".join(["Missing:", *(f"  {m.command}" for m in outcome.missing)]), ()


def _section(result: ClaimResult) -> Iterator[str]:
    yield f"## {result.id}\n\n{_heading(result)}\n"
    for name, outcome in _outcomes(result):
        yield f"**{markdown_text(_told(name, outcome))}**\n"
        if outcome.measured:
            lines = [_escaped(_compared(m), _COMPARED_TEXTS) for m in outcome.measured]
            yield markdown_table(_COMPARED, lines, _COMPARED_TEXTS)
            yield f"Runs: {' '.join(outcome.runs)}\n"
        if outcome.missing:
            yield "".join(["```\n", *(f"{m.command}\n" for m in outcome.missing), "```\n"])


def _heading(result: ClaimResult) -> str:
    margin = result.equivalent_within
    test = f"{metric_name(result.metric)}, {'paired' if result.paired else 'not paired'}"
    test += "" if margin is None else f", equivalence within {margin:g}"
    note = f" {result.note}" if result.note else ""
    return f"{result.says} ({result.place}; {test}.){note}"


def _outcomes(result: ClaimResult) -> Iterator[tuple[str, Outcome]]:
    for name, outcome in (("twin", result.twin), ("real data", result.real)):
        if outcome is not None:
            yield name, outcome


def _told(name: str, outcome: Outcome) -> str:
    why = f" ({outcome.why})" if outcome.why else ""
    return f"{name}, {outcome.dataset}: {outcome.verdict}{why}"


def _verdict(outcome: Outcome | None) -> tuple[str, str, str, str]:
    if outcome is None:
        return "-", "-", "-", "-"
    deciding = outcome.deciding
    if deciding is None:
        return outcome.verdict, "-", "-", "-"
    return outcome.verdict, _signed(deciding.effect), _interval(deciding), _p(outcome.p)


def _compared(m: Measured) -> list[str]:
    numbers = (_signed(m.effect), _interval(m), _p(m.p), str(m.samples))
    elsewhere = m.better.dataset != m.worse.dataset
    return [m.task, _who(m.better, elsewhere), _who(m.worse, elsewhere), *numbers]


def _who(side: Side, elsewhere: bool) -> str:
    if side.standing is None:
        return f"{side.name} (printed) {side.value:z.4f}"
    seeds = f"{side.seeds} seed{'s' if side.seeds != 1 else ''}"
    badge = "" if side.standing is Standing.REPRODUCED else f", {side.standing}"
    where = f" on {side.dataset}" if elsewhere else ""
    value = "-" if side.value is None else f"{side.value:z.4f}"
    return f"{side.method} {side.recipe}{where} {value} ({seeds}{badge})"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4f}"


def _interval(m: Measured) -> str:
    return "-" if m.low is None or m.high is None else f"[{m.low:+.4f}, {m.high:+.4f}]"


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:z.4f}"


def _escaped(cells: Sequence[str], texts: Sequence[int]) -> list[str]:
    return [markdown_text(cell) if i in texts else cell for i, cell in enumerate(cells)]
