"""From a table and a folder to a dataset: every row, label and file is checked once, then kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from aqa_bench.core.csv_table import CsvTable, read_csv, unfit_cell
from aqa_bench.core.dataset import Added
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import UsageError
from aqa_bench.core.lines import MAX_LINE, odd_in_line
from aqa_bench.core.own import OWN, OwnTable, own_file
from aqa_bench.core.progress import Progress
from aqa_bench.core.task import Modality, TaskKind, Unit
from aqa_bench.media.pose.people import People

from .advice import advice, check_can_run
from .files import Shelf, kind_of
from .index import OwnClip, OwnIndex, save_index
from .labels import Labels, by_task, label_columns, read_labels
from .looking import Looked, look
from .splits import schemes_of

__all__ = ["add_table"]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PARTS = ("train", "val", "test")
_PROVIDES = {
    "video": {Modality.FRAMES},
    "image": {Modality.IMAGE},
    "keypoints": {Modality.KEYPOINTS},
    "joints": {Modality.JOINTS_3D, Modality.KEYPOINTS},
}
_EXPECTED = f"a name or number in every row, of at most {MAX_LINE} visible characters"
_UNITS = {"video": Unit.CLIP, "image": Unit.IMAGE}


@dataclass(frozen=True)
class _Rows:
    """What a table says, but for its labels."""

    files: dict[str, Path]
    groups: tuple[str, ...] | None
    parts: tuple[str, ...] | None
    others: tuple[str, ...]


def add_table(request: OwnTable, home: Path, progress: Progress) -> Added:
    """Add a dataset; see :class:`aqa_bench.core.dataset.Adds`.

    Raises:
        UsageError: There is a dataset of that name, or an option has an unknown value.
        DataError: A row, label or file cannot be used; nothing is kept then.
    """
    name = request.name.removeprefix(f"{OWN}/")
    if not _NAME.fullmatch(name):
        expected = "lowercase letters and digits, separated by -"
        raise UsageError(
            "This is not a valid dataset name.", where="NAME", expected=expected, found=request.name
        )
    if own_file(home, name).exists() and not request.replace:
        raise UsageError(
            f"The dataset {OWN}/{name} already exists.",
            where=own_file(home, name),
            expected="another name, or --replace",
            remedy="Runs on the old dataset are kept; different content gives different run-ids.",
        )
    if request.people is not None and request.people not in set(People):
        raise UsageError(
            "This rule does not exist.", where="--people", expected=" or ".join(People), found=request.people
        )
    if request.dimensions not in (None, 2, 3):
        raise UsageError(
            "Joints have 2 or 3 dimensions.",
            where="--dimensions",
            expected="2 or 3",
            found=request.dimensions,
        )
    table = read_csv(request.table)
    rows = _rows(table, request)
    columns = label_columns(table, request.labels, request.scores, rows.others)
    scores = {table.header[table.place(column)] for column in request.scores}
    # Labels first: they are read in an instant, and media may take minutes.
    for column in columns:
        read_labels(table, column, Unit.CLIP, score=column in scores)
    looked = look(rows.files, request, progress)
    unit = _UNITS.get(looked.reading.kind, Unit.SEQUENCE)
    labels = by_task([read_labels(table, column, unit, score=column in scores) for column in columns])
    clips = _clips(rows, labels, looked)
    check_can_run(str(table.path), clips, rows.groups is not None, rows.parts is not None)
    index = _index(name, clips, labels, looked, rows)
    save_index(index, home, name)
    return Added(index.card, _facts(index, home, name), _lines(index))


def _rows(table: CsvTable, request: OwnTable) -> _Rows:
    ids, files = table.find("id"), table.find("file")
    if ids is None and files is None:
        table.place("file")
    group = table.header[table.place(request.group)] if request.group else _found(table, "group")
    split = table.header[table.place(request.split)] if request.split else _found(table, "split")
    shelf = Shelf(request.media)
    found: dict[str, Path] = {}
    seen: dict[str, int] = {}
    for row, cells in enumerate(table.rows):
        file = cells[files] if files is not None else ""
        name = cells[ids] if ids is not None else _stem(file)
        column = "file" if files is not None else "id"
        which = "id" if ids is not None else column
        if odd := _odd(name):
            what = f"A sample's name cannot be used: {odd}."
            remedy = "Rename the file, or add a column id with sample names."
            raise unfit_cell(table, row, which, what, _EXPECTED, remedy)
        if name in seen:
            what, expected = "A sample occurs twice.", f"one row per sample (the other is line {seen[name]})"
            remedy = "Correct the table. If one file has several rows, give each an id in a column id."
            raise unfit_cell(table, row, which, what, expected, remedy)
        seen[name] = table.lines[row]
        path = shelf.find(file or name)
        if isinstance(path, str) or kind_of(path) is None:
            problem = path if isinstance(path, str) else f"{path.name}, a file of unknown kind"
            expected = f"a video, an image or a keypoint file in {shelf.root}: {problem}"
            remedy = "Correct the cell or --media, or remove the row."
            raise unfit_cell(table, row, column, "The file of a row was not found.", expected, remedy)
        found[name] = path
    others = tuple(table.header[place] for place in (ids, files) if place is not None) + tuple(
        name for name in (group, split) if name is not None
    )
    return _Rows(found, _filled(table, group), _parts(table, split), others)


def _found(table: CsvTable, name: str) -> str | None:
    place = table.find(name)
    return None if place is None else table.header[place]


def _stem(file: str) -> str:
    path = PurePosixPath(file.replace("\\", "/"))
    return path.with_suffix("").as_posix() if path.name else ""


def _filled(table: CsvTable, column: str | None) -> tuple[str, ...] | None:
    if column is None:
        return None
    cells = table.column(column)
    for row, cell in enumerate(cells):
        if odd := _odd(cell):
            what = f"A row's group cannot be used: {odd}."
            remedy = "Fill it in with whoever or whatever must not be in both train and test."
            raise unfit_cell(table, row, column, what, _EXPECTED, remedy)
    return tuple(cells)


def _odd(cell: str) -> str:
    return odd_in_line(cell) if cell else "an empty cell"


def _parts(table: CsvTable, column: str | None) -> tuple[str, ...] | None:
    if column is None:
        return None
    cells = [cell.lower() for cell in table.column(column)]
    for row, cell in enumerate(cells):
        if cell not in _PARTS:
            remedy = "Write train, val or test, or remove the column (rename it if it is called split)."
            raise unfit_cell(
                table, row, column, "A row is in no part of the split.", ", ".join(_PARTS), remedy
            )
    return tuple(cells)


def _clips(rows: _Rows, labels: Mapping[str, Labels], looked: Looked) -> dict[str, OwnClip]:
    return {
        name: OwnClip(
            path=path,
            size=looked.sizes[name],
            sha256=looked.digests[name],
            frames=looked.frames[name],
            fps=looked.fps[name],
            group=name if rows.groups is None else rows.groups[row],
            part=None if rows.parts is None else cast(Literal["train", "val", "test"], rows.parts[row]),
            labels={task: each.values[row] for task, each in labels.items()},
        )
        for row, (name, path) in enumerate(rows.files.items())
    }


def _index(
    name: str, clips: dict[str, OwnClip], labels: Mapping[str, Labels], looked: Looked, rows: _Rows
) -> OwnIndex:
    tasks = tuple(each.task for each in labels.values())
    dataset = f"{OWN}/{name}"
    card = DatasetCard(
        id=dataset,
        name=f"{name} (own data)",
        licence="your own",
        source="your table and files",
        citation="none",
        access="Added on this machine by aqa-bench dataset add. Nobody else has it, so it has no "
        "leaderboard.",
        public_labels=False,
        tasks=tasks,
        schemes=schemes_of(dataset, tasks, clips, rows.groups is not None),
        provides=frozenset(_PROVIDES[looked.reading.kind]),
    )
    return OwnIndex(
        card=card, reading=looked.reading, grouped=rows.groups is not None, clips=clips, notes=looked.notes
    )


def _facts(index: OwnIndex, home: Path, name: str) -> dict[str, Any]:
    card = index.card
    return {
        "dataset": card.id,
        "path": str(own_file(home, name)),
        "fingerprint": index.fingerprint(),
        "kind": index.reading.kind,
        "layout": index.reading.layout,
        "clips": len(index.clips),
        "groups": len({clip.group for clip in index.clips.values()}),
        "tasks": {task.id: {"kind": task.kind.value, **_counts(index, task.id)} for task in card.tasks},
        "schemes": [scheme.id for scheme in card.schemes],
        "notes": list(_notes(index)),
    }


def _counts(index: OwnIndex, task: str) -> dict[str, float]:
    values = [clip.labels[task] for clip in index.clips.values()]
    if index.card.task(task).kind is TaskKind.BINARY:
        return {"n": len(values), "positive": int(sum(values))}
    return {"n": len(values), "low": min(values), "high": max(values)}


def _notes(index: OwnIndex) -> tuple[str, ...]:
    split = any(clip.part for clip in index.clips.values())
    return (*advice(index.card.tasks, index.clips, index.grouped, split), *index.notes)


def _lines(index: OwnIndex) -> list[str]:
    card, frames = index.card, [clip.frames for clip in index.clips.values()]
    things = {
        "video": "videos",
        "image": "images",
        "keypoints": "keypoint clips",
        "joints": "3-D clips",
    }
    layout = f" ({index.reading.layout})" if index.reading.layout else ""
    length = "" if index.reading.kind == "image" else f", {min(frames)} to {max(frames)} frames"
    groups = len({clip.group for clip in index.clips.values()}) if index.grouped else 0
    of = f", of {groups} group{'s' * (groups != 1)}" if groups else ""
    lines = [f"{card.id}: {len(frames)} {things[index.reading.kind]}{layout}{length}{of}"]
    for task in card.tasks:
        counts = _counts(index, task.id)
        if task.kind is TaskKind.BINARY:
            lines.append(f"{task.id}: yes or no, {counts['positive']:g} of {counts['n']:g} with the error")
        else:
            lines.append(f"{task.id}: a score, {counts['low']:g} to {counts['high']:g}")
    lines.append(f"split: {card.schemes[0].description}")
    return [*lines, *(f"note: {note}" for note in _notes(index))]
