"""Running a record again from its own words, in a fresh process and with a fresh cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.lifeline import end_with_starter
from aqa_bench.core.paths import cache_home
from aqa_bench.core.recipe import ADDED_LATER
from aqa_bench.core.record import RunRecord, read_record
from aqa_bench.core.registry import find_method
from aqa_bench.core.split import splits_fingerprint
from aqa_bench.protocol.ensemble import combine
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.protocol.worker.recipes import read_recipe

__all__ = ["Given", "check_same_run", "request_of", "rerun"]

_PRECISIONS = frozenset({"float32", "bfloat16"})
_FRESH = "reproduce"


@dataclass(frozen=True)
class Given:
    """How to run again; what a record cannot hold.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        keypoints: Folder of the poses that the run was made with, where they came from files.
        features: Folder of its features, where they came from files.
        sandbox: Whether the run's workers are shut in.
        fresh_cache: Whether it begins with an empty cache; published weights, whose digest is checked
            whenever they are read, are linked into it.
    """

    device: str = "auto"
    keypoints: Path | None = None
    features: Path | None = None
    sandbox: bool = False
    fresh_cache: bool = True


def request_of(record: RunRecord, given: Given) -> Request:
    """The request that a record answers.

    Raises:
        UsageError: Its method or recipe is not here, or it is of another version of the protocol.
        DataError: The recipe changed since, so that the recorded values cannot be given to it.
    """
    if record.benchmark_version != BENCHMARK_VERSION:
        raise UsageError(
            "The run uses another version of the protocol.",
            where=f"{record.dataset}/{record.method}/{record.run_id}",
            expected=BENCHMARK_VERSION,
            found=record.benchmark_version,
            remedy="Install a release with that protocol, or migrate the run (aqa-bench leaderboard "
            "migrate).",
        )
    overrides = list(_overrides(record))
    if given.features is not None:
        overrides.append(f"path={json.dumps(str(given.features))}")
    return Request(
        dataset=record.dataset,
        method=record.method,
        recipe=record.recipe,
        seed=record.seed,
        scheme=record.scheme,
        tasks=tuple(record.tasks),
        overrides=tuple(overrides),
        pretrain_on=record.pool_dataset,
        shuffle_labels=record.shuffled_labels,
        keypoints=None if given.keypoints is None else str(given.keypoints),
        people=None if record.keypoints is None or given.keypoints is None else record.keypoints.people,
    )


def check_same_run(record: RunRecord, resolved: ResolvedRun) -> None:
    """Check that what is available is what the record was made with.

    Raises:
        DataError: The run would be another one; the first thing that differs is named.
    """
    pool = resolved.foreign
    keypoints = None if resolved.keypoints is None else resolved.keypoints.record()
    now: dict[str, object] = {
        "method's version": resolved.plugin.card.version,
        "dataset's fingerprint": resolved.fingerprint,
        **{f"splits of {name}": splits_fingerprint(parts) for name, parts in resolved.splits.items()},
        "pool's fingerprint": None if pool is None else pool.fingerprint(),
        "keypoints": None if keypoints is None else keypoints.identity(),
        "recipe": resolved.recipe.model_dump(mode="json"),
        "run-id": resolved.run_id,
    }
    then: dict[str, object] = {
        "method's version": record.method_version,
        "dataset's fingerprint": record.dataset_fingerprint,
        **{f"splits of {name}": digest for name, digest in record.splits_fingerprint.items()},
        "pool's fingerprint": record.pool_fingerprint,
        "keypoints": None if record.keypoints is None else record.keypoints.identity(),
        "recipe": record.hyperparameters,
        "run-id": record.run_id,
    }
    for name in now | then:
        if now.get(name) != then.get(name):
            raise DataError(
                f"The run cannot be repeated here: the {name} differs.",
                where=f"{record.dataset}/{record.method}/{record.run_id}",
                expected=then.get(name),
                found=now.get(name),
                remedy="Prepare the same release, and pass the run's own files (--keypoints, --features).",
            )


def rerun(folder: Path, given: Given, out: Path) -> Path:
    """Run a record again below ``out``; the members of an ensemble first, then their mean.

    Args:
        folder: The claimed run.
        given: How.
        out: An empty folder.

    Returns:
        The folder of the rerun.

    Raises:
        AqaBenchError: As :func:`request_of` and :func:`check_same_run`, a member is not there, or the
            run failed.
    """
    record = read_record(folder)
    if record.members:
        return combine([rerun(_member(folder, name), given, out) for name in record.members], out).path
    request = request_of(record, given)
    resolved = resolve(request)
    check_same_run(record, resolved)
    place = resolved.folder
    del resolved  # What it opened is not needed while another process works.
    with _cache(given.fresh_cache) as environment:
        done = subprocess.run(
            _command(request, given, out),
            env={**os.environ, **_precision(record), **environment},
            stdout=subprocess.DEVNULL,
            check=False,
            # Else the rerun of a command that was killed would finish for nobody.
            preexec_fn=None if sys.platform == "win32" else end_with_starter,
        )
    if done.returncode != 0 or not (out / place).is_dir():
        raise AqaBenchError(
            "The rerun failed.",
            where=folder,
            found=f"aqa-bench run ended with exit status {done.returncode}; see its messages above",
        )
    return out / place


def _overrides(record: RunRecord) -> Iterator[str]:
    plugin = find_method(record.method)
    told = read_recipe(plugin, record.recipe)
    named, recorded = told.recipe.model_dump(mode="json"), record.hyperparameters
    values = {name: value for name, value in recorded.items() if named.get(name, ADDED_LATER) != value}
    # Left out of a record means the default, whatever the recipe of that name sets by now.
    values |= {name: default for name, default in told.left_out.items() if name not in recorded}
    unknown = sorted((recorded.keys() - told.fields) | (named.keys() - recorded.keys() - values.keys()))
    if unknown:
        raise DataError(
            "The recipe has changed since the run.",
            where=f"{record.method}, recipe {record.recipe}",
            expected=f"the {len(recorded)} hyper-parameters of the record",
            found=f"different ones: {', '.join(unknown)}",
            remedy="Repeat the run with the code of the record's source revision.",
        )
    for name, value in values.items():
        yield f"{name}={json.dumps(value)}"


def _member(folder: Path, run_id: str) -> Path:
    found = sorted(folder.parent.parent.glob(f"*/{run_id}"))
    if not found:
        raise DataError(
            "A member of the ensemble is missing.",
            where=folder,
            expected=f"{folder.parent.parent}/<method>/{run_id}",
            found="no such run",
            remedy="Keep the members of an ensemble in the same folder of runs.",
        )
    return found[0]


def _command(request: Request, given: Given, out: Path) -> list[str]:
    options: list[tuple[str, str | None]] = [
        ("method", request.method),
        ("dataset", request.dataset),
        ("recipe", request.recipe),
        ("seed", str(request.seed)),
        ("scheme", request.scheme),
        *(("task", task) for task in request.tasks),
        *(("set", text) for text in request.overrides),
        ("pretrain-on", request.pretrain_on),
        ("keypoints", request.keypoints),
        ("people", request.people),
        ("device", given.device),
        ("out", str(out)),
    ]
    flags = [("--shuffle-labels", request.shuffle_labels), ("--sandbox", given.sandbox)]
    return [
        # Not the current folder's code: a checkout that is judged may bring its own aqa_bench.
        *(sys.executable, "-P", "-m", "aqa_bench", "run"),
        *(f"--{name}={value}" for name, value in options if value is not None),
        *(flag for flag, wanted in flags if wanted),
    ]


def _precision(record: RunRecord) -> dict[str, str]:
    """The arithmetic of the record, where networks had a choice and nobody else chooses."""
    name = "AQA_BENCH_PRECISION"
    return {name: record.dtype} if record.dtype in _PRECISIONS and name not in os.environ else {}


@contextmanager
def _cache(fresh: bool) -> Iterator[Mapping[str, str]]:
    if not fresh:
        yield {}
        return
    home = cache_home() / _FRESH
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as place:
        published = Path(place) / "weights"
        published.mkdir()
        for file in (cache_home() / "weights").glob("*.*"):
            if file.is_file():
                (published / file.name).symlink_to(file.resolve())
        yield {"AQA_BENCH_CACHE": place}
