"""Writing the site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.claims.pages import CLAIMS
from aqa_bench.boards.claims.result import ClaimsReport
from aqa_bench.boards.closed import closed_words, is_closed
from aqa_bench.boards.pages.overall import read_version
from aqa_bench.boards.papers.anomaly import ANOMALY_DATASET
from aqa_bench.boards.papers.model import ComparedTable
from aqa_bench.boards.papers.tables import ANOMALY, PAPERS, TABLES
from aqa_bench.boards.site.board_pages import write_boards
from aqa_bench.boards.site.board_view import board_page
from aqa_bench.boards.site.cards import (
    commands,
    cost_fact,
    first_paragraph,
    measured_methods,
    method_facts,
    method_results,
    method_skills,
    readme,
    recipes_table,
    tasks_table,
)
from aqa_bench.boards.site.engine import asset, make_engine
from aqa_bench.boards.site.ensemble_view import Ensemble, ensembles_of, write_ensemble
from aqa_bench.boards.site.figure_file import read_figure
from aqa_bench.boards.site.figure_svg import draw_figure
from aqa_bench.boards.site.index_view import empty_tiles, groups_of, leads
from aqa_bench.boards.site.learned_view import read_claims, sections_of, tally
from aqa_bench.boards.site.markdown import render_markdown
from aqa_bench.boards.site.names import page_of, slug
from aqa_bench.boards.site.overall_view import overall_table
from aqa_bench.boards.site.paper_view import paper_page
from aqa_bench.boards.site.reading import read_document
from aqa_bench.boards.site.records import find_records
from aqa_bench.boards.site.retrieval_view import Retrievals, read_retrievals, retrieval_parts
from aqa_bench.boards.site.writing import Site, small_json
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import atomic_directory
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import dataset_cards, find_family, known_dataset, methods

__all__ = ["SiteReport", "build_site"]

_MARK = ".aqa-bench-site"
_SUFFIXES = frozenset({".csv", ".tex", ".json"})


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


def build_site(
    submissions: Path,
    leaderboards: Path,
    out: Path,
    *,
    docs: Path | None = None,
    version: str = BENCHMARK_VERSION,
    progress: Progress | None = None,
) -> SiteReport:
    """Write the leaderboards as pages: boards, what was learned, papers, methods, datasets and the protocol.

    Args:
        submissions: Folder of submitted runs, whose records are copied; may be missing.
        leaderboards: Folder of leaderboards.
        out: The site's folder, replaced as a whole.
        docs: Folder with ``protocol.md``, ``errata.md`` and ``measured/retrieval.json``; may be missing.
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
            "The folder contains something other than a site, and writing the site would replace it.",
            where=out,
            expected="a new or empty folder, or an earlier site",
            remedy="Choose another folder (--out).",
        )
    papers = _paper_files(leaderboards / PAPERS)
    claims = read_claims(leaderboards / version / f"{CLAIMS}.json")
    errata = _text(docs, "errata.md")
    retrievals = read_retrievals(docs)
    absent = [
        name for name, there in ((PAPERS, papers), ("learned", claims), ("errata", errata)) if not there
    ]
    closed = closed_words(version) if is_closed(leaderboards, version) else None
    engine = make_engine(version, absent=absent, closed=closed)
    records = find_records(submissions)
    ensembles = ensembles_of(boards, records)
    known = frozenset(methods()) | measured_methods(boards, ensembles) | ensembles.keys()
    progress.start("site", len(boards) + 1)
    try:
        with atomic_directory(out, replace=True) as root:
            site = Site(root, engine, boards, known)
            site.put(_MARK, f"{version}\n".encode())
            for name in ("site.css", "site.js"):
                site.put(name, asset(name).encode())
            for each in boards:
                write_boards(site, each, leaderboards / version, records)
                progress.advance()
            _index(site, claims)
            _methods(site, retrievals, ensembles)
            _datasets(site)
            _protocol(site, _text(docs, "protocol.md"))
            _papers(site, papers, leaderboards / PAPERS)
            _learned(site, claims)
            site.write("yours.html", "yours.html", "Try yours")
            if errata:
                title, _, text = errata.partition("\n")
                title = title.removeprefix("# ")
                shown = render_markdown(text.replace("\n## ", "\n# "), title)
                site.write("article.html", "errata.html", title, text=shown)
            pages = sum(1 for _ in root.rglob("*.html"))
            progress.advance()
    finally:
        progress.close()
    return SiteReport(out.as_posix(), pages, sum(len(each.boards) for each in boards))


