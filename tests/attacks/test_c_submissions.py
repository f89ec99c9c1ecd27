"""Forged submissions. Each is right in everything else: labels, digests, run-id, path and card."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.boards.submission import cards, recipes
from aqa_bench.boards.submission import data as submission_data
from aqa_bench.boards.submission.checks import Terms, Validation, validate
from aqa_bench.boards.submission.pack import pack
from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import methods
from aqa_bench.protocol.worker.recipes import check_values

spec = importlib.util.spec_from_file_location("forgery", Path(__file__).with_name("forgery.py"))
assert spec is not None
assert spec.loader is not None
forgery: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(forgery)
CONTENDER, RIVAL, forge, guess = forgery.CONTENDER, forgery.RIVAL, forgery.forge, forgery.guess


@pytest.fixture(scope="module")
def _accepted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rival, a control with predictions worth copying, and two seeds of somebody's row."""
    root = tmp_path_factory.mktemp("accepted") / "submissions"
    with pytest.MonkeyPatch.context() as patch:
        from aqa_bench.stats import scoring

        patch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
        forge(root, RIVAL, guess(0.4, 1))
        forge(root, "duration", guess(0.3, 2))
        for seed in (0, 1):
            forge(root, "stgcn-ocsvm", guess(0.35, 10 + seed), seed=seed, submitter="somebody")
    return root.parent


class Desk:
    """What a check of pull requests has before it: the base, and a copy that the attacker may change."""

    def __init__(self, place: Path) -> None:
        self.base = place / "base"
        self.pull = place / "pull" / "submissions"

    def of(self, method: str, root: Path | None = None) -> Path:
        folder: Path = next((self.pull / forgery.DATASET / method).iterdir())
        return folder

    def judge(self, **terms: Any) -> Validation:
        terms = {"recipes": check_values} | terms
        return validate([self.pull], base=str(self.base), terms=Terms(**terms))[0]

    def refused(self, rule: str, **terms: Any) -> str:
        """Assert that nothing but one rule refuses, and return what it found."""
        result = self.judge(**terms)
        assert not result.ok
        assert {problem.rule for problem in result.problems} == {rule}, result.problems
        return result.problems[0].found


@pytest.fixture
def desk(_accepted: Path, tmp_path: Path) -> Desk:
    for side in ("base", "pull"):
        shutil.copytree(_accepted, tmp_path / side)
    return Desk(tmp_path)


@pytest.fixture
def no_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(dataset: str) -> None:
        raise DataError(f"{dataset} has not been prepared.")

    monkeypatch.setattr(submission_data, "open_dataset", absent)


def test_an_honest_looking_run_is_accepted_so_that_the_attacks_fail_for_their_own_reason(desk: Desk) -> None:
    for seed in (0, 1):
        forge(desk.pull, CONTENDER, guess(0.3, 20 + seed), seed=seed)
    result = desk.judge(require_labels=True, submitter="aqa-bench")
    assert result.ok, result.problems
    told = result.compared.model_dump()
    assert told == {"runs": 2, "labels": 2, "code": told["code"], "recipes": 2, "members": 0, "neighbours": 2}


class TestNumbers:
    """No labels are available: whatever a record claims has to wait for somebody who has them."""

    def invent(self, desk: Desk) -> Path:
        folder = forge(desk.pull, CONTENDER, guess(0.1, 3))
        record = json.loads((folder / "run.json").read_text())
        for metric in record["metrics"]["form"].values():
            metric.update(value=1.0, low=1.0, high=1.0)
        record["skill"]["form"] = 1.0
        return Path(forgery.edit(folder, **record))

    @pytest.mark.usefixtures("no_labels")
    def test_invented_metrics_without_labels(self, desk: Desk) -> None:
        self.invent(desk)
        assert "not been prepared" in desk.refused(
            "every number is recomputed from the labels", require_labels=True
        )

    @pytest.mark.usefixtures("no_labels")
    def test_invented_metrics_while_the_download_fails_are_announced_as_unchecked(self, desk: Desk) -> None:
        folder = self.invent(desk)
        terms = Terms(require_labels=True, unavailable=frozenset({"stick-figures"}))
        result, text = validate([desk.pull], base=str(desk.base), terms=terms, comment=True)
        assert list(result.unchecked) == [folder.relative_to(desk.pull).as_posix()]
        assert "**new**, unchecked" in text
        assert "not ranked until somebody with the labels" in text

    @pytest.mark.usefixtures("no_labels")
    def test_a_dataset_that_only_the_pull_request_knows(self, desk: Desk) -> None:
        folder = forge(desk.pull, CONTENDER, guess(0.1, 3))
        (desk.pull.parent / "datasets" / "mine").mkdir(parents=True)
        for name in ("__init__.py", "card.toml"):
            (desk.pull.parent / "datasets" / "mine" / name).write_text("raise SystemExit('run')\n")
        forgery.edit(folder, dataset="mine/clips")
        rules = {problem.rule for problem in desk.judge(require_labels=True).problems}
        assert "every number is recomputed from the labels" in rules


