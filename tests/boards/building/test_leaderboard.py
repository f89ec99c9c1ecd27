from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards import row_scores
from aqa_bench.boards.building import leaderboard
from aqa_bench.boards.building.leaderboard import build, check
from aqa_bench.boards.claims import report
from aqa_bench.boards.claims.model import ClaimFile
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.sealed import blank_stamp, stamped
from aqa_bench.stats import scoring

BOARD = "v2/stick-figures-shoulder-press"
FILES = ["inputs.lock.json", "table.csv", "table.json", "table.md", "table.tex"]
CLAIMS = ["claims.json", "claims.md"]
OVERALL = ["overall.csv", "overall.json", "overall.md", "overall.tex"]


@pytest.fixture
def site(synthetic: ModuleType, tmp_path: Path) -> tuple[Path, Path]:
    """Submissions and the leaderboards built from them."""
    submissions, leaderboards = tmp_path / "submissions", tmp_path / "leaderboards"
    dataset = open_dataset(synthetic.DATASET)
    for method, skill in (("good", 0.8), ("poor", 0.1)):
        for seed in range(2):
            synthetic.write_run(submissions, method, synthetic.noisy(dataset, skill, seed), seed=seed)
    build(submissions, leaderboards)
    return submissions, leaderboards


def first_run(submissions: Path) -> Path:
    return sorted(submissions.rglob("run.json"))[0].parent


def edit_record(folder: Path, edit: Callable[[dict], None]) -> None:
    document = json.loads((folder / "run.json").read_text())
    edit(document)
    text = json.dumps(document | {"seal": blank_stamp("run", 1)}, indent=2) + "\n"
    (folder / "run.json").write_bytes(stamped(text.encode(), "run", 1))


def edit_score(folder: Path) -> None:
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines()
    cells = lines[7].split(",")
    cells[4] = str(1 - float(cells[4]))
    lines[7] = ",".join(cells)
    file.write_text("\n".join(lines) + "\n")


def test_builds_five_files_a_dataset_the_overall_page_and_the_claims(site: tuple[Path, Path]) -> None:
    _, leaderboards = site
    assert sorted(p.name for p in (leaderboards / BOARD).iterdir()) == FILES
    found = sorted(p.name for p in (leaderboards / "v2").iterdir())
    assert found == [*CLAIMS, *OVERALL, "stick-figures-shoulder-press"]


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_were_edited_are_found(site: tuple[Path, Path], name: str) -> None:
    file = site[1] / "v2" / name
    file.write_text(file.read_text().replace("no runs", "confirmed", 1))
    (problem,) = check(*site).problems
    assert problem.path.startswith(f"v2/{name}:")
    file.unlink()
    assert [problem.path for problem in check(*site).problems] == [f"v2/{name}:1"]


def test_building_twice_gives_the_same_bytes(site: tuple[Path, Path], tmp_path: Path) -> None:
    submissions, leaderboards = site
    shutil.copytree(submissions, tmp_path / "elsewhere")
    build(tmp_path / "elsewhere", tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / BOARD / name).read_bytes() == (leaderboards / BOARD / name).read_bytes()


@pytest.fixture
def _all_resamples(_few_resamples: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is patched here is not in other processes."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", scoring.N_RESAMPLES)
    monkeypatch.setattr(row_scores, "N_RESAMPLES", scoring.N_RESAMPLES)


