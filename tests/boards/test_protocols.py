"""Two versions of the protocol side by side: the earlier one closed, its runs migrated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards import assemble, row_scores
from aqa_bench.boards.building import leaderboard
from aqa_bench.boards.building.leaderboard import build, check
from aqa_bench.boards.closed import close_version, is_closed
from aqa_bench.boards.submission.checks import validate
from aqa_bench.boards.submission.migration import migrate
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.record import read_record
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.protocol import ensemble, plan, runner
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"
BOARD = "stick-figures-shoulder-press"


@pytest.fixture(scope="session")
def _first(forge: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Submissions and leaderboards as v1 left them: two methods and their ensemble."""
    place = tmp_path_factory.mktemp("v1")
    with pytest.MonkeyPatch.context() as patch:
        for module in (plan, runner, ensemble, leaderboard):
            patch.setattr(module, "BENCHMARK_VERSION", "v1")
        patch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
        patch.setattr(row_scores, "N_RESAMPLES", 500)
        members = [forge.make(place / "submissions", method) for method in ("constant", "prior")]
        ensemble.combine(members, place / "submissions")
        build(place / "submissions", place / "leaderboards")
    return place


@pytest.fixture
def tree(_first: Path, tmp_path: Path) -> tuple[Path, Path]:
    shutil.copytree(_first, tmp_path, dirs_exist_ok=True)
    return tmp_path / "submissions", tmp_path / "leaderboards"


def first_runs(submissions: Path) -> list[Path]:
    folders = sorted(file.parent for file in submissions.rglob("run.json"))
    return [folder for folder in folders if read_record(folder).benchmark_version == "v1"]


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_an_open_earlier_version_is_checked_and_built_to_the_byte(tree: tuple[Path, Path]) -> None:
    submissions, leaderboards = tree
    report = check(submissions, leaderboards)
    assert (report.problems, report.rescored) == ([], 3)
    before = contents(leaderboards)
    assert build(submissions, leaderboards).written == []
    build(submissions, leaderboards, as_of="v1")
    assert contents(leaderboards) == before
    assert not any(b"self-reported" in content for content in before.values())
    table = leaderboards / "v1" / BOARD / "table.csv"
    table.write_text(table.read_text().replace("constant", "Constant"))
    assert [problem.path for problem in check(submissions, leaderboards).problems] == [f"{BOARD}/table.csv:3"]


def test_runs_migrate_with_their_ensembles_and_both_versions_stand(tree: tuple[Path, Path]) -> None:
    submissions, leaderboards = tree
    shutil.copytree(submissions, submissions.parent / "base" / "submissions")
    earlier = {read_record(folder).run_id: folder for folder in first_runs(submissions)}
    packed = migrate(list(earlier.values()), submissions, leaderboards)
    assert [item.added for item in packed] == [True] * 3
    new = {record.migrated_from: record for record in (read_record(item.path) for item in packed)}
    assert new.keys() == earlier.keys()
    for old, record in new.items():
        then = read_record(earlier[old])
        assert record.benchmark_version == BENCHMARK_VERSION
        assert record.run_id == recorded_run_id(record) != old
        assert (record.metrics, record.predictions_sha256) == (then.metrics, then.predictions_sha256)
        assert record.members == sorted(new[name].run_id for name in then.members)
        assert record.hyperparameters.get("members", []) == record.members
    assert [item.added for item in migrate(list(earlier.values()), submissions, leaderboards)] == [False] * 3
    assert validate([submissions], base=str(submissions.parent / "base"))[0].problems == []
    build(submissions, leaderboards)
    close_version(leaderboards, "v1")
    report = check(submissions, leaderboards)
    assert (report.problems, report.rescored) == ([], 6)
    rows = {}
    for version in ("v1", BENCHMARK_VERSION):
        document = json.loads((leaderboards / version / BOARD / "table.json").read_text())
        rows[version] = [row for row in document["boards"][0]["rows"] if row["kind"] == "measured"]
    assert {row["standing"] for row in rows[BENCHMARK_VERSION]} == {"self-reported"}
    assert not any("standing" in row for row in rows["v1"])
    assert sorted(row["value"] for row in rows["v1"]) == sorted(r["value"] for r in rows[BENCHMARK_VERSION])


def test_runs_of_a_closed_version_are_still_scored_again(tree: tuple[Path, Path]) -> None:
    submissions, leaderboards = tree
    close_version(leaderboards, "v1")
    folder = first_runs(submissions)[0]
    record = read_record(folder)
    value = record.metrics["form"]["accuracy"].model_copy(update={"value": 0.99})
    forged = record.model_copy(update={"metrics": {"form": {**record.metrics["form"], "accuracy": value}}})
    (folder / "run.json").write_text(forged.to_json())
    report = check(submissions, leaderboards)
    assert report.rescored == 3
    true = record.metrics["form"]["accuracy"].value
    assert {problem.expected for problem in report.problems} == {str(true)}


def test_runs_of_a_closed_version_are_accepted_as_they_were(tree: tuple[Path, Path], resealed) -> None:
    submissions, leaderboards = tree
    rule = "the protocol is the current one"
    assert {problem.rule for problem in validate([submissions])[0].problems} == {rule}
    close_version(leaderboards, "v1")
    result, text = validate([submissions], comment=True)
    assert (result.problems, result.unchanged, result.compared.runs) == ([], 3, 0)
    assert "No new runs" in text
    changed = resealed(first_runs(submissions)[0], device="another")
    result, _ = validate([submissions])
    path = changed.relative_to(submissions).as_posix()
    assert {(problem.rule, problem.path.partition("/run.json")[0]) for problem in result.problems} == {
        (rule, path)
    }


