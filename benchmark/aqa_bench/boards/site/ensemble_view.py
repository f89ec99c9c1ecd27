"""Pages of ensembles: what they join and how, how they do beside their members, and what that costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.boards.site.cards import Fact, results_table, skill_forest, skill_mark, spread
from aqa_bench.boards.site.forest import Forest, Mark, Scale
from aqa_bench.boards.site.names import page_of, row_page
from aqa_bench.boards.site.tables import Table
from aqa_bench.boards.site.words import dataset_name, entry_name, task_name
from aqa_bench.boards.site.writing import Site
from aqa_bench.core.cards import Decision
from aqa_bench.core.record import RunRecord, read_record

__all__ = ["Ensemble", "ensembles_of", "write_ensemble"]

_RECIPE = "ensemble"
_RULES = {
    Decision.TUNED: "The threshold is chosen anew on the means of val, and never on test.",
    Decision.OWN: "The threshold is 0.5, as each member has a threshold of its own.",
}


@dataclass(frozen=True)
class Ensemble:
    """Runs whose scores are means of other runs' scores.

    Attributes:
        name: Its name, unique among pages of methods.
        record: Record of one of its runs.
        found: Its row and its members' rows, by board.
        paths: Folders of that run's members, below the submissions.
    """

    name: str
    record: RunRecord
    found: tuple[tuple[Board, Row, tuple[Row, ...]], ...]
    paths: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What it is, in a sentence."""
        return f"An ensemble: the mean of the scores of {' and '.join(self._told)}."

    @property
    def rule(self) -> str:
        """How it scores and decides."""
        seeds = max(row.seeds for _, row, _ in self.found)
        told = f" It was made {seeds} times, each time from runs with other seeds." if seeds > 1 else ""
        return (
            "Nothing is trained. Each sample's score is the mean of the members' scores for it, all with the "
            f"same weight. {_RULES[self.record.decision]}{told}"
        )

    @property
    def commands(self) -> str:
        """How to make it from the members' runs."""
        members = " \\\n  ".join(f"submissions/{path}" for path in self.paths)
        return f"aqa-bench ensemble {members}\naqa-bench runs"

    def members(self, pages: Collection[str]) -> list[tuple[str, str]]:
        """Names of what it joins, and where they lead; empty where they have no page."""
        rows = {entry_name(row): row_page(row, pages) for _, _, rows in self.found for row in rows}
        # A member without a row is known by what the record calls it.
        return sorted(rows.items()) if len(rows) >= len(self._told) else [(name, "") for name in self._told]

    def facts(self) -> list[Fact]:
        """What it looks at, and the sum of what its members cost."""
        _, row, _ = self.found[0]
        whole = [rows for _, _, rows in self.found if len(rows) == len(self.record.members)]
        costs = (
            spread(_sums([[r.parameters for r in rows] for rows in whole]), "parameters", ",.0f"),
            spread(_sums([[r.gflops for r in rows] for rows in whole]), "GFLOPs per sample", ".2g"),
            spread(_sums([[r.latency_ms for r in rows] for rows in whole]), "ms per sample", ".2g"),
        )
        told = "; ".join(filter(None, costs))
        return [
            Fact("looks at", row.modality),
            Fact("pre-trained on", row.pretrained_on),
            *([Fact("costs", f"{told}: the sum over its members, over its boards")] if told else []),
        ]

    def skills(self, pages: Collection[str]) -> Forest | None:
        """Its skill beside its members' on every board; None where no row has one."""
        scale = Scale(-0.5, 1.02)
        groups: list[tuple[str, tuple[Mark, ...]]] = []
        for board, row, members in self.found:
            shown = (row, *sorted(members, key=lambda each: -(each.skill or 0.0)))
            marks = tuple(
                skill_mark(
                    board, each, scale, entry_name(each), "", "" if each is row else row_page(each, pages)
                )
                for each in shown
                if each.skill is not None
            )
            where = task_name(board.dataset, board.task), dataset_name(board.dataset), board.scheme
            groups += [(", ".join(where), marks)] if marks else []
        return skill_forest(groups, scale) if groups else None

    def results(self) -> Table | None:
        """Its rows and its members'."""
        rows = [(board, each) for board, row, members in self.found for each in (row, *members)]
        return results_table(rows, f"Results of {self.name} and its members", named=True)

    @property
    def _told(self) -> list[str]:
        told = self.record.hyperparameters.get("of")
        return list(map(str, told)) if isinstance(told, list) else self.record.members


def ensembles_of(boards: Sequence[DatasetBoards], records: Mapping[str, Path]) -> dict[str, Ensemble]:
    """Every ensemble with a row, by its name.

    Args:
        boards: All boards.
        records: Record of every run by its path below the submissions. A row is known to be an ensemble's by
            its runs' records.

    Raises:
        DataError: The record of an ensemble cannot be read.
    """
    paths = {path.rpartition("/")[2]: path for path in records}
    found: dict[str, Ensemble] = {}
    for board in (board for each in boards for board in each.boards):
        for row in (row for row in board.rows if row.recipe == _RECIPE):
            joined = [read_record(records[paths[run]].parent) for run in row.runs if run in paths]
            members = {run for record in joined for run in record.members}
            if not members:
                continue
            rows = tuple(other for other in board.rows if members & set(other.runs))
            name = entry_name(row)
            if name not in found:
                there = tuple(paths[run] for run in joined[0].members if run in paths)
                found[name] = Ensemble(name, joined[0], (), there)
            found[name] = replace(found[name], found=(*found[name].found, (board, row, rows)))
    return found


def write_ensemble(site: Site, ensemble: Ensemble) -> tuple[str, str, str]:
    """Write the page of an ensemble.

    Returns:
        Its name, its page and what it is, for the list of methods.
    """
    site.write(
        "method.html",
        page_of(ensemble.name),
        ensemble.name,
        summary=ensemble.summary,
        figure=None,
        idea="",
        members=ensemble.members(site.methods),
        rule=ensemble.rule,
        facts=ensemble.facts(),
        skills=ensemble.skills(site.methods),
        commands=ensemble.commands,
        recipes=None,
        results=ensemble.results(),
        others=None,
        retrievals=(),
        text="",
    )
    return ensemble.name, page_of(ensemble.name), ensemble.summary


def _sums(costs: Sequence[Sequence[float | int | None]]) -> list[float]:
    """Sum over the members on each board where all of them are known."""
    return [sum(c for c in each if c) for each in costs if each and all(c is not None for c in each)]
