from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import accuracy_score

from aqa_bench.boards import row_scores
from aqa_bench.boards.claims import measure
from aqa_bench.boards.claims.measure import equivalence_p
from aqa_bench.boards.claims.model import ClaimFile
from aqa_bench.boards.claims.pages import claims_files, claims_markdown
from aqa_bench.boards.claims.report import judge_claims
from aqa_bench.boards.claims.result import ClaimsReport, Measured, Outcome, Verdict
from aqa_bench.boards.model import Standing
from aqa_bench.boards.runs import SubmittedRun, find_runs
from aqa_bench.core.cards import Decision
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.registry import open_dataset

REAL = "stick-figures/shoulder-press"
TWIN = "synthetic-gym/backsquat"


def opened(name: str, runs: Sequence[SubmittedRun]) -> Dataset | str:
    """Whatever the id, the figures."""
    figures = copy(open_dataset(REAL))
    figures.card = figures.card.model_copy(update={"id": name})
    return figures


def claims(*comparisons: tuple[str, str] | dict[str, Any], twin: str = "", **changes: Any) -> ClaimFile:
    """A file with one claim for each comparison: pairs of methods with recipe quick, or a whole claim."""
    wide = [c if isinstance(c, dict) else {"comparisons": [_of(*c)]} for c in comparisons]
    return ClaimFile.model_validate(
        {
            "presets": ("tiny", "demo"),
            "budgets": ("paper", "quick"),
            "sources": {"doc": "A document."},
            "contenders": {
                name: {"method": name, "ways": {"paper": ["paper"], "quick": ["quick"]}}
                for name in ("good", "fair", "poor")
            }
            | changes.pop("contenders", {}),
            "claims": [
                {
                    "id": f"claim-{i}",
                    "source": "doc",
                    "place": "here",
                    "says": "One is better.",
                    "real": REAL,
                    "twin": twin,
                    "scheme": "folds",
                    "metric": "accuracy",
                }
                | c
                | changes
                for i, c in enumerate(wide)
            ],
        }
    )


def _of(better: str, worse: str) -> dict[str, list[str]]:
    return {"better": [better], "worse": [worse], "tasks": ["form"]}


