from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.paths import cache_home
from aqa_bench.core.record import RunRecord, read_record
from aqa_bench.protocol import rerun as module
from aqa_bench.protocol.ensemble import combine
from aqa_bench.protocol.plan import resolve
from aqa_bench.protocol.rerun import Given, check_same_run, request_of, rerun
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def record(resolved, finished, tmp_path: Path) -> RunRecord:
    return finished(resolved("noise", "shift=0.25", seed=3, shuffle_labels=True), tmp_path / "runs").record


def changed(record: RunRecord, **values: Any) -> RunRecord:
    return record.model_copy(update=values)


def test_the_request_is_what_the_record_says(record: RunRecord) -> None:
    request = request_of(record, Given())
    assert (request.dataset, request.method, request.recipe) == (DATASET, "noise", "quick")
    assert (request.seed, request.scheme, request.tasks) == (3, "one-class", ("form",))
    assert (request.overrides, request.shuffle_labels) == (("shift=0.25",), True)
    resolved = resolve(request)
    check_same_run(record, resolved)
    assert resolved.run_id == record.run_id


def test_a_text_that_looks_like_a_number_stays_a_text(resolved, finished, tmp_path: Path) -> None:
    made = finished(resolved("noise", 'trick="1"'), tmp_path / "runs").record
    again = resolve(request_of(made, Given()))
    assert again.run_id == made.run_id


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method_version": 2}, "method's version"),
        ({"dataset_fingerprint": "0" * 64}, "dataset's fingerprint"),
        ({"splits_fingerprint": {"form": "0" * 64}}, "splits of form"),
        ({"pool_fingerprint": "0" * 64}, "pool's fingerprint"),
        ({"run_id": "0" * 16}, "run-id"),
    ],
)
def test_what_is_not_the_same_here_is_named(record: RunRecord, values: dict[str, Any], words: str) -> None:
    resolved = resolve(request_of(record, Given()))
    with pytest.raises(DataError, match=f"the {words} differs"):
        check_same_run(changed(record, **values), resolved)


def test_a_method_a_recipe_and_a_protocol_that_are_not_here_are_named(record: RunRecord) -> None:
    for values, words in (
        ({"method": "noisy"}, "Did you mean 'noise'"),
        ({"recipe": "paper"}, "paper"),
        ({"benchmark_version": "v0"}, r"another version of the protocol[\s\S]*v0"),
    ):
        with pytest.raises(UsageError, match=words):
            request_of(changed(record, **values), Given())


def test_a_recipe_that_changed_is_named_with_its_keys(record: RunRecord) -> None:
    values = record.hyperparameters
    for other in ({**values, "gone": 1}, {k: v for k, v in values.items() if k != "shift"}):
        name = "gone" if "gone" in other else "shift"
        with pytest.raises(DataError, match=rf"The recipe has changed since[\s\S]*different ones: {name}"):
            request_of(changed(record, hyperparameters=other), Given())


def test_the_child_gets_a_fresh_cache_that_goes_and_the_records_arithmetic(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs" / DATASET / "noise" / record.run_id
    weights = cache_home() / "weights" / "published-0a1b2c3d.pth"
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(b"weights")
    (weights.parent / "stgcn-ocsvm").mkdir(exist_ok=True)
    (weights.parent / "stgcn-ocsvm" / "learned.safetensors").touch()
    seen: list[tuple[list[str], Path]] = []

    def child(command: list[str], env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        place = Path(env["AQA_BENCH_CACHE"])
        assert [file.name for file in (place / "weights").iterdir()] == [weights.name]
        assert (place / "weights" / weights.name).read_bytes() == b"weights"
        seen.append((command, place))
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", child)
    with pytest.raises(AqaBenchError, match="rerun failed"):
        rerun(folder, Given(device="cpu", sandbox=True), tmp_path / "again")
    ((command, place),) = seen
    assert {"--seed=3", "--set=shift=0.25", "--shuffle-labels", "--device=cpu", "--sandbox"} <= set(command)
    assert place != cache_home()
    assert not place.exists()
    assert module._precision(changed(record, dtype="bfloat16")) == {"AQA_BENCH_PRECISION": "bfloat16"}
    assert module._precision(changed(record, dtype="float64")) == {}
    monkeypatch.setenv("AQA_BENCH_PRECISION", "float32")
    assert module._precision(changed(record, dtype="bfloat16")) == {}


def test_members_of_an_ensemble_are_made_again_and_must_be_there(
    resolved, finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [finished(resolved(scheme="folds", seed=s), tmp_path / "runs").path for s in (0, 1)]
    mean = combine(members, tmp_path / "runs").path
    made: list[str] = []
    real = subprocess.run

    def child(command: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        if "aqa_bench" not in command:
            return real(command, **options)
        seed = int(next(word for word in command if word.startswith("--seed=")).partition("=")[2])
        made.append(run(resolved(scheme="folds", seed=seed), tmp_path / "again").record.run_id)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", child)
    again = rerun(mean, Given(), tmp_path / "again")
    assert sorted(made) == sorted(member.name for member in members)
    assert read_record(again).predictions_sha256 == read_record(mean).predictions_sha256
    members[0].rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="A member of the ensemble is missing"):
        rerun(mean, Given(), tmp_path / "third")


def test_the_environment_of_this_process_stays_what_it_was(record: RunRecord) -> None:
    before = dict(os.environ)
    with module._cache(True) as environment:
        assert Path(environment["AQA_BENCH_CACHE"]).is_dir()
    with module._cache(False) as environment:
        assert environment == {}
    assert dict(os.environ) == before
