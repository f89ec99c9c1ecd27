from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.building import leaderboard
from aqa_bench.boards.building.leaderboard import build, check
from aqa_bench.boards.building.papers import build_papers
from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.papers import tables as papers
from aqa_bench.boards.papers.compare import compare_table
from aqa_bench.boards.papers.model import AVERAGE, ComparedTable
from aqa_bench.boards.papers.render import table_files
from aqa_bench.boards.papers.tables import TABLES, paper_files, paper_table
from aqa_bench.boards.published import PrintedRow, PrintedTable, Published, published
from aqa_bench.boards.reported import reported_results
from aqa_bench.boards.runs import find_runs
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.record import RowKind
from aqa_bench.core.registry import known_dataset, open_dataset

PAPER_TABLES = [name for name in TABLES if name != "anomaly"]


def printed_only(name: str) -> ComparedTable:
    table = paper_table(name, {}, [])
    assert isinstance(table, ComparedTable)
    return table


@pytest.fixture
def runs(synthetic: ModuleType, tmp_path: Path) -> Path:
    """Two recipes of a method that a table prints, a control, and an ensemble."""
    folder, dataset = tmp_path / "submissions", open_dataset(synthetic.DATASET)
    for seed in range(2):
        synthetic.write_run(folder, "ours", synthetic.noisy(dataset, 0.9, seed), seed=seed, recipe="paper")
        synthetic.write_run(folder, "ours", synthetic.noisy(dataset, 0.3, seed), seed=seed)
    synthetic.write_run(folder, "still", 0.9, control=True)
    synthetic.write_run(folder, "a+b", synthetic.noisy(dataset, 0.8, 9), recipe="ensemble")
    return folder


def stick_figures(**changes: object) -> PrintedTable:
    fields = {
        "id": "1",
        "title": "Figures",
        "source": "fitness-aqa",
        "dataset": "stick-figures/shoulder-press",
        "twin": None,
        "scheme": "folds",
        "metric": "accuracy",
        "scale": 100,
        "digits": 2,
        "tasks": ["form"],
        "samples": {},
        "rows": [
            {"printed_as": "Ours", "method": "ours", "modality": "video", "values": [75.0]},
            {"printed_as": "B + A", "method": "b+a", "modality": "video", "values": [80.0]},
            {"printed_as": "Theirs", "method": "theirs", "modality": "video", "values": [50.0]},
        ],
        "errata": [],
        "counts": [],
    }
    return PrintedTable.model_validate(fields | changes)


def boards_of(submissions: Path) -> dict[str, DatasetBoards]:
    found, dataset = find_runs(submissions), open_dataset("stick-figures/shoulder-press")
    return {dataset.card.id: assemble(BENCHMARK_VERSION, dataset, found)}


def test_the_printed_numbers_are_carried_with_their_citations() -> None:
    assert [len(table.rows) for table in published().tables] == [2, 17, 3, 5, 5, 3]
    best = published().tables[1].rows[-1]
    assert (best.printed_as, best.method, best.values) == ("Ours MD + CVCSPC", "md+cvcspc", (0.5263, 0.8468))
    assert all("ECCV 2022" in published().sources[table.source] for table in published().tables)


def test_numbers_without_a_citation_or_a_value_are_refused() -> None:
    document = published().model_dump(mode="json")
    with pytest.raises(ValidationError, match="no citation of nobody"):
        Published.model_validate(document | {"results": [document["results"][0] | {"source": "nobody"}]})
    with pytest.raises(ValidationError, match="1 values expected"):
        stick_figures(rows=[{"printed_as": "x", "method": "x", "modality": "image", "values": [1, 2]}])


def test_leaderboards_show_printed_rows_of_comparable_data_alone() -> None:
    found = {(result.dataset, result.method): result for result in reported_results()}
    assert found["fitness-aqa/backsquat", "Ours MD"].source.endswith("ECCV 2022. Table 2.")
    assert found["waseda-squat", "HMR-TDM"].values["accuracy"] == 0.8358
    assert not [dataset for dataset, _ in found if dataset == "fitness-aqa/barbell-row"]
    assert found["pose-trainer/bicep-curl", "pose-trainer-dtw"].source.startswith("Chen and Yang")