@pytest.fixture
def write(synthetic: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """Writes a run of a method with some skill."""

    def write(
        method: str, skill: float = 0.5, seed: int = 0, noise: int | None = None, **changes: Any
    ) -> Path:
        scores = synthetic.noisy(open_dataset(REAL), skill, seed + 10 if noise is None else noise)
        folder: Path = synthetic.write_run(tmp_path, method, scores, seed=seed, scored=False, **changes)
        return folder

    return write


def judge(root: Path, file: ClaimFile, **options: Any) -> ClaimsReport:
    return judge_claims(
        find_runs(root) if root.is_dir() else [], options.pop("opener", opened), file=file, **options
    )


def real(report: ClaimsReport, at: int = 0) -> Outcome:
    found = report.claims[at].real
    assert found is not None
    return found


def only(found: Outcome) -> Measured:
    (measured,) = found.measured
    return measured


def test_confirmed_refuted_and_undecided_by_predictions(write: Callable[..., Path], tmp_path: Path) -> None:
    for seed in range(2):
        write("good", 0.9, seed)
        write("fair", 0.9, seed + 5)
        write("poor", 0.0, seed)
    report = judge(tmp_path, claims(("good", "poor"), ("poor", "good"), ("good", "fair")))
    assert [real(report, i).verdict for i in range(3)] == [
        Verdict.CONFIRMED,
        Verdict.REFUTED,
        Verdict.UNDECIDED,
    ]
    confirmed, refuted = only(real(report, 0)), only(real(report, 1))
    assert confirmed.effect == pytest.approx(-(refuted.effect or 0))
    assert (confirmed.low, confirmed.high) == pytest.approx(
        (-(refuted.high or 0), -(refuted.low or 0)), abs=0.03
    )
    assert (confirmed.better.seeds, confirmed.samples) == (2, 60)
    assert confirmed.better.standing is Standing.SELF_REPORTED
    assert len(real(report, 0).runs) == 4


def test_the_effect_is_the_difference_of_means_over_seeds(write: Callable[..., Path], tmp_path: Path) -> None:
    targets, means = dict(open_dataset(REAL).targets("form")), []
    for method, skill, seeds in (("good", 0.4, 3), ("poor", 0.1, 1)):
        values = []
        for seed in range(seeds):
            table = read_predictions(write(method, skill, seed, decision=Decision.OWN) / "predictions.csv")
            test = table[table["split"] == "test"]
            values.append(
                np.mean(
                    [
                        accuracy_score(part["sample_id"].map(targets), part["score"] >= 0.5)
                        for _, part in test.groupby(test["fold"].str[:2])
                    ]
                )
            )
        means.append(np.mean(values))
    found = only(real(judge(tmp_path, claims(("good", "poor")))))
    assert found.effect == pytest.approx(means[0] - means[1], abs=1e-6)
    assert found.better.value == pytest.approx(means[0], abs=1e-6)


def test_comparisons_are_paired_unless_the_samples_are_others(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    """The same noise on both sides cancels where samples are paired."""
    write("good", 0.3, noise=3)
    write("poor", 0.2, noise=3)
    elsewhere = "synthetic-gym/overhead-press"
    write("good", 0.3, noise=3, dataset=elsewhere)
    comparison = _of("good", "poor") | {"better_on": [elsewhere]}
    report = judge(tmp_path, claims(("good", "poor"), {"comparisons": [comparison], "paired": False}))
    paired, apart = only(real(report, 0)), only(real(report, 1))
    assert apart.better.dataset == elsewhere
    assert paired.effect == apart.effect
    widths = [(m.high or 0) - (m.low or 0) for m in (paired, apart)]
    assert widths[0] < 0.6 * widths[1]
    assert paired.p < apart.p


def test_a_printed_value_is_compared_with_the_row_alone(write: Callable[..., Path], tmp_path: Path) -> None:
    write("good", 0.4)
    for printed, verdict in ((0.3, Verdict.CONFIRMED), (0.999, Verdict.REFUTED)):
        file = claims(("good", "print"), contenders={"print": {"printed": printed}}, paired=False)
        found = real(judge(tmp_path, file))
        measured = only(found)
        assert found.verdict is verdict
        assert measured.effect == pytest.approx((measured.better.value or 0) - printed)
        assert (measured.worse.value, measured.worse.runs) == (printed, ())
    assert "print (printed) 0.9990" in claims_markdown(judge(tmp_path, file))


def test_where_lower_is_better_the_effect_is_turned(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("good", 0.9)
    write("poor", 0.0)
    up = only(real(judge(tmp_path, claims(("good", "poor")))))
    turned = replace(measure.METRICS["accuracy"], higher_is_better=False)
    monkeypatch.setattr(measure, "METRICS", {"accuracy": turned})
    found = real(judge(tmp_path, claims(("good", "poor"))))
    down = only(found)
    assert found.verdict is Verdict.REFUTED
    assert (down.effect, down.low, down.high) == (-(up.effect or 0), -(up.high or 0), -(up.low or 0))


def test_equal_rows_are_undecided(write: Callable[..., Path], tmp_path: Path) -> None:
    for method in ("good", "poor"):
        write(method, 0.9, noise=1, hyperparameters={"of": method})
    found = real(judge(tmp_path, claims(("good", "poor"))))
    assert (found.verdict, only(found).effect, found.p) == (Verdict.UNDECIDED, 0, 1)


def test_an_equivalence_is_confirmed_within_its_margin_and_refuted_beyond(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    write("good", 0.42, noise=1)
    write("fair", 0.40, noise=1)
    write("poor", 0.0, noise=1)
    same, other = (
        {"comparisons": [_of("good", worse)], "equivalent_within": 0.1} for worse in ("fair", "poor")
    )
    report = judge(tmp_path, claims(same, other))
    assert [real(report, i).verdict for i in range(2)] == [Verdict.CONFIRMED, Verdict.REFUTED]
    tight = claims({"comparisons": [_of("good", "fair")], "equivalent_within": 1e-4})
    assert real(judge(tmp_path, tight)).verdict is not Verdict.CONFIRMED


@pytest.mark.parametrize("effect", [-0.19, -0.1, -0.02, 0.0, 0.05, 0.099, 0.13, 0.2])
def test_an_equivalence_is_significant_where_the_interval_lies_on_one_side_of_the_margin(
    effect: float,
) -> None:
    margin = 0.1
    for error in (0.001, 0.02, 0.05):
        half = norm.ppf(0.975) * error
        low, high = float(effect - half), float(effect + half)
        near = min(abs(low), abs(high)) if low * high > 0 else 0.0
        clear = max(abs(low), abs(high)) < margin or near > margin
        assert (equivalence_p(effect, low, high, margin) < 0.05) is clear
    assert equivalence_p(0.0, 0.0, 0.0, margin) == 2 / 10_001


def test_twin_and_real_data_are_families_of_their_own(write: Callable[..., Path], tmp_path: Path) -> None:
    write("good", 0.9)
    write("poor", 0.5)
    write("fair", 0.6)
    for method, skill in (("good", 0.9), ("poor", 0.5)):
        write(method, skill, dataset=TWIN)
    report = judge(tmp_path, claims(("good", "poor"), ("good", "fair"), twin=TWIN))
    twin = report.claims[0].twin
    assert twin is not None
    assert twin.p == twin.p_claim
    # Two claims have runs on real data, so that the smaller p counts twice.
    ps = [real(report, i) for i in range(2)]
    least = min(ps, key=lambda o: o.p_claim or 0)
    assert least.p == pytest.approx(2 * (least.p_claim or 0))
    assert report.claims[1].twin is not None
    assert report.claims[1].twin.verdict is Verdict.NO_RUNS


def test_without_runs_a_claim_says_so_and_how_to_make_them(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    contenders = {
        "good": {"method": "md", "ways": {"quick": ["quick"]}},
        "poor": {
            "method": "cvcspc",
            "pool": "overhead-press",
            "ways": {"quick": ["quick rate=.1 --people nearest"]},
        },
    }
    file = claims(("good", "poor"), twin=TWIN, contenders=contenders)
    report = judge(tmp_path / "none", file)
    assert real(report).verdict is Verdict.NO_RUNS
    assert real(report).p is None
    assert "no run of protocol v2 on stick-figures/shoulder-press, scheme folds" in real(report).why
    twin = report.claims[0].twin
    assert twin is not None
    assert [m.command for m in twin.missing] == [
        "aqa-bench run --method md --recipe quick "
        "--dataset synthetic-gym/backsquat@tiny --task form --scheme folds",
        "aqa-bench run --method cvcspc --recipe quick --set rate=.1 --people nearest "
        "--dataset synthetic-gym/backsquat@tiny --task form "
        "--pretrain-on synthetic-gym/overhead-press@tiny --scheme folds",
    ]
    write("md", 0.5)
    half = real(judge(tmp_path, file))
    assert (half.verdict, half.why) == (Verdict.NO_RUNS, "no comparison has runs of both sides")
    assert [m.name for m in half.missing] == ["poor"]


def test_the_first_preset_with_runs_judges_unless_another_is_asked_for(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    file = claims(("good", "poor"), twin=TWIN)

    def dataset(**options: Any) -> tuple[str, Verdict]:
        twin = judge(tmp_path, file, **options).claims[0].twin
        assert twin is not None
        return twin.dataset, twin.verdict

    assert dataset() == (f"{TWIN}@tiny", Verdict.NO_RUNS)
    for method, skill in (("good", 0.9), ("poor", 0.0)):
        write(method, skill, dataset=TWIN)
    assert dataset() == (TWIN, Verdict.CONFIRMED)
    for method, skill in (("good", 0.0), ("poor", 0.9)):
        write(method, skill, dataset=f"{TWIN}@tiny")
    assert dataset() == (f"{TWIN}@tiny", Verdict.REFUTED)
    assert dataset(preset="demo") == (TWIN, Verdict.CONFIRMED)
    assert dataset(preset="study") == (f"{TWIN}@study", Verdict.NO_RUNS)


def test_comparisons_with_nothing_like_it_on_generated_data_are_left_out_there(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    contenders = {"file": {"method": "file", "real_only": True, "ways": {"quick": ["quick"]}}}
    comparison = {"better": ["good"], "worse": ["poor", "file"], "tasks": ["form"]}
    for dataset in (REAL, TWIN):
        for method, skill in (("good", 0.9), ("poor", 0.0)):
            write(method, skill, dataset=dataset)
    report = judge(tmp_path, claims({"comparisons": [comparison]}, twin=TWIN, contenders=contenders))
    twin = report.claims[0].twin
    assert twin is not None
    assert (twin.comparisons, twin.verdict) == (1, Verdict.CONFIRMED)
    assert (real(report).comparisons, real(report).verdict) == (2, Verdict.UNDECIDED)


def test_runs_that_cannot_be_scored_are_named(write: Callable[..., Path], tmp_path: Path) -> None:
    write("good", 0.9)
    write("poor", 0.0)
    report = judge(tmp_path, claims(("good", "poor")), opener=lambda name, runs: "no labels here")
    assert real(report).verdict is Verdict.NO_RUNS
    assert "no labels here" in real(report).why
    assert report.unscored == {REAL: "no labels here"}


def test_a_claim_on_another_metric_than_the_boards_is_refused(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    write("good", 0.9)
    write("poor", 0.0)
    with pytest.raises(DataError, match="metric that ranks"):
        judge(tmp_path, claims(("good", "poor"), metric="f1"))


def test_the_files_say_the_same_as_the_report(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_scores, "N_RESAMPLES", 50)
    monkeypatch.setattr(measure, "N_RESAMPLES", 50)
    write("good", 0.9, recipe="quick")
    write("poor", 0.0)
    report = judge(tmp_path, claims(("good", "poor"), ("good", "fair"), twin=TWIN, note="Mind | that."))
    files = claims_files(report)
    assert sorted(files) == ["claims.json", "claims.md"]
    assert ClaimsReport.model_validate_json(files["claims.json"]) == report
    page = files["claims.md"]
    assert "| confirmed |" in page
    # A rule of a colon alone makes no table.
    assert not re.search(r"\| +: +\|", page)
    assert "Mind | that." in page
    for run in real(report).runs:
        assert run in page
    assert "1 seed, self-reported" in page
    assert (
        claims_files(
            judge(tmp_path, claims(("good", "poor"), ("good", "fair"), twin=TWIN, note="Mind | that."))
        )
        == files
    )
