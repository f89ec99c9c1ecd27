from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.registry import find_method
from aqa_bench.protocol.executors import slurm, slurm_queue, staging
from aqa_bench.protocol.executors.job_file import read_job_file
from aqa_bench.protocol.executors.slurm_options import SlurmOptions, read_slurm_options
from aqa_bench.protocol.executors.slurm_queue import Queued, SlurmQueue
from aqa_bench.protocol.executors.work import Workshop
from aqa_bench.protocol.plan import Request


class Recorder:
    """Stands in for submitit's executor: notes what it is told."""

    def __init__(self) -> None:
        self.told: list[dict] = []
        self.tasks: list[list] = []

    def update_parameters(self, **told) -> None:
        self.told.append(told)

    def submit_array(self, tasks) -> list[SimpleNamespace]:
        self.tasks.append(list(tasks))
        number = len(self.tasks)
        return [SimpleNamespace(job_id=f"{number}_{i}") for i in range(len(tasks))]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(slurm, "_executor", lambda folder, options: made)
    monkeypatch.setattr(slurm, "largest_array", lambda: 2)
    monkeypatch.setattr(SlurmQueue, "queued", lambda self: {})
    return made


def test_heads_come_after_their_own_pre_training(job, recorder: Recorder, tmp_path: Path) -> None:
    jobs = [job("p1", gpu=True), job("p2", gpu=True), job("3", after=("p2",), seconds=60.0, gpu=True)]
    jobs += [job(str(i), seconds=30.0) for i in range(4, 9)]
    where = {"partition": "cpu", "gpu_partition": "gpu"}
    options = SlurmOptions(account="me", gpu_type="a100", scratch="$TMPDIR", **where)
    found = slurm.submit(jobs, "mine", Workshop(tmp_path), options=options, pack_s=60.0)
    assert (found.arrays, found.packs, found.there) == (4, 6, 0)
    first, head, *plain = recorder.told
    assert first["additional_parameters"] == {"requeue": True, "gres": "gpu:a100:1"}
    assert head["additional_parameters"] == {
        "requeue": True,
        "gres": "gpu:a100:1",
        "dependency": "afterok:1_1",
        "kill-on-invalid-dep": "yes",
    }
    assert (first["partition"], first["account"], first["time"]) == ("gpu", "me", 240)
    assert (head["time"], {told["partition"] for told in plain}) == (10, {"cpu"})
    assert [len(tasks) for tasks in recorder.tasks] == [2, 1, 2, 1]
    assert SlurmQueue(tmp_path / ".suite/mine").tasks() == found.tasks
    task = recorder.tasks[2][0]
    assert task.scratch == "$TMPDIR"
    assert task.shop.out.is_absolute()
    assert [one.id for one in read_job_file(task.plan).jobs] == [one.id for one in jobs]


def test_what_is_in_the_queue_is_not_handed_over_twice(
    job, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [job("p1"), job("2", after=("p1",))]
    monkeypatch.setattr(SlurmQueue, "queued", lambda self: {jobs[0].id: Queued("9_7", "RUNNING", "n1")})
    found = slurm.submit(jobs, "mine", Workshop(tmp_path), options=SlurmOptions(gpus=False))
    assert (found.there, {*found.tasks}) == (1, {jobs[1].id})
    assert recorder.told[0]["additional_parameters"]["dependency"] == "afterok:9_7"


def test_the_queue_is_read_task_by_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = SlurmQueue(tmp_path)
    queue.add({"a": "1_0", "b": "1_1"})
    queue.add({"c": "2"})
    monkeypatch.setattr(slurm_queue.shutil, "which", lambda name: name)
    answer = "1_1|PENDING||Resources\n2|RUNNING|n1|None\n"
    monkeypatch.setattr(slurm_queue, "command", lambda *words, unknown=None: answer)
    assert queue.queued() == {"b": Queued("1_1", "PENDING", "Resources"), "c": Queued("2", "RUNNING", "n1")}
    (tmp_path / "slurm.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be read"):
        queue.tasks()


def test_a_command_that_fails_says_what_slurm_said(tmp_path: Path) -> None:
    with pytest.raises(AqaBenchError, match="did not do what it was asked for"):
        slurm_queue.command("false")
    with pytest.raises(AqaBenchError, match="did not do"):
        slurm_queue.command(str(tmp_path / "none"))


def test_options_are_checked(tmp_path: Path) -> None:
    assert read_slurm_options(None) == SlurmOptions()
    file = tmp_path / "cluster.toml"
    file.write_text('partition = "gpu"\nminutes = 0\n')
    with pytest.raises(UsageError, match="does not follow its schema"):
        read_slurm_options(file)
    file.write_text("partition = ")
    with pytest.raises(UsageError, match="cannot be read"):
        read_slurm_options(file)


def test_weights_and_data_that_nodes_would_miss_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    staging.check_staged([Request("stick-figures/shoulder-press", "prior")])
    with pytest.raises(UsageError, match="Nodes will not find") as missing:
        staging.check_staged([Request("pose-trainer/bicep-curl", "constant")])
    assert "has not been prepared" in str(missing.value)


def test_published_weights_that_are_not_on_this_disk_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchvision")
    request = Request("synthetic-gym/diving@tiny", "kinetics", "paper", tasks=("score",))
    assert find_method("kinetics").card.modality == "video"
    monkeypatch.setattr(staging.RunFolders, "__call__", lambda self, request: "somewhere")
    monkeypatch.setenv("TORCH_HOME", "/nowhere")
    with pytest.raises(UsageError, match="published weights are not on this machine"):
        staging.check_staged([request])


def test_a_task_is_queued_again_as_it_was(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    from aqa_bench.protocol.executors.slurm_task import SlurmTask

    task = SlurmTask(tmp_path / "plan.json", ("a",), Workshop(tmp_path))
    assert task.checkpoint().function == task
