"""Simulates boards, to see whether rank groups and intervals keep their word.

    python tools/rank_simulation.py run [--boards 400] [--only TEXT]    writes docs/measured/rank-groups.json
    python tools/rank_simulation.py page [--check]                      the tables of docs/rank-groups.md

``run`` resumes: cells that are there are kept. A cell is a shape (samples and groups), a metric, a number of
methods and a number of seeds; its draws depend on its name alone. Scores are signal + effect of the session +
noise of the sample, both shared by all methods, + noise of the method, half of whose variance is of the seed
where there are several; 35% errors. With 999 flips per board and not 4,000 the level is the same, and a cell
is faster.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.boards.pages.render import markdown_table, metric_name
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.seeds import derive_seed
from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.bootstrap import bootstrap_distribution, percentile_bounds, point_value
from aqa_bench.stats.evidence import Evidence, evidence
from aqa_bench.stats.multiple import holm
from aqa_bench.stats.paired import p_value
from aqa_bench.stats.separation import separation

Array = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "docs" / "measured" / "rank-groups.json"
PAGE = ROOT / "docs" / "rank-groups.md"
MARK = "<!-- Everything below is written by tools/rank_simulation.py page. -->\n"
SHAPES = ((240, 145), (200, 200), (48, 29), (36, 15))
METRICS = ("f1", "accuracy", "auroc", "spearman")
ALPHA, THRESHOLD, SLOPE, RESAMPLES, FLIPS = 0.05, 0.6, 0.8, 2_000, 999


@dataclass(frozen=True)
class Cell:
    """What is simulated.

    Attributes:
        kind: ``null``: all methods are equal; ``power``: the first is better by one sd of a method's noise,
            and the rule that this one replaced judges the same boards; ``cover``: intervals of one method.
        metric: Id of the metric.
        samples: Samples of the board.
        groups: Groups that they are drawn from.
        methods: Rows.
        seeds: Seeds of each row.
        seed_sd: Standard deviation between seeds of the strength of a method's signal, whose mean is 0.8.
        better: What the first method's (or, of ``cover``, the only method's) signal has more.
    """

    kind: str
    metric: str
    samples: int
    groups: int
    methods: int
    seeds: int
    seed_sd: float = 0.0
    better: float = 0.0

    @property
    def name(self) -> str:
        """Its key in the document."""
        return " ".join(str(value) for value in asdict(self).values())


def cells() -> Iterator[Cell]:
    """Everything that the page reports, what matters most first."""
    for methods, seeds in ((20, 1), (2, 1), (5, 1), (20, 3), (2, 3), (5, 3)):
        yield from _null(methods, seeds)
    for samples, groups in SHAPES:
        for metric in METRICS:
            yield from (Cell("cover", metric, samples, groups, 1, 1, better=more) for more in (0.0, 0.8, 1.6))
    for methods, seeds in ((2, 3), (20, 3), (20, 5)):
        for samples, groups in ((240, 145), (36, 15)):
            yield from (
                Cell("null", metric, samples, groups, methods, seeds, seed_sd=0.2)
                for metric in ("f1", "auroc", "spearman")
            )
    for seeds, shapes in ((1, ((240, 145), (48, 29), (36, 15))), (3, ((240, 145),))):
        for samples, groups in shapes:
            yield from (Cell("power", metric, samples, groups, 20, seeds, better=0.8) for metric in METRICS)
    for methods, seeds in ((40, 1), (2, 5), (5, 5), (20, 5), (40, 3), (40, 5)):
        yield from _null(methods, seeds)


def _null(methods: int, seeds: int) -> Iterator[Cell]:
    for samples, groups in SHAPES:
        yield from (Cell("null", metric, samples, groups, methods, seeds) for metric in METRICS)


def draw(cell: Cell, rng: np.random.Generator) -> tuple[Array, Array, NDArray[np.int64]]:
    """Targets ``(n,)``, scores or decisions ``(n, methods * seeds)`` by method, and groups ``(n,)``."""
    n, shape = cell.samples, (cell.methods, cell.seeds)
    session = rng.integers(0, cell.groups, n)
    shared = 0.5 * rng.normal(size=cell.groups)[session] + 0.7 * rng.normal(size=n)
    y = rng.normal(size=n) if cell.metric == "spearman" else (rng.random(n) < 0.35) * 1.0
    better = np.where(np.arange(cell.methods) == 0, cell.better, 0.0)[:, None]
    slope = SLOPE + better + cell.seed_sd * rng.normal(size=shape)
    own = rng.normal(size=(n, cell.methods, 1))
    if cell.seeds > 1:
        own = (own + rng.normal(size=(n, *shape))) * math.sqrt(0.5)
    scores = (shared[:, None, None] + slope * y[:, None, None] + 0.8 * own).reshape(n, -1)
    if cell.metric in ("f1", "accuracy"):
        scores = (scores > THRESHOLD) * 1.0
    return y, scores, np.unique(session, return_inverse=True)[1].astype(np.int64)


def simulate(cell: Cell, boards: int) -> dict[str, Any]:
    """Shares over simulated boards; boards without both classes are drawn anew."""
    rng = np.random.default_rng(derive_seed("rank simulation", cell.name))
    truth = _truth(cell) if cell.kind == "cover" else math.nan
    found: list[list[float]] = []
    while len(found) < boards:
        y, values, groups = draw(cell, rng)
        if cell.metric != "spearman" and y.sum() in (0, len(y)):
            continue
        seed = int(rng.integers(1 << 31))
        found.append(
            _covers(cell, truth, y, values, groups, seed)
            if cell.kind == "cover"
            else _separates(cell, y, values, groups, seed)
        )
    names = {
        "null": ("false",),
        "power": ("false", "power", "false_before", "power_before"),
        "cover": ("covered", "width", "covered_percentile", "width_percentile"),
    }[cell.kind]
    means = np.nanmean(np.array(found), axis=0).round(4).tolist()
    return {**asdict(cell), "boards": boards, **dict(zip(names, means, strict=True))}


def _truth(cell: Cell) -> float:
    large = Cell("cover", cell.metric, 200_000, 200_000, 1, 1, better=cell.better)
    y, values, _ = draw(large, np.random.default_rng(derive_seed("rank simulation", "truth", large.name)))
    return point_value(cell.metric, y, values)


def _covers(
    cell: Cell, truth: float, y: Array, values: Array, groups: NDArray[np.int64], seed: int
) -> list[float]:
    row = evidence(cell.metric, y, values, groups=groups)
    resamples = bootstrap_distribution(
        cell.metric, y, values, groups=groups, n_resamples=RESAMPLES, rng_seed=seed
    )
    bounds = (
        bca_bounds(row.value, resamples, row.influence, 0.95),
        percentile_bounds(row.value, resamples, 0.95),
    )
    return [number for low, high in bounds for number in (float(low <= truth <= high), high - low)]


def _separates(cell: Cell, y: Array, values: Array, groups: NDArray[np.int64], seed: int) -> list[float]:
    columns = np.split(values, cell.methods, axis=1)
    rows = [evidence(cell.metric, y, part, groups=groups) for part in columns]
    known = [i for i, row in enumerate(rows) if not math.isnan(row.value)]
    p = separation([rows[i] for i in known], rng_seed=seed, n_flips=FLIPS)
    value = np.array([rows[i].value for i in known])
    apart = (p <= ALPHA) & (value[:, None] > value)
    if cell.kind == "null":
        return [float(apart.any())]
    first = np.array(known) == 0
    judged = _judge(apart, first)
    group = _groups_before(cell, y, [columns[i] for i in known], [rows[i] for i in known], groups, seed)
    return [*judged, *_judge(group[:, None] < group, first)]


def _judge(apart: NDArray[np.bool_], first: NDArray[np.bool_]) -> list[float]:
    """Whether anything untrue is said, and the share of the true differences that are seen."""
    true = first[:, None] & ~first
    return [float((apart & ~true).any()), float(apart[true].mean()) if true.any() else math.nan]


def _groups_before(
    cell: Cell, y: Array, columns: list[Array], rows: list[Evidence], groups: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Rank groups of the rule before: Holm over the paired bootstrap comparisons with each leader."""
    drawn = [
        bootstrap_distribution(
            cell.metric,
            y,
            part,
            groups=groups,
            over="both",
            n_resamples=RESAMPLES,
            rng_seed=seed,
            seed_stream=i,
        )
        for i, part in enumerate(columns)
    ]
    value = np.array([row.value for row in rows])
    group, left, rank = np.zeros(len(rows), dtype=np.int64), np.argsort(-value, kind="stable"), 0
    while len(left):
        rank += 1
        leader, rest = left[0], left[1:]
        adjusted = holm([p_value(value[leader] - value[i], drawn[leader] - drawn[i]) for i in rest])
        worse = (adjusted <= ALPHA) & (value[rest] < value[leader])
        group[[leader, *rest[~worse]]] = rank
        left = rest[worse]
    return group


