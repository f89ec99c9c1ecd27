"""The first page: boards with results by exercise, each with its sentence and a small plot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from aqa_bench.boards.curves import is_point
from aqa_bench.boards.model import Board, DatasetBoards
from aqa_bench.boards.site.board_view import board_id, board_page
from aqa_bench.boards.site.forest import Forest, forest_of
from aqa_bench.boards.site.story import parts_of, story_of
from aqa_bench.boards.site.words import dataset_name, exercise, lowered, task_name

__all__ = ["Group", "Tile", "empty_tiles", "groups_of", "leads", "main_boards"]

_SHOWN = 4


@dataclass(frozen=True)
class Tile:
    """A board on the first page.

    Attributes:
        name: Its task in words.
        dataset: Its dataset in words.
        href: Where it stands.
        lead: Its sentence.
        forest: Its best entries, or None.
        others: Number of further protocols of the same task.
    """

    name: str
    dataset: str
    href: str
    lead: str
    forest: Forest | None
    others: int


@dataclass(frozen=True)
class Group:
    """Boards of one exercise."""

    name: str
    tiles: tuple[Tile, ...]


def main_boards(boards: DatasetBoards) -> dict[str, tuple[Board, ...]]:
    """Boards by task: the one that is shown first, then the task's other protocols, honest ones first.

    Points of a task's learning curve are left out: its picture and its values show them.
    """
    by_task: dict[str, tuple[Board, ...]] = {}
    for board in sorted(boards.boards, key=lambda board: not board.honest):
        by_task[board.task] = (*by_task.get(board.task, ()), board)
    return {
        task: tuple(board for board in members if not is_point(board)) or members
        for task, members in by_task.items()
    }


def groups_of(boards: Sequence[DatasetBoards], methods: Collection[str]) -> list[Group]:
    """Tasks that entries have been measured on, grouped by exercise; those with most entries first.

    Exercises of a single task share a last group, where each tile bears its exercise's name.
    """
    tiles: dict[str, list[Tile]] = {}
    entries: dict[str, int] = {}
    for each in boards:
        for members in main_boards(each).values():
            measured = sum(row.value is not None for row in parts_of(members[0]).entries)
            if measured:
                name = exercise(each.dataset)
                tiles.setdefault(name, []).append(_tile(members, methods))
                entries[name] = max(entries.get(name, 0), measured)
    names = sorted(tiles, key=lambda name: (-entries[name], name))
    groups = [Group(name, tuple(tiles[name])) for name in names if len(tiles[name]) > 1]
    single = [
        replace(tiles[name][0], name=f"{name}: {lowered(tiles[name][0].name)}")
        for name in names
        if len(tiles[name]) == 1
    ]
    last = Group("More exercises" if groups else "Exercises", tuple(single))
    return [*groups, last] if single else groups


def leads(boards: DatasetBoards) -> list[Tile]:
    """Every task of a dataset with its sentence."""
    return [_tile(members, ()) for members in main_boards(boards).values()]


def empty_tiles(boards: Sequence[DatasetBoards]) -> list[Tile]:
    """Tasks that wait for their first method."""
    return [
        _tile(members, ())
        for each in boards
        for members in main_boards(each).values()
        if not any(row.value is not None for row in parts_of(members[0]).entries)
    ]


def _tile(members: Sequence[Board], methods: Collection[str]) -> Tile:
    board = members[0]
    return Tile(
        name=task_name(board.dataset, board.task),
        dataset=dataset_name(board.dataset),
        href=f"{board_page(board.dataset)}#{board_id(board)}",
        lead=story_of(board).lead,
        forest=forest_of(board, methods, most=_SHOWN),
        others=len(members) - 1,
    )