def _index(site: Site, claims: ClaimsReport | None) -> None:
    site.write(
        "index.html",
        "index.html",
        "Leaderboards of action quality assessment",
        tally="" if claims is None else tally(claims),
        groups=groups_of(site.boards, site.methods),
        empty=empty_tiles(site.boards),
        tables=[
            table
            for honest in (True, False)
            if (table := overall_table(site.boards, site.methods, honest=honest))
        ],
        badge_rule=site.badge_rule,
    )


def _methods(site: Site, retrievals: Retrievals | None, ensembles: Mapping[str, Ensemble]) -> None:
    listed: dict[str, list[tuple[str, str, str]]] = {"Contenders": [], "Controls": [], "Ensembles": []}
    for name in sorted(site.methods):
        if name in ensembles:
            listed["Ensembles"].append(write_ensemble(site, ensembles[name]))
            continue
        plugin = methods().get(name)
        path = page_of(name)
        text = "" if plugin is None else readme(plugin.folder)
        figure = None if plugin is None else read_figure(plugin.folder)
        site.write(
            "method.html",
            path,
            name if plugin is None else plugin.card.name,
            summary="" if plugin is None else plugin.card.summary,
            figure=figure,
            drawing="" if figure is None else draw_figure(figure),
            idea=render_markdown(first_paragraph(text), name),
            members=(),
            rule="",
            facts=[] if plugin is None else [*method_facts(plugin), *cost_fact(name, site.boards)],
            skills=method_skills(name, site.boards),
            commands="" if plugin is None else commands(plugin, site.boards),
            recipes=None if plugin is None else recipes_table(plugin),
            results=method_results(name, site.boards, main=True),
            others=method_results(name, site.boards, main=False),
            retrievals=retrieval_parts(name, retrievals, site.methods),
            text=render_markdown(text, name),
        )
        group = "Controls" if plugin is not None and plugin.card.control else "Contenders"
        listed[group].append((name, path, "not installed here" if plugin is None else plugin.card.summary))
    site.write("list.html", "methods.html", "Methods", groups=listed)


def _datasets(site: Site) -> None:
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
                "leads": leads(by_id[name]) if name in by_id else [],
            }
            for name in sorted(ids, key=lambda name: name not in by_id)
        ]
        text = render_markdown(readme(find_family(family).folder), family)
        site.write("dataset.html", path, family, cards=cards, text=text)
        plain = [name for name in ids if "@" not in name] or ids
        listed.append((family, path, "; ".join(dict.fromkeys(cards_by_id[name].name for name in plain))))
    site.write("list.html", "datasets.html", "Datasets", groups={"": listed})


def _protocol(site: Site, text: str) -> None:
    shown = render_markdown(text, "The protocol")
    title = "How to read the tables"
    site.write("protocol.html", "protocol.html", title, text=shown, badge_rule=site.badge_rule)


def _papers(site: Site, files: list[Path], folder: Path) -> None:
    if not files:
        return
    for file in files:
        site.put(f"{PAPERS}/{file.name}", small_json(file) if file.suffix == ".json" else file.read_bytes())
    pages = _anomaly(site) | {
        file.stem: f"{PAPERS}/{file.stem}.html" for file in files if file.suffix == ".json"
    }
    listed = []
    for name, title in TABLES.items():
        stem = name if not name.isdigit() else f"table-{name}"
        there = [(file.suffix[1:].upper(), f"{PAPERS}/{file.name}") for file in files if file.stem == stem]
        found = read_document(ComparedTable, folder / f"{stem}.json", "compared table", "aqa-bench table all")
        if found is not None:
            page = paper_page(found)
            site.write("paper.html", pages[stem], page.title, page=page, files=there)
        if there:
            listed.append((title if stem == name else f"Table {name}: {title}", pages.get(stem, ""), there))
    site.write("papers.html", "papers.html", "The papers' tables next to our numbers", listed=listed)


def _anomaly(site: Site) -> dict[str, str]:
    """The page of the table whose paper printed no number: its boards."""
    there = any(each.dataset == ANOMALY_DATASET for each in site.boards)
    return {ANOMALY: board_page(ANOMALY_DATASET)} if there else {}


def _learned(site: Site, claims: ClaimsReport | None) -> None:
    if claims is not None:
        site.write(
            "learned.html",
            "learned.html",
            "What we learned",
            tally=tally(claims),
            sections=sections_of(claims),
        )


def _paper_files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.suffix in _SUFFIXES) if folder.is_dir() else []


def _text(folder: Path | None, name: str) -> str:
    """A document's text; empty where there is none."""
    file = None if folder is None else folder / name
    return file.read_text(encoding="utf-8") if file is not None and file.is_file() else ""