def run(boards: int, only: str) -> None:
    """Simulate every cell that is not in the document yet, and write it after each."""
    document = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.is_file() else {}
    for cell in cells():
        if only not in cell.name or cell.name in document:
            continue
        document[cell.name] = simulate(cell, boards // 4 if cell.kind == "power" else boards)
        write_atomic(MEASURED, pretty_json(document))
        print(cell.name, document[cell.name], flush=True)


def tables(document: dict[str, dict[str, Any]]) -> str:
    """The generated part of the page."""
    found = [{**values, "name": name} for name, values in document.items()]
    wanted = [cell.name for cell in cells()]
    missing = len(set(wanted) - document.keys())
    parts = [
        f"Simulated: {len(wanted) - missing} of {len(wanted)} cells. "
        + (f"Cells without a number (`-`) are not simulated yet: {missing}.\n" if missing else "\n"),
        "## Equal methods told apart\n\nPercent of boards; the promise is 5. **Bold**: above the limit.\n",
        _false_table(found),
        "## Equal methods whose seeds differ in quality\n\nPercent of boards.\n",
        _seeds_table(found),
        "## One of 20 methods is better\n\nPercent; *before* is the rule that this one replaced.\n",
        _power_table(found),
        "## Coverage of intervals\n\nPercent, and mean width; *before* is the percentile interval.\n",
        _cover_table(found),
        "## Limits that are missed\n",
        _missed(found),
    ]
    return "\n".join(parts)


def _limit(cell: dict[str, Any]) -> float:
    return 0.065 if cell["samples"] >= 200 else 0.09


def _shape(cell: dict[str, Any]) -> str:
    return f"{cell['samples']} / {cell['groups']}"


def _percent(value: float | None, miss: bool = False) -> str:
    if value is None:
        return "-"
    return f"**{100 * value:.1f}**" if miss else f"{100 * value:.1f}"


def _of_kind(found: list[dict[str, Any]], kind: str, *, quality: bool = False) -> list[dict[str, Any]]:
    return [cell for cell in found if cell["kind"] == kind and bool(cell["seed_sd"]) is quality]


def _false_table(found: list[dict[str, Any]]) -> str:
    boards = [(methods, seeds) for methods in (2, 5, 20, 40) for seeds in (1, 3, 5)]
    header = ["samples / groups", "metric", *(f"{m} x {s}" for m, s in boards)]
    there = {(_shape(c), c["metric"], c["methods"], c["seeds"]): c for c in _of_kind(found, "null")}
    lines = []
    for samples, groups in SHAPES:
        for metric in METRICS:
            line = [f"{samples} / {groups}", metric_name(metric)]
            for board in boards:
                cell = there.get((line[0], metric, *board))
                false = None if cell is None else cell["false"]
                line.append(_percent(false, cell is not None and cell["false"] > _limit(cell)))
            lines.append(line)
    note = "\nColumns: methods x seeds."
    return markdown_table(header, lines, (0, 1)) + note + "\n"


def _seeds_table(found: list[dict[str, Any]]) -> str:
    header = ["samples / groups", "metric", "methods x seeds", "told apart"]
    lines = [
        [
            _shape(c),
            metric_name(c["metric"]),
            f"{c['methods']} x {c['seeds']}",
            _percent(c["false"], c["false"] > _limit(c)),
        ]
        for c in _of_kind(found, "null", quality=True)
    ]
    return markdown_table(header, lines, (0, 1, 2))


def _power_table(found: list[dict[str, Any]]) -> str:
    header = ["samples / groups", "metric", "seeds", "pairs seen", "before", "false elsewhere", "before"]
    keys = ("power", "power_before", "false", "false_before")
    lines = [
        [_shape(c), metric_name(c["metric"]), str(c["seeds"]), *(_percent(c[key]) for key in keys)]
        for c in _of_kind(found, "power")
    ]
    return markdown_table(header, lines, (0, 1))


def _cover_table(found: list[dict[str, Any]]) -> str:
    header = ["samples / groups", "metric", "signal", "covered", "before", "width", "before"]
    lines = [
        [
            _shape(c),
            metric_name(c["metric"]),
            f"{SLOPE + c['better']:.1f}",
            _percent(c["covered"], not 0.92 <= c["covered"] <= 0.97),
            _percent(c["covered_percentile"]),
            f"{c['width']:.3f}",
            f"{c['width_percentile']:.3f}",
        ]
        for c in _of_kind(found, "cover")
    ]
    return markdown_table(header, lines, (0, 1))


def _missed(found: list[dict[str, Any]]) -> str:
    lines = []
    for cell in found:
        what = f"{metric_name(cell['metric'])}, {_shape(cell)}"
        if cell["kind"] == "cover":
            share, bounds = cell["covered"], (0.92, 0.97)
            what = f"interval of {what}, signal {SLOPE + cell['better']:.1f}"
        elif cell["kind"] == "null":
            share, bounds = cell["false"], (0.0, _limit(cell))
            quality = ", seeds of unequal quality" if cell["seed_sd"] else ""
            what = f"{cell['methods']} methods x {cell['seeds']} seeds, {what}{quality}"
        else:
            continue
        if not bounds[0] <= share <= bounds[1]:
            error = math.sqrt(share * (1 - share) / cell["boards"])
            limit = bounds[share > bounds[1]]
            lines.append(f"- {what}: {_percent(share)} ± {_percent(error)}, limit {_percent(limit)}.\n")
    return "".join(lines) or "None.\n"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=("run", "page"))
    parser.add_argument("--boards", type=int, default=400, help="simulated boards of a cell")
    parser.add_argument("--only", default="", help="text that the names of cells hold")
    parser.add_argument("--check", action="store_true", help="compare the page and write nothing")
    given = parser.parse_args()
    if given.action == "run":
        run(given.boards, given.only)
        return 0
    head, _, below = PAGE.read_text(encoding="utf-8").partition(MARK)
    made = tables(json.loads(MEASURED.read_text(encoding="utf-8")))
    if given.check:
        return int(below != made)
    write_atomic(PAGE, head + MARK + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