def test_averages_are_recomputed_and_flagged() -> None:
    table = printed_only("1")
    hmr, ours = table.sections[-1].lines
    assert table.sections[-1].task == AVERAGE
    assert (hmr.printed, round(hmr.recomputed, 2)) == (89.08, 90.48)
    assert (ours.printed, round(ours.recomputed, 2)) == (89.92, 89.91)
    assert all("average" in line.marks[0] for line in (hmr, ours))


def test_rows_at_or_below_the_floor_are_flagged() -> None:
    kie, kfe = printed_only("2").sections
    assert (kie.floor, kfe.floor) == (0.2571, 0.8184)
    low = [line.method for line in kfe.lines if "at or below the floor" in line.marks and not line.source]
    assert len(low) == 13
    assert {"Kinetics", "Ours TemporalXform-2"} <= set(low)
    assert not {"Ours CVCSPC", "TemporalXform", "Ours MD", "Ours MD + CVCSPC"} & set(low)
    below = [line.method for line in kie.lines if line.marks and not line.source]
    assert below == ["ImageNet", "SimSiam", "Ours TemporalXform-2"]


def test_a_score_below_what_sees_no_frame_is_flagged() -> None:
    marks = {line.method: line.marks for line in printed_only("6").sections[0].lines}
    assert marks["Ours baseline"] == ("below ridge on attributes and event (0.6960), which sees no frames",)
    assert marks["Ours MD"] == ()


@pytest.mark.parametrize("name", PAPER_TABLES)
def test_without_a_run_every_row_is_reported_and_a_note_says_why(name: str) -> None:
    table = printed_only(name)
    lines = [line for section in table.sections for line in section.lines]
    assert {line.kind for line in lines} == {RowKind.REPORTED}
    assert any("was not available" in note for note in table.notes)
    text = table_files(table)[f"table-{name}.md"]
    assert text.count("| reported") == len(lines) == text.count(" † ")


@pytest.mark.parametrize("table", published().tables, ids=lambda table: table.id)
def test_twins_are_data_with_the_tasks_of_the_table(table: PrintedTable) -> None:
    if table.twin is not None:
        card = known_dataset(table.twin)
        assert card is not None
        assert {*table.tasks} <= {task.id for task in card.tasks}


def test_measurements_stand_beside_what_was_printed(runs: Path) -> None:
    boards = boards_of(runs)
    table = compare_table(stick_figures(), boards, {})
    (section,) = table.sections
    rows = {(row.method, row.recipe): row for row in boards["stick-figures/shoulder-press"].boards[0].rows}
    lines = {(line.method, line.recipe): line for line in section.lines}
    paper, quick = lines["Ours", "paper"], lines["ours", "quick"]
    for line, row in ((paper, rows["ours", "paper"]), (quick, rows["ours", "quick"])):
        assert line.kind is RowKind.MEASURED
        assert line.measured is not None
        assert line.measured.value == pytest.approx(100 * row.value)
        assert (line.measured.low, line.measured.high) == (
            pytest.approx(100 * row.low),
            pytest.approx(100 * row.high),
        )
        assert line.measured.seeds == 2
        assert line.measured.runs == row.runs
    assert paper.difference == pytest.approx(100 * rows["ours", "paper"].value - 75)
    assert (quick.under, quick.printed, quick.difference) == ("Ours", None, None)
    assert [line.printed for line in section.lines].count(75.0) == 1
    assert section.lines.index(quick) == section.lines.index(paper) + 1
    assert (lines["B + A", ""].measured, lines["a+b", "ensemble"].under) == (None, "B + A")
    assert lines["a+b", "ensemble"].measured is not None
    assert (lines["Theirs", ""].kind, lines["Theirs", ""].measured) == (RowKind.REPORTED, None)
    assert (section.lines[-1].method, section.lines[-1].control, section.lines[-1].printed) == (
        "still",
        True,
        None,
    )
    assert (section.floor, section.floor_basis) == (60.0, "the test labels available")
    assert "at or below the floor" in lines["Theirs", ""].marks
    assert not any("not available" in note for note in table.notes)


