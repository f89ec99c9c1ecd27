"""The page that ``make demo`` ends with: clips with marked errors, plots, tables and what to try next."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.site.board_view import row_kind
from aqa_bench.boards.site.drawing import (
    COLOURS,
    FLOOR,
    MARKERS,
    Margins,
    make_axes,
    settings,
    svg,
    text,
    width_of,
)
from aqa_bench.core.condition import Condition
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.record import RunRecord
from aqa_bench.core.sample import Sample
from aqa_bench.media.images import resized

__all__ = ["QUESTIONS", "by_auroc", "report", "table_lines"]

QUESTIONS = {
    "kfe": "Do the knees travel too far forward?",
    "ss": "Is the squat too shallow?",
}
SIDE, SECONDS = 240, 3.2
_RED, _GREEN = (230, 57, 70), (42, 157, 143)
#: Joints of coco-17 that show the error: knees; hips and knees.
_MARKED = {"kfe": [13, 14], "ss": [11, 12, 13, 14]}
_CAPTIONS = {
    "kfe": ("knees forward: beyond the toes", "the knees stay over the feet"),
    "ss": ("too shallow: the hips stay above the knees", "deep enough"),
}
_CLIPS = "kfe"
_NEXT = (
    (
        "the same method with another seed",
        "aqa-bench run --method half-cycle-difference --dataset {d} --task kfe --seed 1",
    ),
    ("how two runs differ, with an interval and p", "aqa-bench compare RUN RUN"),
    ("what a network looks at", "aqa-bench explain --dataset {d} --method imagenet --task ss --out maps.png"),
    ("the study: seven times the clips, three seeds", "aqa-bench suite study-core --jobs 2 --out runs"),
    ("real clips of four exercises", "aqa-bench dataset prepare pose-trainer --source PATH"),
    ("a method of your own", "aqa-bench new method my-idea"),
)


def by_auroc(board: Board, records: Mapping[str, RunRecord]) -> Board:
    """The board with AUROC and its intervals in place of the metric that ranks; guessing has .5.

    Always saying *error* is hard to beat in F1 where errors are frequent: of few clips, AUROC shows more.

    Args:
        board: A binary board whose rows are of one run each.
        records: The runs' records by id.
    """
    rows = []
    for row in board.rows:
        found = records[row.runs[0]].metrics[board.task]["auroc"]
        rows.append(
            row.model_copy(
                update={
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "secondary": {board.primary: row.value},
                }
            )
        )
    rows.sort(key=lambda row: -(row.value or 0.0))
    return board.model_copy(update={"primary": "auroc", "floor": 0.5, "rows": tuple(rows)})


def table_lines(board: Board) -> list[str]:
    """A board of :func:`by_auroc` for the terminal: method and kind of row, AUROC with its interval, F1."""
    lines = [
        f"{QUESTIONS[board.task]}  {board.samples} test samples, {board.positive} of them errors",
        f"  {'':44}{'AUROC':>6}  {'95% interval':14}{'F1':>6}",
    ]
    for row in board.rows:
        name = f"{_name(row)}{_kind(row)}"
        lines.append(f"  {name:44}{_number(row.value):>6}  {_interval(row):14}{_number(_f1(row)):>6}")
    return lines


def report(boards: Sequence[Board], dataset: Dataset) -> str:
    """The page as HTML that needs no other file and no network; boards are those of :func:`by_auroc`."""
    from jinja2 import Environment

    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True).from_string(template)
    commands = [(what, command.format(d=dataset.card.id)) for what, command in _NEXT]
    return page.render(sections=[_section(board, dataset) for board in boards], next=commands)


def _section(board: Board, dataset: Dataset) -> dict[str, object]:
    picture = _data("svg+xml", _plot(board))
    return {
        "question": QUESTIONS[board.task],
        "story": _story(board),
        "clips": [
            {"address": _animation(sample, board.task, bad), "words": words}
            for sample, bad, words in _examples(board.task, dataset)
        ],
        "plots": [("light", picture), ("dark", f"{picture}#dark")],
        "rows": [
            {
                "name": _name(row) + _kind(row),
                "apart": row.control or bool(row.oracle),
                "value": _number(row.value),
                "interval": _interval(row),
                "f1": _number(_f1(row)),
            }
            for row in board.rows
        ],
    }


def _plot(board: Board) -> bytes:
    """Dots and intervals, one line per row, the floor as a dashed line."""
    names = [_name(row) for row in board.rows]
    with settings():
        margins = Margins(width_of(names), 0.15, 0.2, 0.45)
        figure, axes = make_axes(3.8, 0.05 + 0.25 * len(names), margins)
        for y, (row, name) in enumerate(zip(board.rows, names, strict=True)):
            kind, value = row_kind(row), row.value or 0.0
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [y, y], color=COLOURS[kind], linewidth=1.6)
            face = COLOURS[kind] if kind == "method" else "none"
            axes.plot(
                [value], [y], marker=MARKERS[kind], markersize=5, color=COLOURS[kind], markerfacecolor=face
            )
            text(axes, -0.01, y, name, ha="right", va="center", transform=axes.get_yaxis_transform())
        if board.floor is not None:
            axes.axvline(board.floor, color=FLOOR, linestyle=(0, (4, 3)), linewidth=1)
            text(axes, board.floor, -0.75, "floor", color=FLOOR, ha="center", va="bottom")
        axes.set_ylim(len(names) - 0.4, -0.7)
        axes.set_xlabel(metric_name(board.primary), parse_math=False)
        return svg(figure)


def _story(board: Board) -> str:
    """One sentence on what these runs show, and no more than they show."""
    floor = board.floor or 0.0
    judged = [row for row in board.rows if not row.control and not row.oracle and row.value is not None]
    above = [_name(row) for row in judged if row.low is not None and row.low > floor]
    said = f"On {board.samples} test samples, " + (
        f"{' and '.join(above)} {'is' if len(above) == 1 else 'are'} shown to be better than guessing"
        if above
        else "no method is shown to be better than guessing"
    )
    oracles = [row for row in board.rows if row.oracle and not row.control]
    return said + (
        f"; the generator's exact joints reach {_number(max(row.value or 0 for row in oracles))}. "
        "Rows in italics are floors, controls and oracles: they show what the others must beat."
        if oracles
        else ". Rows in italics are floors and controls: they show what the others must beat."
    )


def _examples(task: str, dataset: Dataset) -> list[tuple[Sample, bool, str]]:
    """The largest error of a lifter who also has a clean clip, and that clip; all of the training part.

    Where nobody has both, the clean clip is another lifter's from the angle that comes nearest.
    """
    sizes, angles = (_condition(dataset, task, name).values for name in ("error size", "camera angle"))
    (split,) = dataset.splits(task, "official")
    clips = dataset.samples(_CLIPS)
    by_clip = {name if name in clips else name.rpartition("_")[0]: name for name in split.train}
    clean = {clip for clip, name in by_clip.items() if sizes[name] < 0}
    lifters = {clips[clip].group for clip in clean}
    bad = max(by_clip, key=lambda clip: (clips[clip].group in lifters, sizes[by_clip[clip]]))

    def likeness(clip: str) -> tuple[bool, float]:
        turned = abs(angles[by_clip[clip]] - angles[by_clip[bad]])
        return clips[clip].group != clips[bad].group, turned

    wrong, right = _CAPTIONS[task]
    return [(clips[bad], True, wrong), (clips[min(clean, key=likeness)], False, right)]


def _condition(dataset: Dataset, task: str, name: str) -> Condition:
    return next(condition for condition in dataset.conditions(task) if condition.name == name)


def _animation(sample: Sample, task: str, bad: bool) -> str:
    """A clip as a looping picture with the joints marked that show the error, as a data address."""
    joints = sample.media.keypoints("coco-17")[:, _MARKED[task], :2]
    frames = sample.media.frames()
    first, *rest = [_marked(frame, at, bad) for frame, at in zip(frames, joints, strict=True)]
    out = io.BytesIO()
    pause = round(1000 * SECONDS / len(frames))
    first.save(out, "WEBP", quality=80, save_all=True, append_images=rest, duration=pause, loop=0)
    return _data("webp", out.getvalue())


def _marked(frame: npt.NDArray[np.uint8], joints: npt.NDArray[np.float32], bad: bool) -> Image.Image:
    scale = SIDE / max(frame.shape[:2])
    picture = Image.fromarray(resized(frame, SIDE))
    draw = ImageDraw.Draw(picture)
    for x, y in joints * scale:
        draw.ellipse((x - 7, y - 7, x + 7, y + 7), outline=_RED if bad else _GREEN, width=3)
    return picture


def _name(row: Row) -> str:
    return "always error" if row.method == "constant" else f"{row.method} {row.recipe}"


def _kind(row: Row) -> str:
    if row.method == "constant":
        return " (floor)"
    if row.control:
        return " (control)"
    return " (oracle)" if row.oracle else ""


def _f1(row: Row) -> float | None:
    return row.secondary.get("f1")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _interval(row: Row) -> str:
    return "-" if row.low is None or row.high is None else f"[{row.low:.2f}, {row.high:.2f}]"


def _data(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
