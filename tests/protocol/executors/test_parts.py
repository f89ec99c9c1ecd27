from __future__ import annotations

import json
from pathlib import Path

import pytest

from aqa_bench.core.record import read_record
from aqa_bench.protocol.executors.agenda import wanted_for
from aqa_bench.protocol.executors.job_file import JobKind, Place, read_job_file, write_job_file
from aqa_bench.protocol.executors.parts import divided, fits_of, part_id
from aqa_bench.protocol.executors.planning import Cost, plan_of
from aqa_bench.protocol.executors.work import Workshop
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.suite_log import job_id

DATASET = "stick-figures/shoulder-press"
NOISE = Request(DATASET, "noise", scheme="one-class")


def planned(request: Request, split_s: float = 100.0, **told):
    return plan_of([request], costs={request: Cost(190.0, again=10.0, **told)}, split_s=split_s)


def test_every_fit_is_in_one_share_and_the_fewest_that_are_short_enough_are_taken() -> None:
    fits = [Place(task="t", split=str(i)) for i in range(7)]
    for part_s, sizes in ((35.0, [3, 4]), (20.0, [1, 2, 2, 2]), (1.0, [1] * 7), (70.0, []), (0.0, [])):
        shares = divided(fits, 70.0, part_s)
        assert [len(share) for share in shares] == sizes
        assert [fit for share in shares for fit in share] == fits * bool(sizes)


def test_fits_are_tasks_and_splits_and_tasks_alone_where_data_are_not_here(plugins: Path) -> None:
    assert len(fits_of(NOISE, RunFolders())) == 20
    away = Request("fitness-aqa/backsquat", "prior", tasks=("kie", "kfe"))
    assert fits_of(away, RunFolders()) == (Place(task="kie"), Place(task="kfe"))
    assert part_id(away, fits_of(away, RunFolders())).startswith(f"{job_id(away)}.")


def test_a_plan_divides_long_runs_and_charges_what_each_part_pays_again(
    plugins: Path, tmp_path: Path
) -> None:
    first, second, run = planned(NOISE)
    assert [len(first.fits), len(second.fits)] == [10, 10]
    assert (first.seconds, second.seconds, run.seconds) == (100.0, 100.0, 10.0)
    assert run.after == (first.id, second.id)
    assert {first.run_id, second.run_id} == {run.id}
    assert list(read_job_file(write_job_file(tmp_path / "j.json", "mine", [first, second, run])).jobs) == [
        first,
        second,
        run,
    ]
    for short in (planned(NOISE, 180.0), planned(NOISE, 0.0), plan_of([NOISE], split_s=1.0)):
        assert [job.kind for job in short] == [JobKind.RUN]


def test_parts_come_after_the_pre_training(plugins: Path) -> None:
    request = Request(DATASET, "learner", scheme="one-class", pretrain_on="synthetic-gym/backsquat@tiny")
    pretraining, first, second, run = planned(request, 50.0, pretraining=90.0)
    assert first.after == second.after == (pretraining.id,)
    assert run.after == (pretraining.id, first.id, second.id)
    assert sum(job.seconds for job in (pretraining, first, second)) == 90.0 + 90.0 + 2 * 10.0


def test_a_run_in_parts_is_the_run(plugins: Path, resolved, finished, fits, tmp_path: Path) -> None:
    whole = finished(resolved(), tmp_path / "whole").path
    before, shop = len(fits()), Workshop(tmp_path / "parts")
    *parts, run = planned(NOISE, 90.0)
    assert [shop.do(part).error for part in parts] == [None, None]
    assert len({*fits()[before:]}) == len(fits()) - before == 20
    folder = shop.do(run).path
    assert len(fits()) - before == 20
    assert (folder / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
    told = [json.loads((path / "run.json").read_text()) for path in (folder, whole)]
    differ = {name for name in told[0] if told[0][name] != told[1][name]}
    assert differ <= {"timings", "created", "seal"}
    # What other processes took is counted.
    timings = read_record(folder).timings
    assert timings["total"] >= timings["fit"] + timings["predict"]
    assert not [*tmp_path.rglob("*.partial")]
    # One that is done again, by somebody who has not seen the run, does nothing.
    assert shop.do(parts[0]).error is None
    assert len(fits()) - before == 20


def test_a_run_that_is_forced_is_not_divided(plugins: Path) -> None:
    jobs = planned(NOISE)
    assert wanted_for(jobs, [NOISE], parts=False) == jobs[-1:]
    assert wanted_for(jobs, [NOISE]) == jobs


def test_parts_of_a_task_whose_splits_were_not_known_make_all_of_them(
    plugins: Path, fits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, run = planned(NOISE)
    made = []

    def fit(self: object, places) -> None:
        made.extend((task.id, split.id) for task, split in places)

    monkeypatch.setattr("aqa_bench.protocol.run_splits.SplitFits.fit", fit)
    whole = run.model_copy(
        update={"kind": JobKind.PART, "fits": (Place(task="form"),), "id": run.id + ".000000"}
    )
    assert Workshop(tmp_path).do(whole).error is None
    assert made == [(fit.task, fit.split) for fit in fits_of(NOISE, RunFolders())]
    gone = whole.model_copy(update={"fits": (Place(task="form", split="gone"),)})
    assert "other splits than they had" in str(Workshop(tmp_path).do(gone).error)