class TestCopies:
    def copy(self, desk: Desk, scores: np.ndarray, **changes: Any) -> str:
        forge(desk.pull, CONTENDER, np.clip(scores, 0, 1), **changes)
        return desk.refused("a method's predictions are its own")

    def test_a_rival_with_noise_in_the_ninth_digit(self, desk: Desk) -> None:
        noise = np.random.default_rng(0).uniform(-1e-9, 1e-9, len(forgery.rows()))
        assert "100.0% of the scores" in self.copy(desk, forgery.scores_of(desk.of(RIVAL)) + noise)

    def test_a_rival_whose_scores_are_bent_and_keep_their_order(self, desk: Desk) -> None:
        assert "ranks alike to 1.0000" in self.copy(desk, forgery.scores_of(desk.of(RIVAL)) ** 2)

    def test_a_rival_with_noise_that_swaps_some_neighbours(self, desk: Desk) -> None:
        noise = np.random.default_rng(0).normal(0, 0.004, len(forgery.rows()))
        assert "ranks alike" in self.copy(desk, forgery.scores_of(desk.of(RIVAL)) + noise)

    def test_a_rival_on_most_samples_and_own_guesses_on_the_rest(self, desk: Desk) -> None:
        scores = forgery.scores_of(desk.of(RIVAL))
        own = np.random.default_rng(0).random(len(scores)) < 0.3
        self.copy(desk, np.where(own, np.random.default_rng(1).random(len(scores)), scores))

    def test_a_control_under_the_name_of_a_method(self, desk: Desk) -> None:
        self.copy(desk, forgery.scores_of(desk.of("duration")) + 1e-9)

    def test_the_very_bytes_of_a_control(self, desk: Desk) -> None:
        forge(desk.pull, CONTENDER, forgery.scores_of(desk.of("duration")))
        desk.refused("two runs do not share their predictions")

    def test_a_constant_under_the_name_of_a_method(self, desk: Desk) -> None:
        forge(desk.base / "submissions", "constant", np.full(len(forgery.rows()), 0.5))
        shutil.copytree(desk.base / "submissions", desk.pull, dirs_exist_ok=True)
        self.copy(desk, np.full(len(forgery.rows()), 0.6))

    def test_a_rival_in_an_ensemble_with_a_constant(self, desk: Desk) -> None:
        flat = forge(desk.pull, "constant", np.full(len(forgery.rows()), 0.5))
        forgery.ensemble(desk.pull, [desk.of(RIVAL), flat], pretrained_on="nothing")
        desk.refused("a method's predictions are its own")

    def test_one_run_as_five_seeds(self, desk: Desk) -> None:
        scores = guess(0.5, 7)(forgery.rows())
        for seed in range(5):
            forge(desk.pull, CONTENDER, np.clip(scores + seed * 1e-12, 0, 1), seed=seed)
        desk.refused("two seeds do not predict the same")


