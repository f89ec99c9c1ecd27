from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, MethodError, UsageError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.sealed import Damaged, blank_stamp, stamped
from aqa_bench.protocol import runner
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.protocol.runner import Outcome, run
from aqa_bench.protocol.saved import model as saved_model
from aqa_bench.protocol.saved import saving
from aqa_bench.protocol.saved.dataset import judge_dataset
from aqa_bench.protocol.saved.document import MODEL_FILE
from aqa_bench.protocol.saved.folder import CARD_FILE, is_model_of, state_file
from aqa_bench.protocol.saved.model import SavedModel, load_model
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)


def short(method: str, *overrides: str, splits: int = 2) -> ResolvedRun:
    """The first splits of a run."""
    found = resolve(Request(DATASET, method, scheme="folds", overrides=overrides))
    return dataclasses.replace(found, splits={t: parts[:splits] for t, parts in found.splits.items()})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, SavedModel]:
    folder = tmp_path_factory.mktemp("made")
    outcome = run(short("rocket", "kernels=84", "length=32"), folder / "runs", model=folder / "model")
    return outcome, load_model(folder / "model")


@pytest.fixture
def model(made: tuple[Outcome, SavedModel], tmp_path: Path) -> Path:
    """A copy of its folder."""
    return shutil.copytree(made[1].folder, tmp_path / "model")


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many splits were fitted."""
    calls = []
    honest = Hand.fit
    monkeypatch.setattr(Hand, "fit", lambda *a, **k: calls.append(1) or honest(*a, **k))
    return lambda: len(calls)


def test_the_folder_holds_arrays_and_text_and_a_card(made: tuple[Outcome, SavedModel]) -> None:
    outcome, model = made
    files = {file.relative_to(model.folder).as_posix() for file in model.folder.rglob("*") if file.is_file()}
    states = {f"form/{split}.safetensors" for split in ("r0f0", "r0f1")}
    assert files == {MODEL_FILE, CARD_FILE, *states}
    assert model.document.run == outcome.record
    card = (model.folder / CARD_FILE).read_text()
    measured = outcome.record.metrics["form"]["accuracy"]
    assert f"{measured.value:.3f} | {measured.low:.3f} to {measured.high:.3f}" in card
    assert "results on it say nothing about people" in card
    known = model.document.input
    most = max(len(split.train) for split in short("prior").splits["form"])
    assert (known.read, known.layouts, known.samples) == (["keypoints"], ["openpose-18"], most)


def test_thresholds_and_val_scores_are_the_runs(made: tuple[Outcome, SavedModel]) -> None:
    outcome, model = made
    table = read_predictions(outcome.path / "predictions.csv")
    for fold in model.document.tasks[0].folds:
        assert fold.threshold == outcome.record.thresholds["form"][fold.split]
        rows = table[(table["fold"] == fold.split) & (table["split"] == "val")]
        assert fold.val_scores == sorted(rows["score"])


@pytest.mark.parametrize("part", ["val", "test"])
def test_it_predicts_its_runs_samples_to_the_last_digit(made: tuple[Outcome, SavedModel], part) -> None:
    outcome, model = made
    table = read_predictions(outcome.path / "predictions.csv")
    rows = table[table["split"] == part]
    wanted = {(r.sample_id, r.fold): r.score for r in rows.itertuples()}
    judged = judge_dataset(model, DATASET, part)
    assert {(j.sample, j.fold): j.score for j in judged} == wanted
    assert len(judged) == len(wanted) > 20
    for j in judged:
        assert j.error == (j.score >= j.threshold)


def test_small_fits_share_a_worker(made: tuple[Outcome, SavedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    _, model = made
    saved, samples = model.document.tasks[0], list(open_dataset(DATASET).samples("form").values())[:3]
    stages, do = [], Hand._do
    monkeypatch.setattr(Hand, "_do", lambda self, *told: stages.append(told[0]) or do(self, *told))
    together = model.scores(saved, saved.folds, samples, device="cpu")
    assert (together.shape, stages) == ((2, 3), ["judge"])
    monkeypatch.setattr(saved_model, "_TOGETHER", 1)
    np.testing.assert_array_equal(model.scores(saved, saved.folds, samples, device="cpu"), together)
    assert stages == ["judge"] * 3


def test_files_are_judged_by_all_fits(made: tuple[Outcome, SavedModel], tmp_path: Path) -> None:
    _, model = made
    samples = list(open_dataset(DATASET).samples("form").values())[:3]
    files = []
    for number, sample in enumerate(samples):
        clip = sample.media.keypoints("openpose-18")
        files.append(tmp_path / f"{number}.npz")
        np.savez(files[-1], keypoints=np.concatenate([clip, clip]) if number else clip, layout="openpose-18")
    found = model.predict(files)
    saved = model.document.tasks[0]
    alone = np.concatenate([model.scores(saved, [fold], samples, device="cpu") for fold in saved.folds])
    assert found["score"][0] == alone[:, 0].mean()
    threshold = np.mean([fold.threshold for fold in saved.folds])
    shares = [np.mean(np.array(f.val_scores) <= alone[i, 0]) for i, f in enumerate(saved.folds)]
    assert (found["threshold"][0], found["val_share"][0]) == (threshold, np.mean(shares))
    assert found["file"].tolist() == [str(file) for file in files]
    assert found["warnings"][0] == ""
    low, high = model.document.input.length
    assert f"frames; trained on {low} to {high}" in found["warnings"][1]


def test_files_of_another_kind_are_refused(made: tuple[Outcome, SavedModel], tmp_path: Path) -> None:
    _, model = made
    still = tmp_path / "still.npz"
    np.savez(still, keypoints=np.ones((1, 18, 3)) * 50 - [0, 0, 49.5], layout="openpose-18")
    picture = tmp_path / "a.png"
    picture.write_bytes(b"no picture")
    with pytest.raises(UsageError, match="cannot judge files of this kind"):
        model.predict([still])
    with pytest.raises(UsageError, match="needs data that the file does not have"):
        model.predict([picture])
    with pytest.raises(DataError, match="file does not exist"):
        model.predict([tmp_path / "nothing.mp4"])
    with pytest.raises(UsageError, match="no such task"):
        model.predict([still], task="other")


def test_a_run_on_disk_is_fitted_again_and_stays_as_it_is(
    tmp_path: Path, fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A run of fewer splits than its scheme has is not believed otherwise.
    monkeypatch.setattr(runner, "answer_from_disk", lambda at, *_: read_record(at) if at.exists() else None)
    resolved = short("duration", splits=1)
    outcome = run(resolved, tmp_path / "runs")
    before = (outcome.path / "run.json").read_bytes()
    assert not run(resolved, tmp_path / "runs", model=tmp_path / "model").cached
    assert fitted() == 2
    assert (outcome.path / "run.json").read_bytes() == before
    again = run(resolved, tmp_path / "runs", model=tmp_path / "model")
    assert again.cached
    assert fitted() == 2
    assert is_model_of(tmp_path / "model", again.record.run_id, again.record.predictions_sha256)


def test_fits_of_an_interrupted_run_are_taken_over(
    tmp_path: Path, fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    resolved = short("duration")
    with monkeypatch.context() as patch:
        patch.setattr(saving.ModelSaving, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(resolved, tmp_path / "runs", model=tmp_path / "model")
    assert fitted() == 2
    assert not (tmp_path / "model").exists()
    (partial,) = (tmp_path / "runs").glob(".*.partial")
    damaged = partial / "form.r0f1.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    run(resolved, tmp_path / "runs", model=tmp_path / "model")
    assert fitted() == 3
    assert len(load_model(tmp_path / "model").document.tasks[0].folds) == 2


def test_a_method_that_cannot_be_saved_is_refused_before_a_fit(plugins: Path, tmp_path: Path, fits) -> None:
    with pytest.raises(UsageError, match="'noise' cannot be saved"):
        run(short("noise"), tmp_path / "runs", model=tmp_path / "model")
    assert fits() == []
    assert not (tmp_path / "model").exists()


def test_a_method_that_is_another_after_reading_back_is_refused(
    tmp_path: Path, fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Hand.judge

    def altered(*args: object):
        judged = honest(*args)
        return dataclasses.replace(judged, scores=np.nextafter(judged.scores, 1))

    resolved = short("duration")
    with monkeypatch.context() as patch:
        patch.setattr(Hand, "judge", altered)
        with pytest.raises(MethodError, match="gives different scores after saving"):
            run(resolved, tmp_path / "runs", model=tmp_path / "model")
    assert not (tmp_path / "model").exists()
    # The finished split is not lost.
    run(resolved, tmp_path / "runs")
    assert fitted() == 2


def test_a_folder_that_is_taken_is_refused(tmp_path: Path, model: Path, fitted) -> None:
    resolved = short("duration", splits=1)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").touch()
    for folder, found in ((taken, "something else"), (model, "another saved model")):
        with pytest.raises(UsageError, match=found):
            run(resolved, tmp_path / "runs", model=folder)
    with pytest.raises(UsageError, match="something else"):
        run(resolved, tmp_path / "runs", model=taken, force=True)
    assert fitted() == 0
    run(resolved, tmp_path / "runs", model=model, force=True)
    assert load_model(model).plugin.card.id == "duration"


class TestHostileFolders:
    def resealed(self, folder: Path, change: Callable[[dict], object]) -> None:
        file = folder / MODEL_FILE
        document = json.loads(file.read_text())
        change(document)
        document["seal"] = blank_stamp("model", 1)
        file.write_bytes(stamped(json.dumps(document).encode(), "model", 1))

    def judged(self, folder: Path) -> object:
        sample = next(iter(open_dataset(DATASET).samples("form").values()))
        model = load_model(folder)
        saved = model.document.tasks[0]
        return model.scores(saved, saved.folds, [sample], device="cpu")

    def test_what_was_edited_or_swapped_is_refused(self, model: Path) -> None:
        first, second = (state_file(model, "form", split) for split in ("r0f0", "r0f1"))
        one, two = first.read_bytes(), second.read_bytes()
        for content in (two, one[:-1], b"", b"\x80\x04K\x01."):
            first.write_bytes(content)
            with pytest.raises(Damaged):
                self.judged(model)
        first.write_bytes(one)
        assert len(self.judged(model))
        second.unlink()
        with pytest.raises(Damaged):
            self.judged(model)

    def test_a_document_that_was_edited_is_refused(self, model: Path) -> None:
        file = model / MODEL_FILE
        file.write_text(file.read_text().replace('"tested": ', '"tested": 1'))
        with pytest.raises(Damaged):
            load_model(model)
        file.write_text("[" * 100_000)
        with pytest.raises(Damaged):
            load_model(model)
        file.unlink()
        with pytest.raises(DataError, match="no saved model"):
            load_model(model)

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d["tasks"][0]["task"].update(id="../../etc"),
            lambda d: d["tasks"][0]["folds"][0].update(split="../r0f1"),
            lambda d: d["tasks"][0].update(folds=[]),
            lambda d: d["run"].update(seed="x"),
            lambda d: d["run"].update(method="nobody"),
            lambda d: d["run"].update(method_version=99),
            lambda d: d.update(shared="0" * 64),
            lambda d: d.update(more=1),
            lambda d: d["run"]["hyperparameters"].update(length=33, kernels="many"),
            lambda d: d["run"].update(method="constant"),
            lambda d: d["tasks"][0]["folds"][0].update(sha256="0" * 64),
        ],
    )
    def test_what_somebody_sealed_again_gives_a_clear_error(self, model: Path, change) -> None:
        self.resealed(model, change)
        with pytest.raises(AqaBenchError) as caught:
            self.judged(model)
        assert "bug" not in str(caught.value)
