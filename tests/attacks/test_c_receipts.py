"""Receipts that were not earned."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from aqa_bench.boards.model import Standing
from aqa_bench.boards.receipts import check_receipts, receipt_file, standing_of, with_verdicts
from aqa_bench.boards.runs import find_runs
from aqa_bench.boards.submission.checks import validate
from aqa_bench.cli.main import main
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.predictions import predictions_csv, read_predictions
from aqa_bench.core.receipt import Verdict, write_receipt
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.reproduce import compare_runs
from aqa_bench.protocol.rerun import Given

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org")
DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def submissions(finished, tmp_path: Path) -> Path:
    """Two runs; the first has a receipt."""
    root = tmp_path / "submissions"
    first, _ = (finished(resolve(Request(DATASET, method)), root).path for method in ("constant", "prior"))
    write_receipt(receipt_of(root, first), compare_runs(first, first, Given()))
    return root


def folder_of(submissions: Path, method: str) -> Path:
    (folder,) = (submissions / DATASET / method).iterdir()
    return folder


def receipt_of(submissions: Path, folder: Path) -> Path:
    return receipt_file(submissions, folder.relative_to(submissions).as_posix())


def accepted(home: Path) -> Path:
    """What a pull request is compared with: runs and receipts as they are now."""
    base = home / "base"
    for name in ("submissions", "receipts"):
        shutil.copytree(home / name, base / name)
    return base


def standings(submissions: Path) -> dict[str, Standing]:
    runs = with_verdicts(submissions, find_runs(submissions))
    return {each.record.method: standing_of([each])[0] for each in runs}


def told(submissions: Path) -> list[str]:
    return [
        f"{problem.rule}: {problem.found}" for problem in check_receipts(submissions, find_runs(submissions))
    ]


def test_the_receipt_of_an_honest_run_is_copied_to_another_one(submissions: Path) -> None:
    mine = receipt_of(submissions, folder_of(submissions, "prior"))
    mine.parent.mkdir(parents=True)
    shutil.copy(receipt_of(submissions, folder_of(submissions, "constant")), mine)
    assert standings(submissions) == {"constant": Standing.REPRODUCED, "prior": Standing.SELF_REPORTED}
    assert told(submissions) == ["a receipt is of the run at its path: method constant"]


def test_a_copied_receipt_is_edited_to_name_the_run(submissions: Path) -> None:
    honest = receipt_of(submissions, folder_of(submissions, "constant"))
    target = folder_of(submissions, "prior")
    mine = receipt_of(submissions, target)
    mine.parent.mkdir(parents=True)
    document = json.loads(honest.read_text()) | {"method": "prior", "run_id": target.name}
    mine.write_text(json.dumps(document, indent=2) + "\n")
    assert standings(submissions)["prior"] is Standing.SELF_REPORTED
    (sentence,) = told(submissions)
    assert sentence.startswith("a receipt is undamaged: ")


def test_better_predictions_are_put_under_a_receipt(submissions: Path, resealed) -> None:
    folder = folder_of(submissions, "constant")
    table = read_predictions(folder / "predictions.csv")
    content = predictions_csv(table.assign(score=1.0 - table["score"] / 2))
    (folder / "predictions.csv").write_bytes(content)
    resealed(folder, predictions_sha256=sha256_bytes(content))
    assert standings(submissions)["constant"] is Standing.SELF_REPORTED
    (sentence,) = told(submissions)
    assert sentence.startswith("a receipt is of the run at its path: a different run.json, sha256 ")


def test_a_number_of_a_reproduced_record_is_raised(submissions: Path, resealed) -> None:
    folder = folder_of(submissions, "constant")
    record = json.loads((folder / "run.json").read_text())
    resealed(folder, timings=record["timings"] | {"predict": 0.0001})
    assert standings(submissions)["constant"] is Standing.SELF_REPORTED


def test_a_receipt_is_a_link_to_one_elsewhere(submissions: Path, tmp_path: Path) -> None:
    honest = receipt_of(submissions, folder_of(submissions, "constant"))
    kept = shutil.move(honest, tmp_path / "kept.json")
    honest.symlink_to(kept)
    assert standings(submissions)["constant"] is Standing.SELF_REPORTED
    assert told(submissions) == ["the folder contains only receipts: receipt.json"]


@pytest.mark.parametrize("depth", [0, 1])
def test_folders_of_receipts_are_links_to_those_that_were_accepted(
    submissions: Path, tmp_path: Path, depth: int
) -> None:
    base = accepted(tmp_path)
    receipts = submissions.parent / "receipts"
    link = [receipts, *receipts.iterdir()][depth]
    shutil.rmtree(link)
    link.symlink_to(base / link.relative_to(receipts.parent))
    result, _ = validate([submissions], base=str(base))
    assert "only maintainers add receipts" in {problem.rule for problem in result.problems}
    if depth:
        assert told(submissions) == [f"the folder contains only receipts: {link.name}"]


def test_a_submission_brings_its_own_receipt(submissions: Path) -> None:
    folder = folder_of(submissions, "prior")
    write_receipt(folder / "receipt.json", compare_runs(folder, folder, Given()))
    assert standings(submissions)["prior"] is Standing.SELF_REPORTED
    result, _ = validate([submissions])
    assert [(p.rule, p.found) for p in result.problems] == [("a run is two files", "receipt.json")]


def test_one_bad_receipt_stops_no_table_and_is_refused_by_both_checks(
    submissions: Path, tmp_path: Path, resealed, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = receipt_of(submissions, folder_of(submissions, "prior"))
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{}")
    stray = damaged.with_name("note.txt")
    stray.write_text("reproduced, honestly")
    resealed(folder_of(submissions, "constant"), device="another")
    folders = ["--submissions", str(submissions), "--leaderboards", str(tmp_path / "boards")]
    assert main(["leaderboard", "build", *folders, "--json"]) == 0
    uncounted = json.loads(capfd.readouterr().out)["uncounted"]
    expected = [
        ("constant", "a receipt is of the run at its path"),
        ("prior", "the folder contains only receipts"),
        ("prior", "a receipt is undamaged"),
    ]
    assert [(p["path"].split("/")[3], p["rule"]) for p in uncounted] == expected
    (table,) = (tmp_path / "boards").glob("*/*/table.md")
    assert "self-reported" in table.read_text()
    assert "reproduced (" not in table.read_text()
    assert main(["leaderboard", "build", *folders]) == 0
    assert "what to do: Restore both" in capfd.readouterr().out
    assert main(["leaderboard", "check", *folders]) == 1
    assert "a receipt is of the run at its path" in capfd.readouterr().err
    result, _ = validate([submissions])
    assert [(p.path.split("/")[3], p.rule) for p in result.problems] == expected
    result, _ = validate([folder_of(submissions, "constant")])
    assert [(p.path.split("/")[3], p.rule) for p in result.problems] == expected[:1]


@pytest.mark.parametrize("revision", [False, True])
def test_a_pull_request_brings_a_receipt_of_its_own_and_takes_one_of_a_rivals(
    submissions: Path, tmp_path: Path, revision: bool
) -> None:
    base = accepted(tmp_path)
    if revision:
        for command in (["init", "-q"], ["add", "."], [*AUTHOR, "commit", "-qm", "base"]):
            subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    receipt_of(submissions, folder_of(submissions, "constant")).unlink()
    mine = folder_of(submissions, "prior")
    write_receipt(receipt_of(submissions, mine), compare_runs(mine, mine, Given()))
    result, _ = validate([submissions], base="HEAD" if revision else str(base))
    assert [(p.rule, p.path.split("/")[3], p.found) for p in result.problems] == [
        ("only maintainers add receipts", "constant", "gone"),
        ("only maintainers add receipts", "prior", "new"),
    ]


def test_a_rerun_on_a_machine_of_the_attackers_choice_excuses_another_result(submissions: Path) -> None:
    """A difference on another machine proves nothing against a run, and nothing for it."""
    folder = folder_of(submissions, "constant")
    receipt = compare_runs(folder, folder, Given())
    forged = receipt.model_copy(update={"verdict": Verdict.DIFFERS, "machine": ["device"]})
    write_receipt(receipt_of(submissions, folder), forged)
    assert standings(submissions)["constant"] is Standing.SELF_REPORTED
