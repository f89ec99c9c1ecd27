"""What a run will take, said before anything is trained."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.method import Method
from aqa_bench.core.recipe import build_recipe
from aqa_bench.core.record import RECORD_FILE
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Task, Unit
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.fitting import Fitting, method_at_work, prepare_fit
from aqa_bench.protocol.plan import ResolvedRun

if TYPE_CHECKING:
    import torch

__all__ = ["PROBE_S", "RunForecast", "forecast"]

PROBE_S: Final = 60.0
"""Seconds after which a probe begins no further step."""
_CACHE: Final = "AQA_BENCH_CACHE"


@dataclass(frozen=True)
class RunForecast:
    """What a run will take.

    Attributes:
        run_id: The run's id.
        folder: Where it will lie, below the folder of runs.
        on_disk: Whether it is there already, so that nothing will be done.
        dataset: Dataset id.
        method: Method id.
        recipe: Name of the recipe.
        seed: The run's seed.
        device: Where the probe ran; the device asked for where there was none.
        fits: Number of fits: one per task and split.
        steps: Most steps by kind, ``pretraining`` and ``labels``; None where that is not known.
        pool: What decoding the pool takes, in clips, frames and bytes; None where there is nothing to decode.
        seconds: Estimates by kind, from the probe: ``decoding``, ``pretraining``, ``features``, ``labels``,
            and their ``total``; None where there was no probe.
        note: Why there is no probe, or empty.
    """

    run_id: str
    folder: str
    on_disk: bool
    dataset: str
    method: str
    recipe: str
    seed: int
    device: str
    fits: int
    steps: Mapping[str, int | None]
    pool: Mapping[str, Any] | None
    seconds: Mapping[str, float] | None
    note: str = ""

    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def forecast(resolved: ResolvedRun, out: Path, *, device: str = "auto") -> RunForecast:
    """Find out what a run will take; nothing is trained or written but for a probe in a temporary folder.

    Methods that pre-train are probed: ten steps of the pre-training and ten on labels, both from random
    weights, within :data:`PROBE_S`. The estimate knows nothing of weights and features in the cache.

    Args:
        resolved: The run.
        out: Folder of runs.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        UsageError: There is no such device.
        DataError: Labelled and unlabelled samples overlap.
    """
    # In this process, since nothing is scored, kept or taken over from it: a method that a probe tells more
    # than it should has no run to use it in. Whoever does not trust a method's code does not forecast it.
    kind = resolved.plugin.load()
    recipe = build_recipe(kind.recipe_type(), resolved.recipe.model_dump(mode="json"), resolved.recipe_name)
    resolved = replace(resolved, recipe=recipe)
    method: Method[Any] = kind(recipe)
    counted = [_label_steps(resolved, task) for task in resolved.tasks]
    labels = None if None in counted else sum(n for n in counted if n is not None)
    parts: dict[str, Any] = {"device": device, "pool": None, "seconds": None}
    pretraining: int | None = None
    if not resolved.plugin.card.uses_pool:
        pretraining, parts["note"] = 0, "no probe: the method does not pre-train"
    else:
        try:
            pretraining, parts = _probed(resolved, method, device)
        except AqaBenchError as error:
            if isinstance(error, UsageError):
                raise
            where = f" ({error.remedy})" if error.remedy else ""
            parts["note"] = f"no probe: {error.what}{where}"
    return RunForecast(
        run_id=resolved.run_id,
        folder=resolved.folder,
        on_disk=(out / resolved.folder / RECORD_FILE).is_file(),
        dataset=resolved.dataset.card.id,
        method=resolved.plugin.card.id,
        recipe=resolved.recipe_name,
        seed=resolved.seed,
        fits=sum(map(len, resolved.splits.values())),
        steps={"pretraining": pretraining, "labels": labels},
        **parts,
    )


def _label_steps(resolved: ResolvedRun, task: Task) -> int | None:
    """Most steps on labels of all splits of a task; None where the recipe does not tell."""
    if not hasattr(resolved.recipe, "epochs") and not hasattr(resolved.recipe, "head_epochs"):
        return 0
    from aqa_bench.learn.methods.forecast import label_steps

    custodian, stills = Custodian(resolved.dataset, task.id), task.unit is Unit.IMAGE
    sizes = [len(custodian.available(split.train)) for split in resolved.splits[task.id]]
    steps = [label_steps(resolved.recipe, size, stills=stills) for size in sizes]
    return None if None in steps else sum(n for n in steps if n is not None)


def _probed(resolved: ResolvedRun, method: Method[Any], device: str) -> tuple[int | None, dict[str, Any]]:
    """Steps of the pre-training, and what else the probe tells."""
    from aqa_bench.learn.methods.forecast import probe_pretraining
    from aqa_bench.learn.training.device import resolve_device

    on = resolve_device(device)
    given = _given(resolved, resolved.tasks[0], device)
    labelled = _labelled(resolved, device)
    with _cache_of_its_own(), method_at_work(resolved.plugin.card.id, given.where):
        found = probe_pretraining(method, given.pool, given.ctx, on, PROBE_S / 2)
        if found is None:
            return None, _without(on, "no probe: the method does not pre-train on frames")
        features, labels = _probed_labels(method, labelled, on)
    cost = found.frames
    seconds = {
        "decoding": found.decode_seconds,
        "pretraining": found.steps * found.step_seconds,
        "features": features,
        "labels": labels,
    }
    seconds["total"] = sum(seconds.values())
    pool = {
        "clips": found.clips,
        "watched": found.watched,
        "frames": cost.frames,
        "decoded_bytes": cost.nbytes,
        "place": cost.storage,
        "already_there": cost.present,
        "disk_bytes": cost.disk_bytes,
        "free_bytes": _free(given) if cost.room is None else cost.room.free,
        "fits": cost.fits,
    }
    rounded = {name: round(value, 3) for name, value in seconds.items()}
    return found.steps, {"device": str(on), "pool": pool, "seconds": rounded, "note": ""}


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Tasks on samples of one kind: some samples, how many there are, and most steps."""

    samples: Sequence[Sample]
    count: int
    steps: int