class TestRows:
    def test_an_extra_seed_on_the_row_of_somebody_else(self, desk: Desk) -> None:
        forge(desk.pull, "stgcn-ocsvm", guess(0.0, 12), seed=2, submitter="me")
        assert desk.refused("a row has one submitter") == "me, somebody"

    def test_an_extra_seed_in_the_name_of_somebody_else(self, desk: Desk) -> None:
        forge(desk.pull, "stgcn-ocsvm", guess(0.0, 12), seed=2, submitter="somebody")
        assert desk.refused("runs are submitted under your own account", submitter="me") == "somebody"

    def test_the_best_of_many_seeds(self, desk: Desk) -> None:
        for seed in (3, 17, 22, 31, 48):
            forge(desk.pull, CONTENDER, guess(0.4, 30 + seed), seed=seed)
        assert desk.refused("a row has the seeds 0 to n-1, each once") == "3, 17, 22, 31, 48"

    def test_a_row_without_its_worst_seed(self, desk: Desk) -> None:
        for seed in (0, 1, 3):
            forge(desk.pull, CONTENDER, guess(0.4, 30 + seed), seed=seed)
        assert desk.refused("a row has the seeds 0 to n-1, each once") == "0, 1, 3"

    def test_seeds_of_a_shared_pre_training_that_are_not_the_first_one(self, desk: Desk) -> None:
        shared = {"pretraining_seeds": 3}
        for seed in (1, 4, 7):
            forge(desk.pull, CONTENDER, guess(0.4, seed), seed=seed, hyperparameters=shared)
        rules = {problem.rule for problem in desk.judge().problems}
        assert "a row has the seeds 0 to n-1, each once" in rules

    def test_packing_a_part_of_a_row(self, desk: Desk, tmp_path: Path) -> None:
        runs = [forge(tmp_path / "runs", CONTENDER, guess(0.4, s), seed=s) for s in (0, 1, 2)]
        with pytest.raises(DataError, match="seeds 0 to n-1"):
            pack([runs[0], runs[2]], tmp_path / "out" / "submissions")
        assert not (tmp_path / "out").exists()
        assert len(pack(runs, tmp_path / "out" / "submissions", submitter="me")) == 3
        assert read_record(next((tmp_path / "out").rglob("run.json")).parent).submitter == "me"

    def test_packing_in_a_name_that_is_none(self, desk: Desk, tmp_path: Path) -> None:
        run = forge(tmp_path / "runs", CONTENDER, guess(0.4, 0))
        with pytest.raises(UsageError, match="not a valid account name"):
            pack([run], tmp_path / "out", submitter="me\n@all")


def code(method: str = "a", *, dirty: bool = False) -> CodeDigest:
    return CodeDigest(method=method * 64, harness="c" * 64, dirty=dirty)


