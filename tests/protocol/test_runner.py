from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core import files
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import read_record
from aqa_bench.core.seeds import fit_seed
from aqa_bench.protocol import run_splits
from aqa_bench.protocol.runner import _merge_facts, run

DATASET = "stick-figures/shoulder-press"


def everything(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_run_is_two_files_below_dataset_and_method(resolved, tmp_path: Path) -> None:
    wanted = resolved()
    outcome = run(wanted, tmp_path)
    folder = f"{DATASET}/noise/{wanted.run_id}"
    assert outcome.path == tmp_path / folder
    assert not outcome.cached
    assert everything(tmp_path) == [f"{folder}/predictions.csv", f"{folder}/run.json"]
    assert not any(p.name.startswith(".") for p in tmp_path.rglob("*"))


def test_the_record_says_what_ran(resolved, tmp_path: Path) -> None:
    wanted = resolved(seed=3)
    record = run(wanted, tmp_path).record
    assert (record.run_id, record.seed, record.method, record.recipe) == (wanted.run_id, 3, "noise", "quick")
    assert record.dataset_fingerprint == wanted.dataset.fingerprint()
    assert (record.scheme, record.honest, record.tasks) == ("one-class", True, ["form"])
    assert record.predictions_sha256 == sha256_file(tmp_path / wanted.folder / "predictions.csv")
    assert record.parameters == len(wanted.splits["form"][0].train)
    assert record.facts == {"note": ["a", 1]}
    assert record.coverage["form"].scored == record.coverage["form"].expected
    assert set(record.thresholds["form"].values()) == {0.5}
    assert {"fit", "predict", "total"} == record.timings.keys()
    assert record.metrics["form"]["accuracy"].value is not None


def test_predictions_are_the_val_and_test_samples_of_every_split(resolved, tmp_path: Path) -> None:
    wanted = resolved(scheme="folds")
    table = read_predictions(run(wanted, tmp_path).path / "predictions.csv")
    found = set(table[["fold", "split", "sample_id"]].itertuples(index=False, name=None))
    assert found == {
        (s.id, part, i)
        for s in wanted.splits["form"]
        for part, ids in (("val", s.val), ("test", s.test))
        for i in ids
    }
    assert len(table) == len(found)


def test_nothing_written_tells_a_label(resolved, tmp_path: Path) -> None:
    wanted = resolved()
    header = (run(wanted, tmp_path).path / "predictions.csv").read_text().splitlines()[0]
    assert header == "sample_id,task,fold,split,score"


def test_scores_belong_to_their_samples(resolved, tmp_path: Path) -> None:
    from aqa_test_methods.method import Scores

    wanted = resolved()
    table = read_predictions(run(wanted, tmp_path).path / "predictions.csv")
    rows = table[table["fold"] == "r4f0"]
    samples = wanted.dataset.samples("form")
    seed = fit_seed(DATASET, "noise", 0, "form", "r4f0")
    noise = {}
    from aqa_bench.protocol.custody import Custodian

    order = Custodian(wanted.dataset, "form").available(wanted.splits["form"][4].test)
    scores = Scores(seed, "", 0.0).predict([samples[i] for i in order])
    noise.update(zip(order, scores, strict=True))
    np.testing.assert_array_equal(rows["score"], [noise[i] for i in rows["sample_id"]])


def test_the_same_run_again_answers_from_disk(resolved, tmp_path: Path, fits) -> None:
    first = run(resolved(), tmp_path)
    count = len(fits())
    again = run(resolved(), tmp_path)
    assert again.cached
    assert again.record == first.record
    assert len(fits()) == count == 20


def test_force_runs_again_and_replaces(resolved, tmp_path: Path, fits) -> None:
    first = run(resolved(), tmp_path)
    again = run(resolved(), tmp_path, force=True)
    assert not again.cached
    assert len(fits()) == 40
    assert again.record.predictions_sha256 == first.record.predictions_sha256
    assert len(everything(tmp_path / DATASET)) == 2


def test_a_record_that_was_damaged_is_named_kept_aside_and_made_again(
    resolved, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = run(resolved(), tmp_path).path
    (folder / "run.json").write_text("{")
    assert not run(resolved(), tmp_path).cached
    assert read_record(folder).method == "noise"
    kept = folder.with_name(f".{folder.name}.damaged")
    assert (kept / "run.json").read_text() == "{"
    assert str(kept) in caplog.text
    assert run(resolved(), tmp_path).cached


def test_seeds_differ_and_repeat(resolved, tmp_path: Path) -> None:
    a, b, c = (run(resolved(seed=s), tmp_path / n).record for s, n in ((0, "a"), (1, "a"), (0, "c")))
    assert a.predictions_sha256 == c.predictions_sha256 != b.predictions_sha256


def test_a_deterministic_method_ignores_the_seed(resolved, tmp_path: Path) -> None:
    assert not run(resolved("steady", seed=0), tmp_path).cached
    outcome = run(resolved("steady", seed=7), tmp_path)
    assert outcome.cached
    assert outcome.record.seed == 0


def test_leaked_labels_reach_the_method_only_where_the_scheme_says_so(resolved, tmp_path: Path) -> None:
    record = run(resolved(scheme="one-class-leaky"), tmp_path).record
    assert not record.honest
    assert record.run_id != resolved().run_id


_QUICKLY = """
import signal, sys
# A shell starts background jobs with Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
from aqa_bench.stats.scoring import evaluate
evaluate.__kwdefaults__["n_resamples"] = 50
from aqa_bench.cli.main import main
sys.exit(main())
"""


def _start(out: Path, log: Path, plugins: Path, hang_at: int = 0, seed: int = 0) -> subprocess.Popen[str]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(plugins), os.environ.get("PYTHONPATH", "")]),
        "AQA_TEST_LOG": str(log),
        "AQA_TEST_HANG_AT": str(hang_at),
        "OMP_NUM_THREADS": "1",
    }
    arguments = ["run", "--method", "noise", "--dataset", DATASET]
    arguments += ["--scheme", "one-class", "--out", str(out), "--json", "--seed", str(seed)]
    command = [sys.executable, "-c", _QUICKLY, *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_killed_run_leaves_nothing_half_written_and_is_taken_over(
    resolved, tmp_path: Path, plugins: Path, fits, blow: signal.Signals
) -> None:
    out, log = tmp_path / "runs", tmp_path / "fits.log"
    process = _start(out, log, plugins, hang_at=8)
    try:
        deadline = time.monotonic() + 60
        while len(fits()) < 8 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(blow)
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert stdout == ""
    assert "Traceback" not in stderr
    if blow is signal.SIGINT:
        assert process.returncode == 130
    assert len(fits()) == 8
    wanted = resolved()
    assert not (out / wanted.folder).exists()

    outcome = run(wanted, out)
    assert len(fits()) == 8 + 20 - 7, "the seven finished splits are not fitted again"
    fresh = run(wanted, tmp_path / "fresh")
    assert outcome.record.predictions_sha256 == fresh.record.predictions_sha256
    assert outcome.record.metrics == fresh.record.metrics
    assert outcome.record.facts == fresh.record.facts
    assert [name for name in everything(out) if ".partial" in name] == []


def test_two_processes_may_make_the_same_run(resolved, tmp_path: Path, plugins: Path) -> None:
    processes = [_start(tmp_path / "runs", tmp_path / "fits.log", plugins) for _ in range(2)]
    done = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], done
    assert len(everything(tmp_path / "runs")) == 2
    assert len({json.loads(stdout)["run_id"] for stdout, _ in done}) == 1


