"""Running a method, and finished runs as a notebook wants them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.progress import Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RunRecord, read_record
from aqa_bench.core.registry import find_dataset
from aqa_bench.core.row_key import row_key
from aqa_bench.core.sealed import Damaged
from aqa_bench.front.standings import Contender
from aqa_bench.front.words import result
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run as run_resolved
from aqa_bench.protocol.worker.session import Launcher, forked
from aqa_bench.stats.run_scores import primary_metric

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Run", "contender_of", "open_run", "run"]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        record: Its record: settings, environment, timings, metrics, floors.
        path: Its folder.
        cached: Whether it was on disk already.
    """

    record: RunRecord
    path: Path
    cached: bool = True

    def __repr__(self) -> str:
        record = self.record
        head = f"{record.method} ({record.recipe}, seed {record.seed}) on {record.dataset} ({record.scheme})"
        return "\n".join([head, *(f"  {line}" for line in self.lines())])

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per task: its primary metric with 95% interval, floor and skill.

        Columns: ``task, metric, value, low, high, floor, skill, scored, expected``.
        """
        import pandas as pd

        return pd.DataFrame([self._row(task) for task in self.record.tasks])

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Every metric of every task: columns ``task, metric, value, low, high``."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"task": task, "metric": name, **value.model_dump()}
                for task, values in self.record.metrics.items()
                for name, value in values.items()
            ]
        )

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Scores of val and test samples: columns ``sample_id, task, fold, split, score``.

        Raises:
            DataError: The file is damaged, or is not the one that was scored.
        """
        file = self.path / PREDICTIONS_FILE
        table = read_predictions(file)
        if (found := sha256_file(file)) != self.record.predictions_sha256:
            raise Damaged(
                "The predictions differ from those that were scored.",
                where=file,
                expected=f"sha256 {self.record.predictions_sha256[:16]}",
                found=found[:16],
                remedy="Repeat the run with --force.",
            )
        return table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Dot and 95% interval of each task, its floor dashed.

        Args:
            ax: Where to draw; a new figure by default.

        Raises:
            UsageError: Matplotlib is not installed.
        """
        from aqa_bench.front.plots import dots

        rows = [self._row(task) for task in self.record.tasks]
        return dots(
            [(row["task"], row["value"], row["low"], row["high"], True) for row in rows],
            [row["floor"] for row in rows],
            " / ".join(dict.fromkeys(row["metric"] for row in rows)),
            ax,
        )

    def lines(self) -> list[str]:
        """The result of each task in words."""
        return [result(**self._row(task)) for task in self.record.tasks]

    def _row(self, task: str) -> dict[str, Any]:
        record = self.record
        card = find_dataset(record.dataset)
        metric = primary_metric(card.task(task), card.scheme(record.scheme))
        return {
            "task": task,
            "metric": metric,
            **record.metrics[task][metric].model_dump(),
            "floor": record.floors[task],
            "skill": record.skill[task],
            **record.coverage[task].model_dump(include={"scored", "expected"}),
        }


def run(
    method: str,
    dataset: str,
    *,
    seed: int = 0,
    recipe: str | None = None,
    tasks: str | Sequence[str] = (),
    scheme: str | None = None,
    out: str | Path = "runs",
    device: str = "auto",
    pretrain_on: str | None = None,
    shuffle_labels: bool = False,
    keypoints: str | Path | None = None,
    people: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
    launch: Launcher = forked,
    **settings: Any,
) -> Run:
    """Fit a method, score its test predictions and write a run record, as ``aqa-bench run`` does.

    The method runs in separate processes and never sees a test label. A complete run of the same code that
    is already on disk is not repeated.

    Args:
        method: Method id.
        dataset: Dataset id.
        seed: The run's seed; deterministic methods ignore it.
        recipe: Named hyper-parameters; the method's default.
        tasks: Task id, or several; all that the method can do by default.
        scheme: Split scheme; the recipe's or the dataset's by default.
        out: Folder of runs.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        pretrain_on: Dataset id whose unlabelled samples are used for pre-training instead.
        shuffle_labels: Whether to permute the training labels: a control that learns nothing.
        keypoints: Folder of poses to use instead of the dataset's own.
        people: Which of several people in them to use: ``nearest`` or ``largest``.
        force: Whether to run again even if the result is on disk.
        progress: Where to report progress.
        launch: Starts the workers that run the method.
        **settings: Hyper-parameters over the recipe, e.g. ``epochs=20``.

    Raises:
        UsageError: An id, recipe, scheme, task or setting does not exist, or they do not fit.
        DataError: The dataset has not been prepared, or is damaged.
        MethodError: The method broke its contract.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise UsageError("This is no seed.", where="seed", expected="a whole number >= 0", found=repr(seed))
    request = Request(
        dataset,
        method,
        recipe,
        int(seed),
        scheme,
        (tasks,) if isinstance(tasks, str) else tuple(tasks),
        tuple(f"{name}={json.dumps(value, default=str)}" for name, value in settings.items()),
        pretrain_on,
        shuffle_labels,
        None if keypoints is None else str(keypoints),
        people,
    )
    found = run_resolved(
        resolve(request, launch=launch),
        Path(out),
        device=device,
        force=force,
        progress=progress,
        launch=launch,
    )
    return Run(found.record, found.path, found.cached)


def open_run(folder: str | Path) -> Run:
    """A finished run on disk.

    Raises:
        Damaged: Its record was changed after it was written.
        DataError: There is no run.
    """
    return Run(read_record(Path(folder)), Path(folder))


def contender_of(members: Sequence[Run], variant: str = "") -> Contender:
    """Runs that differ in the seed alone, to be ranked on a board.

    Args:
        members: The runs.
        variant: What sets them apart from others of the recipe.
    """
    first = members[0].record
    return Contender(
        method=first.method,
        recipe=first.recipe,
        predictions=tuple(run.predictions for run in members),
        decision=first.decision,
        control=first.control,
        oracle=tuple(first.oracle),
        variant=variant,
        key=row_key(first),
        runs=tuple(sorted(run.record.run_id for run in members)),
    )