class TestCode:
    def test_seeds_of_one_code_are_compared_and_accepted(self, desk: Desk) -> None:
        for seed in (0, 1):
            forge(desk.pull, CONTENDER, guess(0.3, 20 + seed), seed=seed, code=code())
        result = desk.judge()
        assert result.ok, result.problems
        assert result.compared.code == 2

    def test_a_row_of_mixed_code(self, desk: Desk) -> None:
        for seed, made in enumerate([code(), code(), code("b")]):
            forge(desk.pull, CONTENDER, guess(0.3, 20 + seed), seed=seed, code=made)
        assert desk.refused("all seeds of a row use the same code") == "the code of the method differs"

    def test_code_that_nobody_else_has(self, desk: Desk) -> None:
        forge(desk.pull, CONTENDER, guess(0.3, 20), code=code(dirty=True))
        assert "nobody else has" in desk.refused("the code of a run is committed")

    def test_a_version_of_the_method_that_nobody_has_any_more(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither its recipe's type nor its card would be there to hold the record to."""
        forge(desk.pull, CONTENDER, guess(0.3, 20))
        plugin = methods()[CONTENDER]
        newer = replace(plugin, card=plugin.card.model_copy(update={"version": 2}))
        monkeypatch.setattr(cards, "methods", lambda: {**methods(), CONTENDER: newer})
        assert desk.refused("the method has this version") == "1"

    def test_a_run_that_does_not_name_its_code(self, desk: Desk) -> None:
        forge(desk.pull, CONTENDER, guess(0.3, 20), code=None)
        desk.refused("a run records its code")

    def test_a_record_that_was_edited_after_it_was_sealed(self, desk: Desk) -> None:
        folder = forge(desk.pull, CONTENDER, guess(0.3, 20), code=code(dirty=True))
        file = folder / "run.json"
        file.write_text(file.read_text().replace('"dirty": true', '"dirty": false'))
        assert "sha256" in desk.refused("the record is as it was written")


class TestEnsembles:
    def members(self, desk: Desk) -> list[Path]:
        return [desk.of(RIVAL), desk.of("duration")]

    def test_the_mean_of_members_is_accepted(self, desk: Desk) -> None:
        forgery.ensemble(desk.pull, self.members(desk))
        result = desk.judge()
        assert result.ok, result.problems
        assert result.compared.members == 1

    def test_members_that_do_not_exist(self, desk: Desk) -> None:
        ghosts = ["0123456789abcdef", "fedcba9876543210"]
        told = {"rule": "mean", "of": [], "members": ghosts}
        forge(desk.pull, CONTENDER, guess(0.9, 1), members=ghosts, recipe="ensemble", hyperparameters=told)
        assert "0123456789abcdef" in desk.refused("the members of an ensemble exist")

    def test_the_name_of_another_method(self, desk: Desk) -> None:
        forgery.ensemble(desk.pull, self.members(desk), method=CONTENDER)
        assert desk.refused("an ensemble's record agrees with its members") == CONTENDER

    def test_scores_that_are_not_the_mean(self, desk: Desk) -> None:
        forgery.ensemble(desk.pull, self.members(desk), shift=1e-6)
        desk.refused("an ensemble is the mean of its members")

    def test_a_recipe_of_its_own(self, desk: Desk) -> None:
        forgery.ensemble(desk.pull, self.members(desk), recipe="paper")
        desk.refused("an ensemble's record agrees with its members")

    def test_a_control_that_is_called_none(self, desk: Desk) -> None:
        flat = forge(desk.pull, "constant", np.full(len(forgery.rows()), 0.5))
        forgery.ensemble(desk.pull, [flat, desk.of("duration")], control=False)
        rules = {problem.rule for problem in desk.judge().problems}
        assert "an ensemble's record agrees with its members" in rules

    def test_a_member_without_the_licence_of_its_weights(self, desk: Desk) -> None:
        bought = forge(desk.pull, CONTENDER, guess(0.3, 4), pretrained_on="ten million clips")
        forgery.ensemble(desk.pull, [bought, desk.of(RIVAL)], pretrained_on="ten million clips + nothing")
        found = [p for p in desk.judge().problems if p.rule == "the licence of the weights is stated"]
        assert any(bought.name in problem.found for problem in found)


LABELS = "0110100110010110" * 4


class TestWords:
    @pytest.mark.parametrize(
        "text",
        [
            "nothing\n| 1 | my-method | 1.0 |",
            "nothing\u2028| 1 |",
            "a\x85b",
            "a\u202eb",
            "a\u200bb",
            "x" * 201,
        ],
    )
    def test_a_row_of_the_table_forged_in_a_free_text(self, desk: Desk, text: str) -> None:
        forgery.edit(forge(desk.pull, CONTENDER, guess(0.3, 5)), pretrained_on=text)
        desk.refused("the record follows the schema")

    @pytest.mark.parametrize(
        "facts",
        [
            {"note": LABELS},
            {"note": " ".join(LABELS)},
            {"note": "EGGEEGGEEGGEGEEGEG"},
            {"note": "3141592653589793238462643383"},
            {"note": "s00-0 s01-0"},
            {"note": "ab" * 40},
            {"note": {"s00-0": 1, "s01-0": 0}},
            {"note": [0, 1] * 30},
            {f"fact_{i}": i % 2 for i in range(60)},
            {"notes": {"a": [0, 1] * 15, "b": [1, 0] * 15}},
            {LABELS[:40].translate(str.maketrans("01", "ab")): 1},
        ],
        ids=lambda facts: repr(facts)[:40],
    )
    def test_labels_among_the_facts(self, desk: Desk, facts: dict[str, Any]) -> None:
        forge(desk.pull, CONTENDER, guess(0.3, 5), facts=facts)
        desk.refused("a record holds no labels")

    @pytest.mark.parametrize(
        "facts",
        [
            {"epochs_run": "many"},
            {"weights": {"path": 1}},
            {"best_epoch": -7},
            {"Note": 1},
        ],
        ids=repr,
    )
    def test_facts_of_another_type(self, desk: Desk, facts: dict[str, Any]) -> None:
        forge(desk.pull, CONTENDER, guess(0.3, 5), facts=facts)
        rules = {problem.rule for problem in desk.judge().problems}
        assert "facts have the types of ctx.report" in rules

    @pytest.mark.parametrize(
        "value",
        [2**200, {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, [0] * 5000],
        ids=["big", "deep", "long"],
    )
    def test_values_without_bounds(self, desk: Desk, value: object) -> None:
        forgery.edit(forge(desk.pull, CONTENDER, guess(0.3, 5)), facts={"note": value})
        desk.refused("the record follows the schema")

    @pytest.mark.parametrize(
        ("changes", "place"),
        [({"frames": "16"}, "frames"), ({"invented": 1}, "invented"), ({"note": LABELS}, "note")],
    )
    def test_hyper_parameters_that_the_recipe_does_not_have(
        self, desk: Desk, changes: dict[str, Any], place: str
    ) -> None:
        plain = read_record(forge(desk.pull, CONTENDER, guess(0.3, 5))).hyperparameters
        shutil.rmtree(desk.pull / forgery.DATASET / CONTENDER)
        forge(desk.pull, CONTENDER, guess(0.3, 5), hyperparameters=plain | changes)
        problems = desk.judge().problems
        assert "hyper-parameters are those of the method's recipe" in {p.rule for p in problems}
        assert any(f"hyperparameters.{place}" in problem.path for problem in problems)

    def test_an_environment_that_tells_labels(self, desk: Desk) -> None:
        environment = {"python": "3", "platform": "x", "processor": LABELS, "threads": 1, "packages": {}}
        forge(desk.pull, CONTENDER, guess(0.3, 5), environment=environment)
        desk.refused("a record holds no labels")

    def test_a_method_of_the_pull_request_is_not_imported_for_its_recipe(self, desk: Desk) -> None:
        place = desk.pull.parent / "methods" / "mine"
        place.mkdir(parents=True)
        for name in ("__init__.py", "card.toml"):
            (place / name).write_text("raise SystemExit('ran')\n")
        forgery.edit(folder := forge(desk.pull, CONTENDER, guess(0.3, 5)), method="mine")
        result = desk.judge()
        assert result.by_structure[folder.relative_to(desk.pull).as_posix()] == (
            "the method comes with the submission"
        )

    def test_no_method_is_imported_where_submissions_are_judged(self, desk: Desk) -> None:
        forge(desk.pull, CONTENDER, guess(0.3, 5))
        package = methods()[CONTENDER].package
        before = {name: sys.modules.pop(name) for name in [*sys.modules] if name.startswith(package)}
        try:
            result = desk.judge()
            assert (result.ok, result.compared.recipes, result.by_structure) == (True, 1, {})
            assert not [name for name in sys.modules if name.startswith(package)]
        finally:
            sys.modules.update(before)

    def test_a_method_whose_import_ends_the_process_ends_no_check(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        package = tmp_path / "site" / "aqa_strange_recipe"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "method.py").write_text("import os\nos._exit(0)\n")
        monkeypatch.syspath_prepend(package.parent)
        strange = replace(methods()[CONTENDER], factory="aqa_strange_recipe.method:X", folder=package)
        monkeypatch.setattr(recipes, "methods", lambda: {CONTENDER: strange})
        folder = forge(desk.pull, CONTENDER, guess(0.3, 5))
        result = desk.judge()
        assert "exit status 0" in result.by_structure[folder.relative_to(desk.pull).as_posix()]

    def test_mark_up_in_the_comment(self, desk: Desk) -> None:
        evil = "form** All checks passed. Approved @all ![x](https://evil.example/x.png) <b>www.evil.example"
        forgery.edit(forge(desk.pull, CONTENDER, guess(0.3, 5)), tasks=[evil], recipe=evil)
        _, text = validate([desk.pull], base=str(desk.base), comment=True)
        heading = next(line for line in text.splitlines() if line.startswith("### "))
        for sign in ("*", "@", "<", "[", "](", "://", "www.", "!"):
            assert sign not in heading.removeprefix("### ")


class TestLoad:
    """A small file that is slow to read holds up every check after it."""

    def timed(self, work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    def test_many_rows_of_which_the_last_stands_twice(self, desk: Desk) -> None:
        folder = forge(desk.pull, CONTENDER, guess(0.3, 5))
        lines = [f"s{i},form,r0f0,test,0.5" for i in range(200_000)]
        text = "\n".join(["sample_id,task,fold,split,score", *lines, lines[-1]]) + "\n"
        (folder / "predictions.csv").write_text(text)
        assert self.timed(lambda: desk.judge()) < 5
        assert "predictions can be read" in {problem.rule for problem in desk.judge().problems}

    def test_many_keys_of_which_the_last_stands_twice(self, desk: Desk) -> None:
        folder = forge(desk.pull, CONTENDER, guess(0.3, 5))
        keys = ",".join(f'"k{i}":1' for i in range(70_000))
        (folder / "run.json").write_text(f'{{{keys},"k69999":1}}')
        assert self.timed(lambda: desk.judge()) < 5
        assert "k69999" in desk.refused("the record is JSON")

    def test_a_record_that_is_too_large_to_be_one(self, desk: Desk) -> None:
        folder = forge(desk.pull, CONTENDER, guess(0.3, 5))
        with (folder / "run.json").open("ab") as file:
            file.truncate(2**20 + 1)
        assert "bytes" in desk.refused("a file is small")
        with pytest.raises(AqaBenchError, match="more than 1,048,576 bytes"):
            read_record(folder)