def test_a_method_on_shuffled_labels_does_not_stand_for_its_printed_row(
    runs: Path, synthetic: ModuleType
) -> None:
    synthetic.write_run(runs, "theirs", 0.7, control=True, shuffled_labels=True)
    (section,) = compare_table(stick_figures(), boards_of(runs), {}).sections
    (printed,) = (line for line in section.lines if line.printed == 50.0)
    assert (printed.method, printed.measured) == ("Theirs", None)
    (control,) = (line for line in section.lines if line.method == "theirs")
    assert (control.control, control.printed) == (True, None)


@pytest.mark.parametrize("pool", ["fitness-aqa/backsquat", "synthetic-gym/backsquat@study"])
def test_recipes_and_foreign_pools_choose_the_row(runs: Path, pool: str) -> None:
    ours = {"method": "ours", "modality": "video", "values": [75.0]}
    rows = [
        ours | {"printed_as": "As printed", "recipes": ["pap*"]},
        ours | {"printed_as": "From squats", "pretrained_on": "backsquat"},
    ]
    pools = {run.record.run_id: pool for run in find_runs(runs) if run.record.recipe == "quick"}
    table = compare_table(stick_figures(rows=rows), boards_of(runs), pools)
    lines = table.sections[0].lines
    assert [(line.method, line.recipe, line.under) for line in lines[:3]] == [
        ("As printed", "paper", ""),
        ("From squats", "", ""),
        ("ours", "quick", "From squats"),
    ]


def test_a_twin_stands_beside_and_is_labelled_as_such(runs: Path) -> None:
    table = compare_table(
        stick_figures(dataset="real/press", twin="stick-figures/shoulder-press"), boards_of(runs), {}
    )
    line = table.sections[0].lines[0]
    assert (line.kind, line.measured, line.difference) == (RowKind.REPORTED, None, None)
    assert line.twin is not None
    assert table.sections[0].twin_floor == 60.0
    assert "real/press was not available" in table.notes[0]
    assert "generated data" in table.notes[1]
    text = table_files(table)["table-1.md"]
    assert "Twin: stick-figures/shoulder-press (generated)." in text
    assert "| measured on twin | *still*" in text


def test_another_metric_than_the_primary_has_no_interval(runs: Path) -> None:
    table = compare_table(stick_figures(metric="f1"), boards_of(runs), {})
    measured = table.sections[0].lines[0].measured
    assert measured is not None
    assert (measured.low, measured.high) == (None, None)
    assert table.sections[0].floor is None


def test_another_scheme_than_the_printed_is_told(runs: Path) -> None:
    table = compare_table(stick_figures(scheme="official"), boards_of(runs), {})
    assert (
        "stick-figures/shoulder-press was measured with scheme folds instead of the printed official."
        in table.notes
    )


def test_all_four_formats_hold_every_row(runs: Path) -> None:
    rows = [
        *stick_figures().rows,
        PrintedRow(printed_as="<a> & 5%_b", method="x", modality="image", values=(1,)),
    ]
    table = compare_table(stick_figures(rows=rows), boards_of(runs), {})
    files = table_files(table)
    assert sorted(files) == ["table-1.csv", "table-1.json", "table-1.md", "table-1.tex"]
    lines = table.sections[0].lines
    parsed = list(csv.DictReader(io.StringIO(files["table-1.csv"])))
    assert [row["method"] for row in parsed] == [line.method for line in lines]
    assert float(parsed[0]["measured_value"]) == lines[0].measured.value
    assert ComparedTable.model_validate_json(files["table-1.json"]) == table
    assert r"$<$a$>$ \& 5\%\_b\textsuperscript" in files["table-1.tex"].replace(" \\text", "\\text")
    body = [line for line in files["table-1.tex"].splitlines() if line.endswith(r"\\")]
    assert len(body) == len(lines) + 1
    assert len({line.replace(r"\&", "").count("&") for line in body}) == 1
    assert files["table-1.tex"].count("\\midrule") == 1