def _labelled(resolved: ResolvedRun, device: str) -> list[_Labelled]:
    units: dict[Unit, list[Task]] = {}
    for task in resolved.tasks:
        units.setdefault(task.unit, []).append(task)
    return [
        _Labelled(
            _given(resolved, tasks[0], device).train.samples,
            # Features of a sample are computed once for all tasks.
            len({name for task in tasks for name in resolved.dataset.samples(task.id)}),
            sum(_label_steps(resolved, task) or 0 for task in tasks),
        )
        for tasks in units.values()
    ]


def _probed_labels(
    method: Method[Any], labelled: Sequence[_Labelled], device: torch.device
) -> tuple[float, float]:
    """Seconds for the features and for the steps of all tasks."""
    from aqa_bench.learn.methods.forecast import probe_labels

    features = labels = 0.0
    for part in labelled:
        found = probe_labels(method, part.samples, device, PROBE_S / 2 / len(labelled))
        if found is not None:
            features += found.sample_seconds * part.count
            labels += found.step_seconds * part.steps
    return features, labels


@contextmanager
def _cache_of_its_own() -> Iterator[None]:
    """Whatever the block decodes and keeps goes to a temporary folder."""
    before = os.environ.get(_CACHE)
    with tempfile.TemporaryDirectory(prefix="aqa-bench-probe-") as folder:
        os.environ[_CACHE] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[_CACHE]
            else:
                os.environ[_CACHE] = before


def _given(resolved: ResolvedRun, task: Task, device: str) -> Fitting:
    custodian = Custodian(resolved.dataset, task.id)
    return prepare_fit(resolved, task, resolved.splits[task.id][0], custodian, device)


def _without(device: object, note: str) -> dict[str, Any]:
    return {"device": str(device), "pool": None, "seconds": None, "note": note}


def _free(given: Fitting) -> int:
    """Free bytes where decoded frames would go."""
    from aqa_bench.media.frame_store import room

    return room(given.ctx.cache / "frames").free
