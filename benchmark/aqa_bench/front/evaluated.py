"""The evaluation of an outside judge's scores: as data, as tables, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aqa_bench.core.cards import Decision
from aqa_bench.core.errors import UsageError
from aqa_bench.core.record import MetricValue
from aqa_bench.front.differences import Comparison
from aqa_bench.front.standings import Contender, Line
from aqa_bench.front.words import interval, number, p_value, place, result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Evaluation", "TaskEvaluation"]

_RANKS = ("rank", "rank_low", "rank_high")


@dataclass(frozen=True)
class TaskEvaluation:
    """The evaluation of scores on one task.

    Attributes:
        task: Task id.
        metric: The metric that ranks.
        metrics: Every metric with its 95% interval, as a run's record has them.
        floor: Trivial value of the metric that ranks, or None.
        skill: Share of the way from the floor to perfection, or None.
        threshold: Where decisions come from, in words; empty for scores.
        scored: Test samples scored.
        expected: Test samples of the scheme.
        missing: Test samples without a score.
        line: The judge among the rows of the board.
        ranked: Rows with a rank, the judge's among them.
        board: Version of the board; empty where there is none here.
        differences: Paired differences, the judge minus something else.
        predictions: The scores where a run would have them.
    """

    task: str
    metric: str
    metrics: Mapping[str, MetricValue]
    floor: float | None
    skill: float | None
    threshold: str
    scored: int
    expected: int
    missing: tuple[str, ...]
    line: Line
    ranked: int
    board: str
    differences: tuple[Comparison, ...]
    predictions: pd.DataFrame

    @property
    def row(self) -> dict[str, Any]:
        """The metric that ranks with interval, floor, skill and coverage."""
        return {
            "task": self.task,
            "metric": self.metric,
            **self.metrics[self.metric].model_dump(),
            "floor": self.floor,
            "skill": self.skill,
            "scored": self.scored,
            "expected": self.expected,
        }

    @property
    def place(self) -> str:
        """Where it would stand, in words."""
        why = self.line.why_unranked or "there is no board for this dataset, task and scheme"
        rank = self.line.rank if self.board else None
        return place(rank, self.line.rank_low, self.line.rank_high, self.ranked, why, self.board)


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of an outside judge's scores. Nothing is stored.

    Attributes:
        name: Name of the judge.
        dataset: Dataset id.
        scheme: Split scheme.
        results: The outcome for each task.
        notes: What a reader has to know, in sentences.
    """

    name: str
    dataset: str
    scheme: str
    results: Mapping[str, TaskEvaluation]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(
            [f"{self.name} on {self.dataset} ({self.scheme})", *map("  {}".format, self.lines())]
        )

    @property
    def tasks(self) -> list[str]:
        """Ids of the tasks."""
        return list(self.results)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per task.

        Columns: ``task, metric, value, low, high, floor, skill, scored, expected, rank, rank_low, rank_high,
        ranked, threshold``.
        """
        import pandas as pd

        rows = [
            found.row
            | {name: getattr(found.line, name) if found.board else None for name in _RANKS}
            | {"ranked": found.ranked, "threshold": found.threshold}
            for found in self.results.values()
        ]
        return pd.DataFrame(rows)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Every metric of every task: columns ``task, metric, value, low, high``."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"task": task, "metric": name, **value.model_dump()}
                for task, found in self.results.items()
                for name, value in found.metrics.items()
            ]
        )

    @cached_property
    def differences(self) -> pd.DataFrame:
        """The judge minus others: columns ``task, against, value, low, high, p, samples``."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"task": task, **asdict(difference)}
                for task, found in self.results.items()
                for difference in found.differences
            ],
            columns=["task", "against", "value", "low", "high", "p", "samples"],
        )

    @property
    def floor(self) -> float | None:
        """Trivial value of the metric that ranks, of the one task.

        Raises:
            UsageError: There are several tasks.
        """
        return self._only().floor

    @property
    def rank(self) -> int | None:
        """Rank group that the scores would have on the board, of the one task; None without a board.

        Raises:
            UsageError: There are several tasks.
        """
        found = self._only()
        return found.line.rank if found.board else None

    def plot(self, ax: Axes | None = None) -> Axes:
        """Dot and 95% interval of each task, its floor dashed.

        Args:
            ax: Where to draw; a new figure by default.

        Raises:
            UsageError: Matplotlib is not installed.
        """
        from aqa_bench.front.plots import dots

        rows = [found.row for found in self.results.values()]
        return dots(
            [(row["task"], row["value"], row["low"], row["high"], True) for row in rows],
            [row["floor"] for row in rows],
            " / ".join(dict.fromkeys(row["metric"] for row in rows)),
            ax,
        )

    def contender(self, task: str) -> Contender:
        """The scores of a task, to be ranked on its board."""
        return Contender(self.name, "", (self.results[task].predictions,), Decision.TUNED)

    def lines(self) -> Iterator[str]:
        """The outcome in words."""
        for found in self.results.values():
            yield result(**found.row) + (f"; {found.threshold}" if found.threshold else "")
            yield found.place
            for d in found.differences:
                told = " ".join(filter(None, (number(d.value), interval(d.low, d.high))))
                yield f"minus {d.against}: {told}, {p_value(d.p)}, {d.samples} samples"
        yield from self.notes

    def document(self) -> dict[str, Any]:
        """The outcome as plain JSON."""
        tasks = {
            task: {
                "metric": found.metric,
                "metrics": {name: value.model_dump(mode="json") for name, value in found.metrics.items()},
                "floor": found.floor,
                "skill": found.skill,
                "threshold": found.threshold,
                "coverage": {"expected": found.expected, "scored": found.scored},
                "missing": list(found.missing),
                "board": found.board or None,
                **{name: getattr(found.line, name) if found.board else None for name in _RANKS},
                "ranked": found.ranked if found.board else None,
                "why_unranked": "" if found.line.rank and found.board else found.place,
                "differences": [asdict(difference) for difference in found.differences],
            }
            for task, found in self.results.items()
        }
        head = {"name": self.name, "dataset": self.dataset, "scheme": self.scheme}
        return head | {"tasks": tasks, "notes": list(self.notes)}

    def _only(self) -> TaskEvaluation:
        if len(self.results) != 1:
            raise UsageError(
                "There are several tasks.", expected="one", found=", ".join(self.results), remedy="Use table."
            )
        return next(iter(self.results.values()))
