from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from aqa_bench.boards.claims.model import claim_file
from aqa_bench.boards.model import Board
from aqa_bench.boards.site import build_site
from aqa_bench.boards.site.board_view import board_tables
from aqa_bench.boards.site.forest import forest_of
from aqa_bench.boards.site.index_view import main_boards
from aqa_bench.boards.site.markdown import render_markdown
from aqa_bench.boards.site.names import slug
from aqa_bench.boards.site.plots import cost_plot
from aqa_bench.core.errors import DataError, UsageError

BOARD = "boards/pose-trainer-shoulder-press.html"
LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
VOID = {"meta", "link", "img", "br", "hr", "input", "source"}


class Page(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tables: list[dict[str, int]] = []
        self.unscoped = 0
        self.styled = 0
        self.headings: list[str] = []
        self.text: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.styled += "style" in given or any(name.startswith("on") for name in given)
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif tag in LOADS and given.get(LOADS[tag]):
            self.loads.append(given[LOADS[tag]] or "")
        if tag == "img":
            self.images.append(given)
        elif tag == "table":
            self.tables.append({"caption": 0, "rows": 0})
        elif tag == "caption":
            self.tables[-1]["caption"] += 1
        elif tag == "th":
            self.unscoped += given.get("scope") not in ("col", "row")
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file) for file in site.rglob("*.html")}


def test_pages_there_are(site: Path) -> None:
    for name in (
        "index",
        "methods",
        "datasets",
        "papers",
        "papers/table-2",
        "learned",
        "errata",
        "yours",
        "protocol",
        "methods/pose-tdm",
        "datasets/pose-trainer",
    ):
        assert (site / f"{name}.html").is_file(), name
    assert (site / "boards/else-where.html").is_file()


