"""Writing the site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.claims.pages import CLAIMS
from aqa_bench.boards.closed import closed_words, is_closed
from aqa_bench.boards.curves import read_curves
from aqa_bench.boards.model import Board, DatasetBoards, board_name
from aqa_bench.boards.pages.overall import read_version
from aqa_bench.boards.pages.render import RANKS, count, metric_name, number, rule_of
from aqa_bench.boards.papers.tables import PAPERS, TABLES
from aqa_bench.boards.site.board_view import board_id, board_page, board_table, row_kind
from aqa_bench.boards.site.cards import (
    measured_methods,
    method_facts,
    method_results,
    readme,
    recipes_table,
    tasks_table,
)
from aqa_bench.boards.site.drawing import Svg
from aqa_bench.boards.site.engine import Engine, make_engine
from aqa_bench.boards.site.markdown import render_markdown
from aqa_bench.boards.site.names import slug
from aqa_bench.boards.site.overall_view import overall_table
from aqa_bench.boards.site.plots import MOST_RANKED, MOST_ROWS, interval_plot, rank_plot, ranked_rows
from aqa_bench.boards.site.records import copy_records, find_records, records_table
from aqa_bench.boards.site.study_plots import CURVES_CAPTION, SLICES_CAPTION, curve_plot, slices_plot
from aqa_bench.boards.slices import SlicedBoard, read_slices
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import atomic_directory
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import dataset_cards, find_family, known_dataset, methods

__all__ = ["SiteReport", "build_site"]

_MARK = ".aqa-bench-site"
_SUFFIXES = frozenset({".md", ".csv", ".tex", ".html"})


@dataclass(frozen=True)
class SiteReport:
    """What was written.

    Attributes:
        folder: The site; ``index.html`` is its first page.
        pages: Number of pages.
        boards: Number of boards on them.
    """

    folder: str
    pages: int
    boards: int


@dataclass(frozen=True)
class _Site:
    """A site under way."""

    root: Path
    engine: Engine
    boards: tuple[DatasetBoards, ...]
    methods: frozenset[str]

    @property
    def badge_rule(self) -> str:
        """The rule of the badges; empty in versions without them."""
        return next((rule for each in self.boards if (rule := rule_of(each))), "")

    def write(self, template: str, path: str, title: str, **values: object) -> None:
        _put(self.root / path, self.engine.page(template, path, title, **values).encode())


def build_site(
    submissions: Path,
    leaderboards: Path,
    out: Path,
    *,
    docs: Path | None = None,
    version: str = BENCHMARK_VERSION,
    progress: Progress | None = None,
) -> SiteReport:
    """Write the leaderboards as pages: overall, boards, methods, datasets, papers and the protocol.

    Args:
        submissions: Folder of submitted runs, whose records are copied; may be missing.
        leaderboards: Folder of leaderboards.
        out: The site's folder, replaced as a whole.
        docs: Folder with ``protocol.md``; may be missing.
        version: Version of the leaderboards.
        progress: Where to report.

    Raises:
        UsageError: The extra ``site`` is not installed, or ``out`` holds something that is no site.
        DataError: There are no leaderboards, or one cannot be read.
    """
    progress = NullProgress() if progress is None else progress
    boards = tuple(read_version(leaderboards, version))
    if not boards:
        raise DataError(
            "There are no leaderboards to show.",
            where=leaderboards / version,
            expected="<dataset>/table.json",
            remedy="aqa-bench leaderboard build writes them.",
        )
    if out.exists() and not (out / _MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            "The folder holds something that is no site, and a site replaces its folder.",
            where=out,
            expected="a new or empty folder, or an earlier site",
            remedy="Choose another folder (--out).",
        )
    papers = _paper_files(leaderboards / PAPERS)
    claims = leaderboards / version / f"{CLAIMS}.md"
    absent = [name for name, there in ((PAPERS, papers), (CLAIMS, claims.is_file())) if not there]
    closed = closed_words(version) if is_closed(leaderboards, version) else None
    engine = make_engine(version, absent=absent, closed=closed)
    known = frozenset(methods()) | measured_methods(boards)
    records = find_records(submissions)
    progress.start("site", len(boards) + 1)
    try:
        with atomic_directory(out, replace=True) as root:
            site = _Site(root, engine, boards, known)
            _put(root / _MARK, f"{version}\n".encode())
            for each in boards:
                _dataset_boards(site, each, leaderboards / version, records)
                progress.advance()
            _overall(site)
            _methods(site)
            _datasets(site)
            _protocol(site, docs)
            _papers(site, papers)
            _claims(site, claims)
            pages = sum(1 for _ in root.rglob("*.html")) - sum(path.suffix == ".html" for path in papers)
            progress.advance()
    finally:
        progress.close()
    return SiteReport(out.as_posix(), pages, sum(len(each.boards) for each in boards))


def _overall(site: _Site) -> None:
    tables = [table for honest in (True, False) if (table := overall_table(site.boards, honest=honest))]
    title = "Leaderboards of action quality assessment"
    site.write("index.html", "index.html", title, tables=tables, badge_rule=site.badge_rule)


def _dataset_boards(site: _Site, boards: DatasetBoards, tables: Path, records: Mapping[str, Path]) -> None:
    name = slug(board_name(boards.dataset))
    files = []
    for suffix in ("csv", "json", "md", "tex"):
        file = tables / board_name(boards.dataset) / f"table.{suffix}"
        if file.is_file():
            _put(site.root / "tables" / f"{name}.{suffix}", file.read_bytes())
            files.append((suffix.upper(), f"tables/{name}.{suffix}"))
    more = _task_pictures(site, boards, tables / board_name(boards.dataset))
    shown = [
        # What is drawn once per task stands on the task's first board.
        _board(site, board, name, more.pop(board.task, []))
        for board in sorted(boards.boards, key=lambda b: not b.honest)
    ]
    card = known_dataset(boards.dataset)
    about = f"datasets/{slug(find_family(card.id).name)}.html" if card else ""
    heading = card.name if card else boards.dataset
    site.write(
        "board.html",
        board_page(boards.dataset),
        heading,
        dataset=boards,
        shown=shown,
        files=files,
        about=about,
        records=f"records/{name}.html",
    )
    there = copy_records(boards, records, site.root)
    each = [records_table(board, there) for board in boards.boards]
    site.write(
        "records.html", f"records/{name}.html", f"Runs of {boards.dataset}", tables=each, complete=bool(there)
    )


def _task_pictures(site: _Site, boards: DatasetBoards, tables: Path) -> dict[str, list[dict[str, str]]]:
    """Learning curves and where methods fail, by task."""
    pictures: dict[str, list[dict[str, str]]] = defaultdict(list)
    base = f"plots/{slug(board_name(boards.dataset))}"
    for curves in read_curves(tables):
        _picture(site.root, f"{base}-{slug(curves.task)}-labels", curve_plot(curves))
        pictures[curves.task].append(
            _shown("Learning curves", f"{base}-{slug(curves.task)}-labels", CURVES_CAPTION)
        )
    sliced: dict[str, list[SlicedBoard]] = defaultdict(list)
    for board in read_slices(tables):
        sliced[board.task].append(board)
    for task, members in sliced.items():
        _picture(site.root, f"{base}-{slug(task)}-slices", slices_plot(members))
        pictures[task].append(_shown("Where methods fail", f"{base}-{slug(task)}-slices", SLICES_CAPTION))
    return pictures


def _shown(name: str, base: str, caption: str) -> dict[str, str]:
    return {"name": name, "base": base, "caption": caption, "alt": caption}


def _board(site: _Site, board: Board, name: str, more: Sequence[dict[str, str]] = ()) -> dict[str, object]:
    pictures: list[dict[str, str]] = []
    rows = sum(row.value is not None for row in board.rows)
    ranked = sum(row.rank is not None for row in board.rows)
    first = f" The first {MOST_ROWS} of {rows} rows." if rows > MOST_ROWS else ""
    best = f" The best {MOST_RANKED} of {ranked} ranked rows." if ranked > MOST_RANKED else ""
    floor = "" if board.floor is None else f", the floor at {number(board.floor)} dashed"
    dots = (
        f"{metric_name(board.primary)} with 95% intervals{floor}. Filled: methods; hollow squares: controls; "
    )
    dots += "hollow triangles: oracles; " if any(row_kind(row) == "oracle" for row in board.rows) else ""
    dots += f"hollow diamonds: reported.{first}"
    joined = f"Rank groups, best on the right: a bar joins methods that cannot be told apart.{best}"
    for kind, words, picture, caption in (
        ("intervals", "Plot of intervals", interval_plot(board), dots),
        ("ranks", "Picture of rank groups", rank_plot(board) if ranked_rows(board) else None, joined),
    ):
        if picture is not None:
            base = f"plots/{name}-{board_id(board)}-{kind}"
            _picture(site.root, base, picture)
            alt = f"{caption} The table below holds the same numbers."
            pictures.append(_shown(words, base, caption) | {"alt": alt})
    sizes = f"{count(board.samples)} samples, " + (
        "" if board.positive is None else f"{count(board.positive)} errors, "
    )
    return {
        "board": board,
        "rule": board.rule if board.rule.endswith(".") else f"{board.rule}.",
        "id": board_id(board),
        "table": board_table(board, site.methods),
        "metric": metric_name(board.primary),
        "floor": "none" if board.floor is None else number(board.floor),
        "sizes": f"{sizes}{count(board.groups)} groups",
        "pictures": [*pictures, *more],
        "notes": [
            *([RANKS] if any(r.rank_low is not None for r in board.rows) else []),
            *sorted({f"{r.method} is not ranked: {r.why_unranked}." for r in board.rows if r.why_unranked}),
        ],
        "sources": sorted({row.source for row in board.rows if row.source}),
    }


def _methods(site: _Site) -> None:
    listed = []
    for name in sorted(site.methods):
        plugin = methods().get(name)
        path, results = f"methods/{slug(name)}.html", method_results(name, site.boards)
        text = "" if plugin is None else readme(plugin.folder)
        site.write(
            "method.html",
            path,
            name if plugin is None else plugin.card.name,
            summary="" if plugin is None else plugin.card.summary,
            facts=[] if plugin is None else method_facts(plugin),
            recipes=None if plugin is None else recipes_table(plugin),
            results=results,
            text=render_markdown(text, name),
        )
        listed.append((name, path, "not installed here" if plugin is None else plugin.card.summary))
    site.write("list.html", "methods.html", "Methods", listed=listed)


def _datasets(site: _Site) -> None:
    by_id = {each.dataset: each for each in site.boards}
    cards_by_id = dict(dataset_cards()) | {
        name: card for name in by_id if (card := known_dataset(name)) is not None
    }
    families: dict[str, list[str]] = {}
    for name in sorted(cards_by_id):
        families.setdefault(find_family(name).name, []).append(name)
    listed = []
    for family, ids in families.items():
        path = f"datasets/{slug(family)}.html"
        cards = [
            {
                "card": cards_by_id[name],
                "id": slug(name),
                "tasks": tasks_table(cards_by_id[name], by_id.get(name)),
                "board": board_page(name) if name in by_id else "",
            }
            for name in ids
        ]
        text = render_markdown(readme(find_family(family).folder), family)
        site.write("dataset.html", path, family, cards=cards, text=text)
        listed.append((family, path, "; ".join(dict.fromkeys(cards_by_id[name].name for name in ids))))
    site.write("list.html", "datasets.html", "Datasets", listed=listed)


def _protocol(site: _Site, docs: Path | None) -> None:
    file = None if docs is None else docs / "protocol.md"
    text = file.read_text(encoding="utf-8") if file is not None and file.is_file() else ""
    shown = render_markdown(text, "The protocol")
    title = "How to read the tables"
    site.write("protocol.html", "protocol.html", title, text=shown, badge_rule=site.badge_rule)


def _papers(site: _Site, files: list[Path]) -> None:
    for file in files:
        _put(site.root / PAPERS / file.name, file.read_bytes())
    listed = []
    for name, title in TABLES.items():
        stem = name if not name.isdigit() else f"table-{name}"
        there = [(file.suffix[1:].upper(), f"{PAPERS}/{file.name}") for file in files if file.stem == stem]
        if there:
            listed.append((title if stem == name else f"Table {name}: {title}", there))
    if files:
        site.write("papers.html", "papers.html", "The papers' tables beside our numbers", listed=listed)


def _claims(site: _Site, file: Path) -> None:
    if file.is_file():
        title = "The papers' claims"
        text = render_markdown(file.read_text(encoding="utf-8"), title)
        site.write("claims.html", "claims.html", title, text=text)


def _paper_files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.suffix in _SUFFIXES) if folder.is_dir() else []


def _picture(root: Path, base: str, picture: Svg) -> None:
    for theme, content in zip(Svg._fields, picture, strict=True):
        _put(root / f"{base}-{theme}.svg", content)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