@pytest.fixture
def site(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Submissions, leaderboards and tables, where table 1 is of the stick figures."""
    changed = published().model_copy(update={"tables": (stick_figures(), *published().tables[1:])})
    monkeypatch.setattr(papers, "published", lambda: changed)
    build(runs, tmp_path / "leaderboards")
    build_papers(list(TABLES), runs, tmp_path / "leaderboards")
    return runs, tmp_path / "leaderboards"


def test_building_twice_gives_the_same_bytes(site: tuple[Path, Path], tmp_path: Path) -> None:
    submissions, leaderboards = site
    report = build_papers(list(TABLES), submissions, tmp_path / "again")
    assert len(report.files) == 24
    for file in (leaderboards / "papers").iterdir():
        assert (tmp_path / "again/papers" / file.name).read_bytes() == file.read_bytes()


def test_tables_without_the_data_are_those_of_the_committed_boards(
    site: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions, leaderboards = site
    before = {file.name: file.read_bytes() for file in (leaderboards / "papers").iterdir()}

    def refuse(name: str) -> None:
        raise DataError(f"{name} has not been prepared.")

    monkeypatch.setattr(leaderboard, "open_dataset", refuse)
    assert check(submissions, leaderboards).ok
    build_papers(list(TABLES), submissions, leaderboards)
    assert {file.name: file.read_bytes() for file in (leaderboards / "papers").iterdir()} == before


def test_an_edited_table_is_named_with_its_line(site: tuple[Path, Path]) -> None:
    assert check(*site).ok
    names = ["table-1.md", "table-2.csv", "table-4.tex", "table-6.json"]
    for name in names:
        file = site[1] / "papers" / name
        lines = file.read_text().splitlines()
        lines[3] += " edited"
        file.write_text("\n".join(lines) + "\n")
    assert sorted(problem.path for problem in check(*site).problems) == [f"papers/{name}:4" for name in names]


def test_missing_and_unknown_tables_are_noticed(site: tuple[Path, Path]) -> None:
    (site[1] / "papers/table-3.tex").rename(site[1] / "papers/anomaly.md")
    assert {p.path.partition(":")[0] for p in check(*site).problems} == {
        "papers/table-3.tex",
        "papers/anomaly.md",
    }


def test_a_table_that_does_not_exist_and_one_without_anything(tmp_path: Path) -> None:
    tmp_path.joinpath("none").mkdir()
    with pytest.raises(UsageError, match="Did you mean 'anomaly'"):
        build_papers(["anomly"], tmp_path / "none", tmp_path)
    with pytest.raises(DataError, match="No runs of this comparison"):
        build_papers(["anomaly"], tmp_path / "none", tmp_path)
    assert len(build_papers(list(TABLES), tmp_path / "none", tmp_path).files) == 24


def test_the_anomaly_table_has_a_grid_a_one_class_scheme(synthetic: ModuleType, tmp_path: Path) -> None:
    for scheme in ("one-class", "one-class-leaky", "folds"):
        synthetic.write_run(tmp_path, "m", 0.9, scheme=scheme, scored=False, control=scheme == "one-class")
    (boards,) = boards_of(tmp_path).values()
    files = paper_files(["anomaly"], {"pose-trainer/shoulder-press": boards}, [])
    assert sorted(files) == ["anomaly.csv", "anomaly.md", "anomaly.tex"]
    assert files["anomaly.md"].count("\n## scheme") == 2
    assert "*m*" in files["anomaly.md"]
    assert "\\textit{m}" in files["anomaly.tex"]
    assert {row["scheme"] for row in csv.DictReader(io.StringIO(files["anomaly.csv"]))} == {
        "one-class",
        "one-class-leaky",
    }
    table = paper_table("anomaly", {"pose-trainer/shoulder-press": boards}, [])
    assert json.loads(table.model_dump_json())["boards"][0]["scheme"] == "one-class"