def test_a_split_kept_by_an_earlier_start_that_is_damaged_is_fitted_again(
    resolved, tmp_path: Path, fits
) -> None:
    wanted = resolved()
    partial = tmp_path / f".{wanted.run_id}.partial"
    partial.mkdir()
    (partial / "form.r0f0.json").write_text("[[")
    run(wanted, tmp_path)
    assert len(fits()) == 20
    assert not partial.exists()


def test_an_output_folder_that_is_a_file_is_found_out_before_the_first_fit(
    resolved, tmp_path: Path, fits
) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(AqaBenchError, match="could not be written"):
        run(resolved(), tmp_path / "out")
    assert fits() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_is_one_readable_error(
    resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(AqaBenchError) as caught:
        run(resolved(), tmp_path / "out")
    assert os.strerror(number) in str(caught.value)
    assert fits() == []
    assert everything(tmp_path / "out") == []


def test_a_disk_that_fills_up_keeps_what_is_finished(
    resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits
) -> None:
    # A file and its folder: of the probe, then of five splits.
    fsync, left = os.fsync, [2 * 6]

    def fill_up(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(files.os, "fsync", fill_up)
    with pytest.raises(AqaBenchError, match="No space left"):
        run(resolved(), tmp_path / "out")
    monkeypatch.setattr(files.os, "fsync", fsync)
    before = len(fits())
    outcome = run(resolved(), tmp_path / "out")
    assert len(fits()) - before == 20 - 5
    assert len(everything(tmp_path / "out")) == 2
    assert outcome.record.predictions_sha256 == run(resolved(), tmp_path / "x").record.predictions_sha256


def test_facts_that_differ_by_split_are_averaged_or_listed() -> None:
    facts = [
        {"parameters": 3, "rate": 0.5, "name": "a", "same": [1], "flag": True},
        {"parameters": 4, "rate": 1.0, "name": "b", "same": [1], "flag": False},
    ]
    assert _merge_facts(facts) == {
        "parameters": 4,
        "rate": 0.75,
        "name": ["a", "b"],
        "same": [1],
        "flag": [True, False],
    }
    assert isinstance(_merge_facts(facts)["parameters"], int)
    assert _merge_facts([{}, {"late": 1}]) == {"late": 1}


def test_a_count_that_differs_by_split_is_recorded_whole(resolved, tmp_path: Path) -> None:
    wanted = resolved("noise", "trick=counts")
    counts = [int(split.id[1:].replace("f", "")) for split in wanted.splits["form"]]
    assert run(wanted, tmp_path).record.parameters == round(np.mean(counts))


def test_the_time_left_is_that_of_all_fits_and_said_where_it_is_long() -> None:
    assert run_splits._left([], 25) == run_splits._left([1.0, 1.0], 20) == ""
    assert run_splits._left([30.0], 10) == " (about 5 min for all left)"
    # The first one filled caches.
    assert run_splits._left([600.0, 20.0, 22.0, 24.0], 3) == " (about 2 min for all left)"
