"""The figures of methods' ideas: there, accessible, small, harmless, and true to the heights they state."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from aqa_bench.boards.site.engine import asset
from aqa_bench.boards.site.figure_file import WIDTH, Figure, read_figure
from aqa_bench.boards.site.figure_svg import draw_figure
from aqa_bench.core.errors import UsageError
from aqa_bench.core.registry import methods

OWN = {name: each.folder for name, each in methods().items() if each.folder.parent.name == "methods"}
FIGURES = {name: figure for name, folder in OWN.items() if (figure := read_figure(folder)) is not None}
#: Contenders without an idea of their own to draw.
WITHOUT = {"features"}


def figure(*pieces: dict[str, Any], title: str = "A title") -> Figure:
    return Figure.model_validate(
        {
            "title": title,
            "shows": "A thing.",
            "idea": ("One.", "Two.", "Three."),
            "height": 80,
            "draw": pieces,
        }
    )


def bar(svg: str) -> float:
    """Height of the bar in a drawing, from the top."""
    found = re.search(r'class="bar" points="[\d.]+,([\d.]+) ', svg)
    assert found is not None
    return float(found[1])


def test_every_contender_has_a_figure_and_no_control_has() -> None:
    contenders = {name for name in OWN if not methods()[name].card.control}
    assert set(FIGURES) == contenders - WITHOUT


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_figure_names_itself_is_small_and_asks_for_nothing(name: str) -> None:
    drawn, told = str(draw_figure(FIGURES[name])), FIGURES[name]
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    named = [root.find(f"*[@id='{each}']") for each in str(root.get("aria-labelledby")).split()]
    assert [each.text for each in named if each is not None] == [told.title, told.shows]
    assert len(drawn) < 16_000
    assert {each.tag for each in root.iter()} <= {
        *("svg", "title", "desc", "g", "path", "polyline", "rect", "circle", "ellipse", "text")
    }
    assert not any(key in {"href", "style"} or key.startswith("on") for e in root.iter() for key in e.attrib)
    assert "url(" not in drawn
    assert all(sentence.count(". ") == 0 and sentence.endswith(".") for sentence in told.idea)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_words_stay_within_the_picture(name: str) -> None:
    for each in ElementTree.fromstring(str(draw_figure(FIGURES[name]))).iter("text"):
        # A letter is about half as wide as the type is high.
        wide, x = 6.8 * len(each.text or ""), float(each.get("x", "nan"))
        kinds = (each.get("class") or "start").split()
        left = x - wide / 2 if "middle" in kinds else x - wide if "end" in kinds else x
        assert left >= -2, each.text
        assert left + wide <= WIDTH + 2, each.text
        assert 8 <= float(each.get("y", "nan")) <= FIGURES[name].height - 2, each.text


def test_colours_come_from_the_page_s_style() -> None:
    style = asset("site.css")
    for drawn in (str(draw_figure(each)) for each in FIGURES.values()):
        assert not re.search(r"#[0-9a-f]{3}|rgb|fill=|stroke=", drawn)
        assert {"first", "head", "limb"} & set(re.findall(r'class="(\w+)', drawn))
    rules = re.findall(r"^\.idea .*\{(.*)\}$", style, re.MULTILINE)
    assert len(rules) > 20
    assert not any("#" in rule for rule in rules)


def test_the_bar_is_as_high_as_the_figure_says() -> None:
    heights = [
        bar(str(draw_figure(figure({"kind": "frames", "at": (0, 0), "poses": (pose,), "size": 100}))))
        for pose in (0.0, 0.5, 1.0)
    ]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2])
    assert heights[0] - heights[2] > 10


def test_words_are_escaped() -> None:
    hostile = '<script>alert("1")</script>'
    drawn = str(draw_figure(figure({"kind": "text", "at": (0, 20), "text": hostile}, title=hostile)))
    assert "<script" not in drawn
    assert [e.text for e in ElementTree.fromstring(drawn).iter() if e.text == hostile] == [hostile] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        'draw = [{kind = "frames", at = [0, 0], poses = [1.5]}]',
        'draw = [{kind = "html", at = [0, 0]}]',
        "draw = []",
        "draw = [",
    ],
)
def test_a_damaged_figure_is_refused_with_its_place(tmp_path: Path, wrong: str) -> None:
    head = 'title = "A"\nshows = "B"\nidea = ["One.", "Two.", "Three."]\nheight = 50\n'
    (tmp_path / "figure.toml").write_text(head + wrong)
    with pytest.raises(UsageError) as error:
        read_figure(tmp_path)
    assert "figure.toml" in str(error.value.where)


def test_a_method_without_a_figure_has_none(tmp_path: Path) -> None:
    assert read_figure(tmp_path) is None


def test_a_method_s_page_shows_its_figure_with_the_idea(site: Path) -> None:
    page = (site / "methods/cvcspc.html").read_text()
    assert page.count('<svg class="idea"') == 1
    assert f"<figcaption>{' '.join(FIGURES['cvcspc'].idea)}</figcaption>" in page
    assert '<svg class="idea"' not in (site / "methods/constant.html").read_text()
