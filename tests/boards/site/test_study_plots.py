from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from aqa_bench.boards.curves import Curve, TaskCurves
from aqa_bench.boards.site.drawing import Margins, make_axes, settings, svg
from aqa_bench.boards.site.study_plots import curve_plot, slices_plot
from aqa_bench.boards.site.study_tables import curve_table
from aqa_bench.boards.slices import Part, SlicedBoard, SlicedRow

pytest.importorskip("matplotlib")

CURVES = TaskCurves(
    task="kie",
    question="Knees inward",
    curves=tuple(
        Curve(
            method=name,
            recipe="quick",
            variant="",
            control=False,
            oracle=name == "joints",
            labels=(112, 448, 1120),
            values=values,
        )
        for name, values in {
            "joints": (0.8, 0.9, 0.95),
            "pictures": (0.5, 0.7, 0.94),
            "other": (0.5, 0.6, 0.94),
        }.items()
    ),
)
PARTS = tuple(
    Part(low=i, high=i + 1, samples=80, positive=33, floor=None if i == 2 else 0.58) for i in range(3)
)
ROW = SlicedRow(
    method="pictures",
    recipe="quick",
    variant="region=legs",
    oracle=False,
    values=(0.4, 0.6, None),
    low=(0.3, 0.5, None),
    high=(0.5, 0.7, None),
)
SLICES = tuple(
    SlicedBoard(
        task="kie", scheme="official", condition=name, unit="m", of_errors=i == 0, parts=PARTS, rows=(ROW,)
    )
    for i, name in enumerate(("error size", "camera angle"))
)


def words(svg: bytes) -> str:
    return " ".join(ElementTree.fromstring(svg.decode()).itertext())


def test_every_curve_is_named_and_labels_do_not_lie_on_each_other() -> None:
    picture = curve_plot(CURVES)
    for name in ("joints quick", "pictures quick", "other quick", "112", "1120", "AUROC"):
        assert name in words(picture)
    places = {
        name: float(y)
        for y, name in re.findall(
            rb"translate\([\d.]+ ([\d.]+)\)[^>]*>(?:</?g[^>]*>)?(joints|pictures|other) quick", picture
        )
    } or {
        name: float(y)
        for y, name in re.findall(rb' y="([\d.]+)"[^>]*>(joints|pictures|other) quick', picture)
    }
    assert len(places) == 3
    ordered = sorted(places.values())
    assert min(b - a for a, b in pairwise(ordered)) > 9


def test_slices_name_rows_conditions_and_bounds() -> None:
    picture = slices_plot(SLICES)
    for name in ("pictures quick (region=legs)", "error size (m)", "camera angle (m)", "0–1", "F1"):
        assert name in words(picture)


def test_the_same_data_give_the_same_bytes_with_colours_for_the_dark() -> None:
    for first, second in (
        (curve_plot(CURVES), curve_plot(CURVES)),
        (slices_plot(SLICES), slices_plot(SLICES)),
    ):
        assert first == second
        assert b":root:target{" in first


def test_the_values_of_curves_are_a_table_with_a_dash_where_a_row_has_none() -> None:
    short = CURVES.curves[1].model_copy(update={"labels": (448, 1120), "values": (0.7, 0.94)})
    table = curve_table(CURVES.model_copy(update={"curves": (CURVES.curves[0], short)}))
    assert [column.name for column in table.columns] == ["method", "112", "448", "1,120"]
    assert [[cell.text for cell in line.cells] for line in table.lines] == [
        ["joints", "0.800", "0.900", "0.950"],
        ["pictures", "-", "0.700", "0.940"],
    ]
    assert [(line.kind, line.cells[0].small) for line in table.lines] == [
        ("oracle", "quick"),
        ("method", "quick"),
    ]


def test_styles_and_groups_are_written_once_and_what_is_drawn_stays() -> None:
    margins = Margins(0.5, 0.1, 0.1, 0.5)
    with settings():
        figure, axes = make_axes(2.0, 1.0, margins)
        axes.plot([0.2, 0.4, 0.6], [1, 2, 3], color="#0550ae", linewidth=1.2)
        axes.plot([0.5], [2], marker="o", color="#0550ae")
        picture = svg(figure)
    root = ElementTree.fromstring(picture.decode())
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    # The one point is a marker, and no line.
    assert not re.search(rb'<path d="M [\d.-]+ [\d.-]+ \n"', picture)
    assert tags.count("use") > 1
    styles = re.findall(rb' style="([^"]*)"', picture)
    assert len(styles) == len({*styles})
    used = {*re.findall(rb'class="(s\d+)"', picture)}
    assert used
    assert all(b".%b{" % name in picture for name in used)
    assert all(
        len(group.attrib) > 0 and set(group.attrib) != {"id"}
        for group in root.iter()
        if group.tag.endswith("}g")
    )