@pytest.mark.usefixtures("_all_resamples")
def test_two_processes_build_the_same_bytes_and_find_the_same_problems(
    site: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, leaderboards = site
    build(submissions, tmp_path / "again", jobs=2)
    for name in FILES:
        assert (tmp_path / "again" / BOARD / name).read_bytes() == (leaderboards / BOARD / name).read_bytes()
    assert check(submissions, leaderboards, jobs=2).problems == []
    edit_record(first_run(submissions), lambda document: document["skill"].update(form=0.5))
    alone = check(submissions, leaderboards)
    assert any("skill" in problem.path for problem in alone.problems)
    assert vars(check(submissions, leaderboards, jobs=2)) == vars(alone)


def test_an_error_of_another_process_names_its_file(site: tuple[Path, Path]) -> None:
    submissions, leaderboards = site
    file = first_run(submissions) / "predictions.csv"
    file.write_text(file.read_text().replace("test", "best", 1))
    digest = sha256_file(file)
    edit_record(first_run(submissions), lambda document: document.update(predictions_sha256=digest))
    with pytest.raises(DataError, match=r"predictions\.csv[\s\S]*'best'"):
        build(submissions, leaderboards, jobs=2)


def test_what_was_built_checks(site: tuple[Path, Path]) -> None:
    report = check(*site)
    assert report.problems == []
    assert report.ok
    assert report.rescored == 4
    assert report.unscored == {}


def test_an_edited_score_fails_and_names_the_file(site: tuple[Path, Path]) -> None:
    submissions, _ = site
    folder = first_run(submissions)
    edit_score(folder)
    report = check(*site)
    assert f"{folder.relative_to(submissions)}/predictions.csv" in [p.path for p in report.problems]


def test_an_edited_score_with_a_mended_hash_fails_at_every_number(site: tuple[Path, Path]) -> None:
    submissions, _ = site
    folder = first_run(submissions)
    edit_score(folder)
    digest = sha256_file(folder / "predictions.csv")
    edit_record(folder, lambda record: record.update(predictions_sha256=digest))
    paths = [p.path for p in check(*site).problems]
    assert any(
        path.startswith(f"{folder.relative_to(submissions)}/run.json: metrics.form.") for path in paths
    )
    assert any(path.startswith("stick-figures-shoulder-press/inputs.lock.json:") for path in paths)


@pytest.mark.parametrize(
    ("where", "edit"),
    [
        ("metrics.form.f1.value", lambda r: r["metrics"]["form"]["f1"].update(value=0.99)),
        ("metrics.form.auroc.low", lambda r: r["metrics"]["form"]["auroc"].update(low=0.99)),
        ("metrics.form.f1", lambda r: r["metrics"]["form"].pop("f1")),
        ("thresholds.form.r0f0", lambda r: r["thresholds"]["form"].update(r0f0=0.123)),
        ("floors.form", lambda r: r["floors"].update(form=0.1)),
        ("skill.form", lambda r: r["skill"].update(form=None)),
        ("coverage.form.scored", lambda r: r["coverage"]["form"].update(scored=59)),
        ("metrics.other", lambda r: r["metrics"].update(other={})),
    ],
)
def test_an_edited_number_of_a_record_is_named(
    site: tuple[Path, Path], where: str, edit: Callable[[dict], None]
) -> None:
    folder = first_run(site[0])
    edit_record(folder, edit)
    problems = [p for p in check(*site).problems if p.rule == "the record follows from the predictions"]
    assert [p.path.partition(": ")[2] for p in problems] == [where]


def test_an_edited_fact_of_a_record_is_noticed_by_the_lock(site: tuple[Path, Path]) -> None:
    edit_record(first_run(site[0]), lambda record: record.update(seed=99))
    assert not check(*site).ok


@pytest.mark.parametrize("name", FILES)
def test_an_edited_table_is_named_with_its_line(site: tuple[Path, Path], name: str) -> None:
    file = site[1] / BOARD / name
    lines = file.read_text().splitlines()
    lines[-2] += " edited"
    file.write_text("\n".join(lines) + "\n")
    (problem,) = check(*site).problems
    assert problem.path == f"stick-figures-shoulder-press/{name}:{len(lines) - 1}"
    assert problem.found.endswith("edited")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_table_is_noticed(site: tuple[Path, Path], name: str) -> None:
    (site[1] / BOARD / name).unlink()
    assert [p.path.split(":")[0] for p in check(*site).problems] == [f"stick-figures-shoulder-press/{name}"]


def test_other_line_ends_are_noticed(site: tuple[Path, Path]) -> None:
    file = site[1] / BOARD / "table.md"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert not check(*site).ok


def test_a_missing_run_is_noticed(site: tuple[Path, Path]) -> None:
    shutil.rmtree(first_run(site[0]))
    assert not check(*site).ok


def test_an_extra_file_is_noticed(site: tuple[Path, Path]) -> None:
    (first_run(site[0]) / "model.pt").write_text("")
    (problem,) = check(*site).problems
    assert (problem.rule, problem.found) == ("a run is two files", "model.pt")


def test_predictions_without_a_record_are_noticed(site: tuple[Path, Path], tmp_path: Path) -> None:
    folder = first_run(site[0])
    (folder / "run.json").unlink()
    problems = check(*site).problems
    assert (folder.relative_to(site[0]).as_posix(), "no run.json") in [(p.path, p.found) for p in problems]
    with pytest.raises(DataError, match="damaged"):
        build(site[0], tmp_path / "new")


def test_a_record_without_predictions_is_noticed(site: tuple[Path, Path]) -> None:
    (first_run(site[0]) / "predictions.csv").unlink()
    assert "predictions are submitted" in [p.rule for p in check(*site).problems]


def test_a_run_that_was_moved_is_noticed(site: tuple[Path, Path], tmp_path: Path) -> None:
    folder = first_run(site[0])
    folder.rename(folder.with_name("0" * 16))
    problems = check(*site).problems
    assert "the path repeats the record" in [p.rule for p in problems]
    with pytest.raises(DataError, match="damaged") as caught:
        build(site[0], tmp_path / "new")
    assert str(caught.value.where).endswith("0" * 16)
    assert not (tmp_path / "new").exists()


def test_a_table_without_submissions_is_noticed(site: tuple[Path, Path]) -> None:
    shutil.copytree(site[1] / BOARD, site[1] / "v2" / "gone-data")
    (problem,) = check(*site).problems
    assert (problem.path, problem.rule) == ("gone-data", "every table has submissions")


def test_a_folder_of_submissions_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    for work in (build, check):
        with pytest.raises(DataError, match="submissions folder does not exist"):
            work(tmp_path / "none", tmp_path / "out")


def test_unfinished_runs_are_not_submissions(site: tuple[Path, Path]) -> None:
    hidden = site[0] / ".0123.partial"
    shutil.copytree(first_run(site[0]), hidden)
    assert check(*site).ok


@pytest.fixture
def away(site: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The same, where the dataset is not available."""

    def refuse(name: str) -> None:
        raise DataError(f"{name} has not been prepared.")

    monkeypatch.setattr(leaderboard, "open_dataset", refuse)
    return site


def test_without_the_dataset_tables_stay_as_they_are(away: tuple[Path, Path]) -> None:
    before = {name: (away[1] / BOARD / name).read_bytes() for name in FILES}
    report = build(*away)
    assert report.written == []
    assert list(report.kept) == ["stick-figures/shoulder-press"]
    assert {name: (away[1] / BOARD / name).read_bytes() for name in FILES} == before


def test_without_a_dataset_that_claims_need_they_stay_as_they_are(
    away: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = {name: (away[1] / "v2" / name).read_bytes() for name in CLAIMS}
    assert build(*away).claims_kept == ""
    assert {name: (away[1] / "v2" / name).read_bytes() for name in CLAIMS} == claims
    claim = {
        "id": "claim-1",
        "source": "s",
        "place": "p",
        "says": "s",
        "scheme": "folds",
        "metric": "accuracy",
    }
    ways = {name: {"method": name, "ways": {"quick": ["quick"]}} for name in ("good", "poor")}
    comparison = {"better": ["good"], "worse": ["poor"], "tasks": ["form"]}
    claim |= {"real": "stick-figures/shoulder-press", "comparisons": [comparison]}
    document = {
        "presets": [],
        "budgets": ["quick"],
        "sources": {"s": "S"},
        "contenders": ways,
        "claims": [claim],
    }
    file = ClaimFile.model_validate(document)
    monkeypatch.setattr(report, "claim_file", lambda: file)
    assert "has not been prepared" in build(*away).claims_kept
    assert {name: (away[1] / "v2" / name).read_bytes() for name in CLAIMS} == claims
    assert check(*away).ok
    monkeypatch.setattr(leaderboard, "open_dataset", open_dataset)
    assert build(*away).claims_kept == ""
    assert "confirmed" in (away[1] / "v2" / "claims.md").read_text()


def test_without_the_dataset_consistency_is_checked(away: tuple[Path, Path]) -> None:
    report = check(*away)
    assert report.problems == []
    assert report.rescored == 0
    assert report.unscored == {
        "stick-figures/shoulder-press": "stick-figures/shoulder-press has not been prepared."
    }


@pytest.mark.parametrize("name", ["table.md", "table.csv"])
def test_without_the_dataset_an_edited_table_is_noticed(away: tuple[Path, Path], name: str) -> None:
    file = away[1] / BOARD / name
    file.write_text(file.read_text().replace("good", "best", 1))
    assert not check(*away).ok


@pytest.mark.parametrize(
    "damage",
    [
        edit_score,
        shutil.rmtree,
        lambda f: edit_record(f, lambda document: document.update(device="another")),
    ],
)
def test_without_the_dataset_changed_runs_are_noticed(
    away: tuple[Path, Path], damage: Callable[[Path], object]
) -> None:
    damage(first_run(away[0]))
    assert not check(*away).ok


def test_a_run_on_other_data_keeps_the_committed_table(site: tuple[Path, Path]) -> None:
    edit_record(first_run(site[0]), lambda record: record.update(dataset_fingerprint="0" * 64))
    assert "different data" in next(iter(build(*site).kept.values()))


def test_a_dataset_that_is_not_installed_keeps_the_committed_table(site: tuple[Path, Path]) -> None:
    for folder in [p.parent for p in site[0].rglob("run.json")]:
        edit_record(folder, lambda record: record.update(dataset="third/party"))
        target = site[0] / "third/party" / folder.relative_to(site[0] / "stick-figures/shoulder-press")
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    assert "third/party" in build(*site).kept


def test_building_and_checking_import_no_torch(site: tuple[Path, Path], tmp_path: Path) -> None:
    code = (
        "import sys; from aqa_bench.cli.main import main; from pathlib import Path\n"
        f"a = ['--submissions', {str(site[0])!r}, '--leaderboards', {str(tmp_path / 'new')!r}]\n"
        "assert main(['leaderboard', 'build', *a]) == 0\n"
        f"main(['score', {str(first_run(site[0]))!r}])\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / BOARD / "table.md").is_file()
