"""The page of a dataset's boards: story, picture of the error, plot, tables, and what follows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from aqa_bench.boards.curves import read_curves
from aqa_bench.boards.model import Board, DatasetBoards, board_name
from aqa_bench.boards.pages.render import RANKS, count, metric_name
from aqa_bench.boards.site.board_view import board_id, board_page, board_tables
from aqa_bench.boards.site.error_pictures import error_picture
from aqa_bench.boards.site.forest import forest_of
from aqa_bench.boards.site.index_view import main_boards
from aqa_bench.boards.site.names import slug
from aqa_bench.boards.site.plots import COST_CAPTION, cost_plot
from aqa_bench.boards.site.records import copy_records, records_table
from aqa_bench.boards.site.story import RULE_OF_BEATING, Parts, parts_of, story_of
from aqa_bench.boards.site.study_plots import CURVES_CAPTION, SLICES_CAPTION, curve_plot, slices_plot
from aqa_bench.boards.site.study_tables import curve_table
from aqa_bench.boards.site.tables import Table
from aqa_bench.boards.site.words import lowered, samples_name, task_name
from aqa_bench.boards.site.writing import Site, small_json
from aqa_bench.boards.slices import SlicedBoard, read_slices
from aqa_bench.core.registry import find_family, known_dataset
from aqa_bench.core.task import TaskKind

__all__ = ["write_boards"]

_TWO_REPETITIONS = (
    "Two generated repetitions that differ only in the error: without it on the left, with it on the right. "
    "A ring marks the joint, in red while the error shows."
)
_TWO_SCORES = (
    "Two generated performances that differ only in execution: a clean one on the left, one with several "
    "faults on the right."
)


def write_boards(site: Site, boards: DatasetBoards, tables: Path, records: Mapping[str, Path]) -> None:
    """Write the page of a dataset's boards, its files, pictures and records.

    Args:
        site: The site under way.
        boards: The boards.
        tables: Folder of the version's leaderboards.
        records: Record of every run by its path below the submissions.
    """
    name = slug(board_name(boards.dataset))
    files = []
    for suffix in ("csv", "json"):
        file = tables / board_name(boards.dataset) / f"table.{suffix}"
        if file.is_file():
            site.put(f"tables/{name}.{suffix}", small_json(file) if suffix == "json" else file.read_bytes())
            files.append((suffix.upper(), f"tables/{name}.{suffix}"))
    pictures = _pictures(site, boards, tables / board_name(boards.dataset))
    card = known_dataset(boards.dataset)
    site.write(
        "board.html",
        board_page(boards.dataset),
        card.name if card else boards.dataset,
        dataset=boards,
        tasks=[
            {
                "main": _board(site, members[0], several=len(members) > 1),
                "others": [_board(site, board, several=True, more=False) for board in members[1:]],
                "error": _error(site, boards.dataset, task),
                "pictures": pictures[task],
            }
            for task, members in main_boards(boards).items()
        ],
        files=files,
        about=f"datasets/{slug(find_family(card.id).name)}.html" if card else "",
        records=f"records/{name}.html",
        beating=RULE_OF_BEATING,
    )
    there = copy_records(boards, records, site.root)
    each = [records_table(board, there) for board in boards.boards]
    site.write(
        "records.html", f"records/{name}.html", f"Runs of {boards.dataset}", tables=each, complete=bool(there)
    )


def _board(site: Site, board: Board, *, several: bool, more: bool = True) -> dict[str, object]:
    errors = "" if board.positive is None else f", {count(board.positive)} of them with the error"
    unit, name = samples_name(board), task_name(board.dataset, board.task)
    question = "" if board.question == name else board.question
    return {
        "board": board,
        "id": board_id(board),
        "name": name,
        "about": ", ".join(filter(None, (question, f"protocol {board.scheme}" if several else ""))),
        "story": story_of(board),
        "beats": board.floor is not None and any(row.value is not None for row in parts_of(board).entries),
        "forest": forest_of(board, site.methods),
        "tables": board_tables(board, site.methods, more=more),
        "strip": _strip(parts_of(board)),
        "rule": board.rule if board.rule.endswith(".") else f"{board.rule}.",
        "metric": metric_name(board.primary),
        "floor": "none" if board.floor is None else f"{board.floor:.4f}",
        "sizes": f"{count(board.samples)} {unit}{errors}, from {count(board.groups)} groups",
        "ranks": RANKS if any(row.rank_low is not None for row in board.rows) else "",
        "unranked": sorted(
            {f"{r.method} is not ranked: {r.why_unranked}." for r in board.rows if r.why_unranked}
        ),
        "sources": sorted({row.source for row in board.rows if row.source}),
    }


def _strip(parts: Parts) -> str:
    """What stands in the tables under the entries, in words; empty where there is nothing."""
    named = (
        ("control", parts.controls),
        ("oracle", parts.oracles),
        ("printed number", parts.reported),
    )
    words = [f"{len(rows)} {name}{'s' * (len(rows) != 1)}" for name, rows in named if rows]
    return f"Table of {' and '.join(filter(None, (', '.join(words[:-1]), words[-1])))}" if words else ""


def _error(site: Site, dataset: str, task: str) -> dict[str, str] | None:
    """A task's picture below the site, without its ending, and its words; None where there is none."""
    found, card = error_picture(dataset, task), known_dataset(dataset)
    known = next((each for each in card.tasks if each.id == task), None) if card else None
    if found is None or known is None:
        return None
    loop, still = found
    for file in (loop, still):
        site.put(f"errors/{file.name}", file.read_bytes())
    if known.kind is TaskKind.SCORE:
        good, bad, alt = "a high score", "a low score", _TWO_SCORES
    else:
        name = lowered(known.name)
        good, bad, alt = (
            "without the error",
            "with the error" if name.endswith("?") else name,
            _TWO_REPETITIONS,
        )
    return {"base": f"errors/{loop.stem}", "good": good, "bad": bad, "alt": alt}


def _pictures(site: Site, boards: DatasetBoards, tables: Path) -> dict[str, list[dict[str, object]]]:
    """Value against cost, learning curves and where methods fail, by task."""
    pictures: dict[str, list[dict[str, object]]] = defaultdict(list)
    base = f"plots/{slug(board_name(boards.dataset))}"

    def add(
        task: str, kind: str, name: str, picture: bytes, caption: str, table: Table | None = None
    ) -> None:
        path = f"{base}-{slug(task)}-{kind}.svg"
        site.put(path, picture)
        pictures[task].append(
            {"name": name, "path": path, "caption": caption, "alt": caption, "table": table}
        )

    for task, members in main_boards(boards).items():
        picture = cost_plot(members[0])
        if picture is not None:
            add(task, "cost", "What it costs", picture, COST_CAPTION)
    for curves in read_curves(tables):
        picture, table = curve_plot(curves), curve_table(curves)
        add(curves.task, "labels", "Learning curves", picture, CURVES_CAPTION, table)
    sliced: dict[str, list[SlicedBoard]] = defaultdict(list)
    for board in read_slices(tables):
        sliced[board.task].append(board)
    for task, thirds in sliced.items():
        add(task, "slices", "Where methods fail", slices_plot(thirds), SLICES_CAPTION)
    return pictures
