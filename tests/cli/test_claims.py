from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.boards.building import claims as building
from aqa_bench.boards.claims.model import claim_file
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.files import sha256_file

IDS = [claim.id for claim in claim_file().claims]


@pytest.fixture
def none(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


def test_every_claim_is_in_the_document(cli, none: Path) -> None:
    document = cli("claims", "--submissions", none, "--json").document
    assert document.keys() == {"version", "level", "claims", "unscored"}
    assert [claim["id"] for claim in document["claims"]] == IDS
    observation = next(claim for claim in document["claims"] if claim["id"] == "observation-4")
    assert {observation[side]["verdict"] for side in ("twin", "real")} == {"no runs"}
    assert observation["real"]["missing"][0]["command"].startswith(
        "aqa-bench run --method cvcspc --recipe paper"
    )


def test_the_table_has_a_line_for_each_claim(cli, none: Path) -> None:
    answer = cli("claims", "--submissions", none)
    assert answer.code == 0
    first = [line.split()[0] for line in answer.out.splitlines() if line.strip()]
    assert [word for word in first if word in IDS] == IDS
    assert "Only runs of protocol v2 count" in answer.out


def test_named_claims_are_shown_with_what_is_missing(cli, none: Path) -> None:
    answer = cli("claims", "table-5c", "--submissions", none, "--preset", "tiny")
    assert "aqa-bench ensemble RUN-OF-cvcspc-sq RUN-OF-cvcspc-ohp" in answer.out
    assert "--dataset synthetic-gym/barbell-row@tiny" in answer.out
    assert "observation-4" not in answer.out
    every = cli("claims", "all", "--submissions", none).out.splitlines()
    assert [line for line in every if line in IDS] == IDS
    wrong = cli("claims", "table-5d", "--submissions", none)
    assert wrong.code == 2
    assert "Did you mean" in wrong.err


def test_a_folder_that_does_not_exist_is_an_error(cli, tmp_path: Path) -> None:
    answer = cli("claims", "--submissions", tmp_path / "none", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert "submissions folder does not exist" in answer.err


def test_a_run_in_two_folders_counts_once_and_closed_versions_do_not(
    synthetic_runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[SubmittedRun] = []
    monkeypatch.setattr(building, "judge_claims", lambda runs, opener, **options: seen.extend(runs))
    building.current_claims(synthetic_runs)
    assert sorted((run.record.method, run.record.benchmark_version) for run in seen) == [
        ("m", "v2"),
        ("n", "v2"),
    ]


@pytest.fixture
def synthetic_runs(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with one run in common, and one of an earlier protocol."""
    import importlib.util

    file = Path(__file__).parents[1] / "boards" / "synthetic.py"
    spec = importlib.util.spec_from_file_location("synthetic", file)
    assert spec is not None
    assert spec.loader is not None
    synthetic = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(synthetic)
    first, second = tmp_path / "first", tmp_path / "second"
    both = [synthetic.write_run(root, "m", 0.9, scored=False) for root in (first, second)]
    assert sha256_file(both[0] / "run.json") == sha256_file(both[1] / "run.json")
    synthetic.write_run(second, "n", 0.9, scored=False)
    synthetic.write_run(second, "o", 0.9, scored=False, benchmark_version="v1")
    return first, second