def test_a_closed_version_stays_when_its_runs_leave(tree: tuple[Path, Path]) -> None:
    submissions, leaderboards = tree
    migrate(first_runs(submissions), submissions, leaderboards)
    build(submissions, leaderboards)
    assert not is_closed(leaderboards, "v1")
    count = close_version(leaderboards, "v1")
    before = contents(leaderboards / "v1")
    assert (close_version(leaderboards, "v1"), contents(leaderboards / "v1")) == (count, before)
    for page in (f"{BOARD}/table.md", "overall.md"):
        title, line, *_ = before[page].decode().split("\n\n")
        assert title.startswith("# ")
        assert line.startswith("**Released and closed.** These are the leaderboards of protocol v1")
    for folder in first_runs(submissions):
        shutil.rmtree(folder)
    assert check(submissions, leaderboards).problems == []
    assert validate([submissions])[0].ok
    with pytest.raises(UsageError, match="released and closed"):
        build(submissions, leaderboards, as_of="v1")
    (leaderboards / "v1" / BOARD / "table.csv").write_text("forged\n")
    (leaderboards / "v1" / "new.md").write_text("")
    (leaderboards / "v1" / "overall.tex").unlink()
    problems = check(submissions, leaderboards).problems
    assert {problem.rule for problem in problems} == {"a closed version does not change"}
    assert [problem.path for problem in problems] == [
        f"v1/{name}" for name in ("new.md", "overall.tex", f"{BOARD}/table.csv")
    ]


def test_a_pull_request_neither_closes_a_version_nor_changes_a_closed_one(tree: tuple[Path, Path]) -> None:
    submissions, leaderboards = tree
    base = shutil.copytree(leaderboards, leaderboards.parent / "accepted")
    table = leaderboards / "v1" / BOARD / "table.csv"
    table.write_text(table.read_text().replace("constant", "mine"))
    close_version(leaderboards, "v1")
    (problem,) = check(submissions, leaderboards, base=base).problems
    assert (problem.path, problem.rule) == ("v1/closed.json", "only maintainers close a version")
    close_version(base, "v1")
    problems = check(submissions, leaderboards, base=base).problems
    assert [problem.path for problem in problems] == [f"v1/{BOARD}/table.csv"]
    shutil.rmtree(leaderboards / "v1")
    problems = check(submissions, leaderboards, base=base).problems
    assert {problem.found for problem in problems if problem.path.startswith("v1/")} == {"no such file"}


def test_only_an_earlier_version_with_leaderboards_can_be_closed(tree: tuple[Path, Path]) -> None:
    for version in (BENCHMARK_VERSION, "v0"):
        with pytest.raises(UsageError, match=r"no such earlier version[\s\S]*expected: v1"):
            close_version(tree[1], version)
    close_version(tree[1], "v1")
    (tree[1] / "v1" / "closed.json").write_text("{}")
    with pytest.raises(DataError, match="A closed version cannot be read"):
        check(*tree)


def test_a_run_of_v1_can_no_longer_be_added(tree: tuple[Path, Path], forge: ModuleType) -> None:
    submissions, leaderboards = tree
    shutil.copytree(submissions.parent, submissions.parent / "base")
    with pytest.MonkeyPatch.context() as patch:
        for module in (plan, runner):
            patch.setattr(module, "BENCHMARK_VERSION", "v1")
        late = forge.make(submissions, "duration")
    result, _ = validate([submissions], base=str(submissions.parent / "base"))
    (problem,) = [problem for problem in result.problems if "benchmark_version" in problem.path]
    assert (problem.rule, problem.found) == ("the protocol is the current one", "v1")
    problems = check(submissions, leaderboards).problems
    assert ("a run uses the current protocol", late.relative_to(submissions).as_posix()) in [
        (problem.rule, problem.path) for problem in problems
    ]


def test_what_the_current_protocol_refuses_does_not_migrate(
    tree: tuple[Path, Path], resealed, tmp_path: Path
) -> None:
    submissions, leaderboards = tree
    out = tmp_path / "new"
    folder = next(folder for folder in first_runs(submissions) if folder.parent.name == "constant")
    with pytest.raises(UsageError, match="already uses the current protocol"):
        migrate([migrate([folder], out, leaderboards)[0].path], out, leaderboards)
    shutil.rmtree(out)
    resealed(folder, skill={"form": 0.25})
    with pytest.raises(DataError, match=r"cannot be submitted[\s\S]*skill"):
        migrate([folder], out, leaderboards)
    resealed(folder, seed=7)
    with pytest.raises(DataError, match="id does not match the record"):
        migrate([folder], out, leaderboards)
    (folder / "predictions.csv").write_text("sample_id\n")
    with pytest.raises(DataError, match="predictions do not match its record"):
        migrate([folder], out, leaderboards)
    assert not out.exists()


def test_a_new_run_cannot_pass_as_a_migrated_one(
    tree: tuple[Path, Path], forge: ModuleType, resealed
) -> None:
    submissions, _ = tree
    other = next(folder for folder in first_runs(submissions) if folder.parent.name == "prior")
    new = forge.make(submissions, "duration")
    for claim in ("0" * 16, other.name):
        resealed(new, migrated_from=claim)
        (problem,) = validate([new])[0].problems
        assert problem.rule == "a migrated run belongs to an earlier leaderboard"
        assert claim in problem.expected


def test_only_versions_before_receipts_have_no_badges() -> None:
    assert frozenset({"v1"}) == assemble.WITHOUT_RECEIPTS
    assert BENCHMARK_VERSION not in assemble.WITHOUT_RECEIPTS