def test_nothing_leads_to_pages_that_there_are_not(
    site: Path, inputs: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    tables = shutil.copytree(inputs[1] / "v2", tmp_path / "leaderboards" / "v2")
    (tables / "claims.json").unlink()
    build_site(inputs[0], tmp_path / "leaderboards", tmp_path / "site")
    for name in ("papers.html", "learned.html", "errata.html"):
        assert f'href="{name}"' in (site / "index.html").read_text()
        assert f'href="{name}"' not in (tmp_path / "site" / "index.html").read_text()
        assert not (tmp_path / "site" / name).exists()


def test_every_claim_is_shown_with_the_commands_that_would_test_it(site: Path) -> None:
    page = Page(site / "learned.html")
    text = "".join(page.text)
    assert "1 has been tested" in text
    assert {claim.id for claim in claim_file().claims} <= set(page.ids)
    assert "aqa-bench run --method cvcspc --recipe paper --dataset fitness-aqa/backsquat" in text


def test_a_preset_has_a_board_that_its_dataset_leads_to(site: Path) -> None:
    [page] = site.glob("boards/synthetic-gym-backsquat-wild-*.html")
    assert "Synthetic gym: back squat (wild)" in page.read_text()
    listed = (site / "datasets/synthetic-gym.html").read_text()
    assert page.name in listed
    assert "synthetic-gym/backsquat@wild" in listed
    assert "synthetic-gym/backsquat@study" not in listed.partition("<article>")[0]


def test_every_tag_is_closed_and_ids_are_unique(pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        assert page.open == [], file
        assert len(page.ids) == len(set(page.ids)), file


def test_every_table_has_a_caption_and_every_header_a_scope(pages: dict[Path, Page]) -> None:
    assert sum(len(page.tables) for page in pages.values()) > 10
    for file, page in pages.items():
        assert all(table["caption"] == 1 for table in page.tables), file
        assert page.unscoped == 0, file


def test_headings_start_with_one_h1_and_skip_no_level(pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        levels = [int(name[1]) for name in page.headings]
        assert levels[0] == 1, file
        assert levels.count(1) == 1, file
        assert all(b - a <= 1 for a, b in pairwise(levels)), file


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        assert all(not re.match(r"(?i)[a-z]+:|//", load) or load == "data:," for load in page.loads), file
        assert page.styled == 0, file
        assert "url(" not in file.read_text()
        assert "default-src &#39;none&#39;" in file.read_text()


def test_internal_links_resolve(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        for link in [*page.links, *(load for load in page.loads if load != "data:,")]:
            if link.startswith(("https://", "http://", "mailto:")):
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / path).resolve() if path else file
            assert target.is_file(), f"{file}: {link}"
            assert target.is_relative_to(site.resolve()), link
            if target.suffix == ".svg":
                assert not anchor or f'<svg id="{anchor}"' in target.read_text()
            elif anchor:
                assert anchor in pages[next(f for f in pages if f.resolve() == target.resolve())].ids, link


def test_pictures_are_described(pages: dict[Path, Page]) -> None:
    images = [image for page in pages.values() for image in page.images]
    assert images
    assert all(image["alt"] for image in images)


def test_building_twice_gives_the_same_bytes(
    site: Path, inputs: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    submissions, leaderboards, docs = inputs
    build_site(submissions, leaderboards, tmp_path / "again", docs=docs)
    files = {f.relative_to(site): f.read_bytes() for f in site.rglob("*") if f.is_file()}
    again = tmp_path / "again"
    assert files == {f.relative_to(again): f.read_bytes() for f in again.rglob("*") if f.is_file()}


def test_a_hostile_name_is_text(site: Path, pages: dict[Path, Page]) -> None:
    text = (site / BOARD).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert any("<script>alert(1)</script>" in part for part in pages[site / BOARD].text)
    for file in site.rglob("*.svg"):
        assert b"<script" not in file.read_bytes()
    assert not [f for f in site.rglob("*") if "<" in f.name]


def test_a_board_shows_every_column_and_every_interval(site: Path, pages: dict[Path, Page]) -> None:
    text = " ".join(pages[site / BOARD].text)
    for word in (
        "rank",
        "places that a row may have",
        "regime",
        "backbone",
        "resnet18",
        "pre-trained on",
        "[0.85, 0.95]",
        "0.9000 [0.8500, 0.9500]",
        "AUROC",
        "skill",
        "coverage",
        "40/40",
        "1.2 k params, 2.2 ms",
        "1,200",
        "1.50",
        "2.250",
        "NVIDIA H200",
        "not printed",
        "1 run",
    ):
        assert word in text, word


def test_a_board_tells_its_story_first(site: Path, pages: dict[Path, Page]) -> None:
    [file] = site.glob("boards/synthetic-gym-backsquat-wild-*.html")
    text = file.read_text()
    told = (
        "On 40 test clips, all 9 entries beat always saying error (0.50); the best, method-0 quick, reaches"
    )
    places = [
        text.index(words) for words in (told, 'data-loop="', 'class="forest"', 'id="kie-official-table"')
    ]
    assert places == sorted(places)
    assert "Given the exact keypoints of generated clips, rocket reaches 0.95" in text
    [picture] = [image for image in pages[file].images if "data-loop" in image]
    for name in (picture["src"], picture["data-loop"]):
        assert (file.parent / str(name)).stat().st_size < 61_000


def test_printed_rows_stand_once_and_tasks_in_words(site: Path, pages: dict[Path, Page]) -> None:
    page = site / "papers/table-2.html"
    text = " ".join(pages[page].text)
    assert "Knees inward" in text
    assert page.read_text().count(">0.1923<") == 1
    assert page.read_text().count("Ours CVCSPC") == 2


def test_success_at_the_pretext_stands_on_the_board_and_on_the_methods_page(site: Path) -> None:
    for page in ("boards/pose-trainer-shoulder-press.html", "methods/no-such-method.html"):
        assert "triplets 0.52 → 0.81 (chance 0.50)" in (site / page).read_text(encoding="utf-8")


def test_controls_reported_rows_and_dishonest_schemes_are_set_apart(site: Path) -> None:
    text = (site / BOARD).read_text()
    assert re.search(r'<tr[^>]* class="control"', text)
    assert re.search(r'<tr[^>]* class="reported"', text)
    assert "Reported by others, not measured here" in text
    assert text.index('id="form-folds"') < text.index('<details id="form-leaky"')
    assert "This protocol shows test labels" in text[text.index('<details id="form-leaky"') :]
    assert 'id="overall-shown"' in (site / "index.html").read_text()


def test_records_are_there_where_the_submissions_are(site: Path) -> None:
    text = (site / "records/pose-trainer-shoulder-press.html").read_text()
    (record,) = (site / "records").rglob("*.json")
    assert f'href="../records/pose-trainer-shoulder-press/{record.name}"' in text
    assert "not available" in (site / "records/else-where.html").read_text()


def test_a_folder_of_something_else_is_not_replaced(inputs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="other than a site"):
        build_site(inputs[0], inputs[1], tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_an_earlier_site_is_replaced(inputs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    build_site(inputs[0], inputs[1], tmp_path / "site")
    (tmp_path / "site" / "stale.html").write_text("")
    build_site(inputs[0], inputs[1], tmp_path / "site")
    assert not (tmp_path / "site" / "stale.html").exists()


def test_without_leaderboards_there_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no leaderboards"):
        build_site(tmp_path, tmp_path, tmp_path / "site")


def test_columns_without_a_name_have_no_head() -> None:
    shown = str(render_markdown("| | |\n|---|---|\n| a | b |\n\n| | x |\n|---|--:|\n| c | 1 |\n", "caption"))
    bare, named = shown.split("</table>")[:2]
    assert "<thead>" not in bare
    assert "<td>a</td>" in bare
    assert '<th class="num" scope="col">x</th>' in named or '<th scope="col" class="num">x</th>' in named
    assert '<th scope="col"></th>' not in named
    assert named.count("<th") == 1 + named.count("<thead")


def test_markdown_shows_html_as_text_and_asks_for_nothing() -> None:
    source = (
        "# Top\n<img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](../up.md) "
        "![c](https://x.org/c.png) [d](https://x.org)\n\n| h |\n|--:|\n| **1** |\n"
    )
    text = str(render_markdown(source, "caption"))
    assert "<img" not in text
    assert 'href="javascript' not in text
    assert "up.md" not in text
    assert "c.png" not in text
    assert '<a href="https://x.org" rel="noreferrer noopener">d</a>' in text
    assert "<h2>Top</h2>" in text
    assert "<caption>Top</caption>" in text
    assert '<th scope="col" class="num">h</th>' in text
    assert "style=" not in text


@pytest.mark.parametrize("name", ["../../etc", "a/../b", ".hidden", "", "a b", "<x>"])
def test_slugs_stay_in_their_folder(name: str) -> None:
    found = slug(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", found)
    assert found or not name


def test_slugs_of_unlike_names_differ() -> None:
    names = ["a b", "a-b", "a  b", "a.b", "<a b>"]
    assert len({slug(name) for name in names}) == len(names)


def test_points_of_a_learning_curve_have_no_board_of_their_own_beside_another(
    inputs: tuple[Path, Path, Path],
) -> None:
    from aqa_bench.boards.pages.overall import read_version

    (boards,) = [each for each in read_version(inputs[1], "v2") if each.dataset.startswith("pose-trainer")]
    leaky, folds = boards.boards
    row = folds.rows[0].model_copy(update={"secondary": {"auroc": 0.7}})
    points = [folds.model_copy(update={"scheme": f"labels-{n}", "rows": (row,)}) for n in (112, 224)]
    shown = main_boards(boards.model_copy(update={"boards": (*points, leaky, folds)}))
    assert shown == {folds.task: (folds, leaky)}
    alone = main_boards(boards.model_copy(update={"boards": tuple(points)}))
    assert alone == {folds.task: tuple(points)}


def test_plots_need_rows(inputs: tuple[Path, Path, Path]) -> None:
    from aqa_bench.boards.pages.overall import read_version

    (boards,) = [each for each in read_version(inputs[1], "v2") if each.dataset.startswith("pose-trainer")]
    leaky, folds = boards.boards
    empty: Board = folds.model_copy(update={"rows": ()})
    assert cost_plot(empty) is None
    assert cost_plot(leaky) is None
    picture = cost_plot(folds)
    assert picture is not None
    # One file for both schemes: the colours are variables, and the fragment #dark exchanges them.
    assert picture.count(b"#0550ae") == picture.count(b"#79c0ff") == 1
    assert b"pose-tdm quick" in picture


def test_plots_name_what_has_room_and_keep_names_inside(inputs: tuple[Path, Path, Path]) -> None:
    from aqa_bench.boards.pages.overall import read_version

    (boards,) = [each for each in read_version(inputs[1], "v2") if each.dataset.startswith("pose-trainer")]
    entry = boards.boards[1].rows[0].model_copy(update={"gflops": None, "latency_ms": None})
    near = [
        entry.model_copy(update={"recipe": name, "value": value, "parameters": size})
        for name, value, size in (("cheap", 0.6, 100_000), ("twin", 0.899, 900_000), ("best", 0.9, 1_000_000))
    ]
    picture = cost_plot(boards.boards[1].model_copy(update={"rows": tuple(near)}))
    assert picture is not None
    tree = ElementTree.fromstring(picture.decode())
    words = {node.text: node for node in tree.iter("{http://www.w3.org/2000/svg}text")}
    # Of two names on one place the better entry's stays; every name ends at its dot.
    assert {"pose-tdm cheap", "pose-tdm best", "100 k", "1 M"} <= words.keys()
    assert "pose-tdm twin" not in words
    starts = float(words["pose-tdm cheap"].attrib["x"]) - 14 * 0.066 * 72
    assert starts > 0.6 * 72 - 1


def test_what_does_not_apply_is_not_shown(inputs: tuple[Path, Path, Path], site: Path) -> None:
    from aqa_bench.boards.pages.overall import read_version

    (boards,) = [each for each in read_version(inputs[1], "v2") if each.dataset.startswith("pose-trainer")]
    folds = boards.boards[1]
    bare = [row.model_copy(update={"skill": None}) for row in folds.rows]
    heads = [
        {column.name for column in board_tables(board, ())[0].columns}
        for board in (folds, folds.model_copy(update={"floor": None, "rows": tuple(bare)}))
    ]
    assert heads[0] - heads[1] == {"skill"}
    source = "Parmar, Gharat and Rhodin: Representations. ECCV 2022. Table 6."
    printed = folds.rows[-1].model_copy(update={"method": "Ours MD", "source": source})
    forest = forest_of(folds.model_copy(update={"rows": (printed,)}), ())
    assert forest is not None
    assert not forest.bounded
    assert [mark.recipe for _, marks in forest.groups for mark in marks] == ["Parmar 2022"]
    listed = (site / "methods.html").read_text()
    assert listed.index(">Contenders<") < listed.index(">cvcspc<") < listed.index(">Controls<")
    assert listed.index(">Controls<") < listed.index(">constant<")
    assert ">Ensembles<" not in listed


def test_every_page_of_a_closed_version_says_so(
    inputs: tuple[Path, Path, Path], site: Path, tmp_path: Path
) -> None:
    leaderboards = tmp_path / "leaderboards"
    shutil.copytree(inputs[1], leaderboards)
    (leaderboards / "v2" / "closed.json").write_text("{}")
    build_site(inputs[0], leaderboards, tmp_path / "site", docs=inputs[2])
    said = "These are the leaderboards of protocol v2: they stay as they are, and no run is added."
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        assert said in page.read_text(), page
        assert said not in (site / page.relative_to(tmp_path / "site")).read_text()
