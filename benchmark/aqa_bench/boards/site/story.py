"""What a board says, in plain sentences made from its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.render import count, metric_name
from aqa_bench.boards.site.words import entry_name, guessing, samples_name, span, value
from aqa_bench.core.record import RowKind

__all__ = ["RULE_OF_BEATING", "Parts", "Story", "beats_floor", "parts_of", "story_of"]

RULE_OF_BEATING = (
    "An entry is a method with one recipe. It beats the floor if its whole 95% interval is on the better "
    "side. This considers each entry alone; rank groups account for the number of entries."
)


@dataclass(frozen=True)
class Parts:
    """The rows of a board by what they are for; each part in the board's order."""

    entries: tuple[Row, ...]
    controls: tuple[Row, ...]
    oracles: tuple[Row, ...]
    reported: tuple[Row, ...]


@dataclass(frozen=True)
class Story:
    """A board in sentences.

    Attributes:
        lead: What a reader has to know first.
        more: What the controls and the oracles add.
    """

    lead: str
    more: tuple[str, ...]


def parts_of(board: Board) -> Parts:
    """Sort the rows of a board into entries, controls, oracles and reported rows."""
    measured = [row for row in board.rows if row.kind is RowKind.MEASURED]
    return Parts(
        tuple(row for row in measured if not row.control and not row.oracle),
        tuple(row for row in measured if row.control),
        tuple(row for row in measured if row.oracle and not row.control),
        tuple(row for row in board.rows if row.kind is RowKind.REPORTED),
    )


def beats_floor(board: Board, row: Row) -> bool:
    """Whether the row's whole interval lies on the better side of the board's floor."""
    if board.floor is None or row.low is None or row.high is None:
        return False
    return row.low > board.floor if board.higher_is_better else row.high < board.floor


def story_of(board: Board) -> Story:
    """Tell a board."""
    parts = parts_of(board)
    tested = f"On {count(board.samples)} test {samples_name(board)}"
    entries = [row for row in parts.entries if row.value is not None]
    if not entries:
        lead = f"{tested}, no method has been measured yet."
        printed = "Reported numbers are listed next to them; they were not measured here."
        more = "The first method has to beat the controls below."
        return Story(lead, (more, *([printed] if parts.reported else [])))
    best = (max if board.higher_is_better else min)(entries, key=lambda row: row.value or 0.0)
    name, reached = entry_name(best), f"reaches {metric_name(board.primary)} {_valued(best)}"
    if not board.honest:
        # Whoever has seen the answers beats nobody.
        return Story(f"{tested} (methods may see some of their labels), {name} {reached}.", ())
    if board.floor is None:
        lead = f"{tested}, {name} {reached}, the best of {_entries(len(entries))}."
        return Story(lead, tuple(_more(board, parts, entries)))
    better = sum(beats_floor(board, row) for row in entries)
    floor = f"{guessing(board.primary)} ({board.floor:.2f})"
    if len(entries) == 1:
        verb = "beats" if better else "is not shown to beat"
        lead = f"{tested}, the only entry {verb} {floor}: {name} {reached}."
    elif better:
        share = "all" if better == len(entries) else f"{better} of"
        verb = "beats" if better == 1 else "beat"
        lead = f"{tested}, {share} {len(entries)} entries {verb} {floor}; the best, {name}, {reached}."
    else:
        lead = (
            f"{tested}, none of {len(entries)} entries is shown to beat {floor}; the best, {name}, {reached}."
        )
    return Story(lead, tuple(_more(board, parts, entries)))


def _more(board: Board, parts: Parts, entries: Sequence[Row]) -> Iterator[str]:
    ranked = {row.rank for row in entries if row.rank is not None}
    if len(ranked) == 1 and sum(row.rank is not None for row in entries) > 1:
        yield "This test set is too small to rank the entries: none is shown to be better than another."
    control = next((row for row in parts.controls if row.rank is not None), None)
    best = min(ranked, default=None)
    if control is not None and control.rank is not None and best is not None:
        name = f"the best control, {entry_name(control)} ({value(control)})"
        if control.rank > best:
            yield f"All controls rank below the best entry; {name}, has rank {control.rank}."
        elif beats_floor(board, control):
            yield f"No entry is shown to beat {name}, which takes a shortcut."
    oracle = next((row for row in parts.oracles if beats_floor(board, row)), None)
    if oracle is not None:
        exact = " and ".join(each.replace("-", " ") for each in oracle.oracle)
        sentence = f"Given the exact {exact} of generated clips, {oracle.method} reaches {_valued(oracle)}"
        same = next((row for row in entries if row.method == oracle.method), None)
        without = "" if same is None else f"; without them it reaches {_valued(same)}"
        yield f"{sentence}{without}."


def _valued(row: Row) -> str:
    return " ".join(filter(None, (value(row), span(row))))


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"
