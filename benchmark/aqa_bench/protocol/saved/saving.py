"""A run's fitted methods on their way into a folder: each is read back and tried before it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError

from aqa_bench.core.errors import MethodError, UsageError
from aqa_bench.core.files import atomic_directory, canonical_json, sha256_bytes, sha256_file, write_atomic
from aqa_bench.core.record import RunRecord
from aqa_bench.core.sample import Sample
from aqa_bench.core.sealed import Damaged, sealed_read_json, sealed_write_json
from aqa_bench.core.seeds import fit_seed
from aqa_bench.core.state import read_state
from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.fitting import Fitting
from aqa_bench.protocol.partials import SplitResult
from aqa_bench.protocol.plan import ResolvedRun
from aqa_bench.protocol.regions import RegionDataset, region_of
from aqa_bench.protocol.saved.card import card_of
from aqa_bench.protocol.saved.document import MODEL_FILE, Fold, Input, ModelDocument, SavedFinder, SavedTask
from aqa_bench.protocol.saved.folder import CARD_FILE, FINDER_FILE, check_target, write_states
from aqa_bench.protocol.saved.inputs import described, joined
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.stats.run_scores import primary_metric

__all__ = ["Fitted", "ModelSaving"]

_KIND, _VERSION = "fitted-split", 1
_MOST_SCORES = 1001


@dataclass(frozen=True)
class Fitted:
    """One split's answer, with what the method was fitted to.

    Attributes:
        result: What goes into the record.
        given: What it was fitted on.
        bare: The samples that it scored.
        scores: Their scores.
        state: What it was fitted to; None where nobody asked.
    """

    result: SplitResult
    given: Fitting
    bare: Sequence[Sample]
    scores: npt.NDArray[np.float64]
    state: bytes | None


class ModelSaving:
    """Saves the fitted methods of one run.

    Args:
        resolved: The run.
        target: Folder of the model.
        partial: Folder of the run's finished splits, where fitted methods wait for the run's end.
        force: Whether a saved model at ``target`` gives way.

    Raises:
        UsageError: The method cannot be saved, or the folder is taken.
    """

    def __init__(self, resolved: ResolvedRun, target: Path, partial: Path, *, force: bool) -> None:
        if not resolved.saves:
            raise UsageError(
                f"Method {resolved.plugin.card.id!r} cannot be saved.",
                where="--save-model",
                expected="a method that implements restore(state, ctx)",
                found="none",
                remedy="Run it without --save-model. docs/adding-a-method.md shows what its author must add.",
            )
        check_target(target, force=force)
        self._resolved, self._target, self._partial = resolved, target, partial

    def has(self, task: str, split: str, result: SplitResult) -> bool:
        """Whether the fit behind a finished split was kept by an earlier start."""
        try:
            read_state(self._state(task, split))
            self._input(task, split, result)
        except (Damaged, ValidationError):
            return False
        return True

    def keep(self, hand: Hand, task: str, split: str, fitted: Fitted) -> None:
        """Read a fitted method back in a fresh worker, compare what it predicts, and keep it.

        Raises:
            MethodError: It predicts something else than it did when it was fitted.
        """
        given, state = fitted.given, fitted.state
        if state is None:
            raise MethodError("The method's worker sent no state.", where=given.where)
        judged = hand.judge(given.ctx, given.where, state, fitted.bare)
        if not np.array_equal(judged.scores, fitted.scores):
            same = judged.scores.shape == fitted.scores.shape
            apart = f"up to {np.abs(judged.scores - fitted.scores).max():.3g} apart" if same else "others"
            raise MethodError(
                f"Method {self._resolved.plugin.card.id!r} gives different scores after saving and loading.",
                where=given.where,
                expected="the same val and test scores, to the last digit",
                found=apart,
                remedy="Report it to the method's author. Without --save-model, the run continues from here.",
            )
        region = region_of(self._resolved.recipe)
        known = described(judged.asked, given.train.samples, None if region is None else region.part)
        write_atomic(self._state(task, split), state)
        document = {"of": _digest(fitted.result), "input": known.model_dump(mode="json")}
        sealed_write_json(self._note(task, split), _KIND, _VERSION, document)

    def finish(
        self, record: RunRecord, results: dict[tuple[str, str], SplitResult], predictions: pd.DataFrame
    ) -> Path:
        """Write the folder.

        Args:
            record: The run's record, as it was read back.
            results: Its splits.
            predictions: Its predictions.

        Raises:
            AqaBenchError: It cannot be written.
        """
        inputs = [self._input(task, split, result) for (task, split), result in results.items()]
        card = self._resolved.dataset.card
        with atomic_directory(self._target, replace=True) as folder:
            digests, shared = write_states(folder, {key: self._state(*key) for key in results})
            document = ModelDocument(
                run=record,
                tasks=[self._task(task, record, digests, predictions) for task in record.tasks],
                input=joined(inputs),
                shared=shared,
                finder=self._finder(folder),
                licence=card.licence[:2000],
                notes=[note[:2000] for note in card.notes],
            )
            (folder / MODEL_FILE).write_bytes(document.to_json())
            (folder / CARD_FILE).write_text(card_of(document), encoding="utf-8", newline="\n")
        return self._target

    def _finder(self, folder: Path) -> SavedFinder | None:
        """Write the finder whose boxes the method's pictures were cut to."""
        dataset = self._resolved.dataset
        found = dataset.finder() if isinstance(dataset, RegionDataset) else None
        if found is None:
            return None
        name, finder = found
        return SavedFinder(name=name, sha256=sha256_file(finder.save(folder / FINDER_FILE)))

    def _task(
        self, name: str, record: RunRecord, digests: dict[tuple[str, str], str], predictions: pd.DataFrame
    ) -> SavedTask:
        task = next(task for task in self._resolved.tasks if task.id == name)
        primary = primary_metric(task, self._resolved.scheme)
        rows = predictions[(predictions["task"] == name) & (predictions["split"] == "val")]
        folds = [
            Fold(
                split=split,
                seed=fit_seed(record.dataset, record.method, record.seed, name, split),
                sha256=digest,
                threshold=None if task.kind is TaskKind.SCORE else record.thresholds[name][split],
                val_scores=_thinned(rows.loc[rows["fold"] == split, "score"].to_numpy(np.float64)),
            )
            for (of, split), digest in digests.items()
            if of == name
        ]
        return SavedTask(
            task=task,
            folds=folds,
            primary=primary,
            measured=record.metrics[name][primary],
            floor=record.floors[name],
            tested=record.coverage[name].scored,
        )

    def _input(self, task: str, split: str, result: SplitResult) -> Input:
        file = self._note(task, split)
        found: Any = sealed_read_json(file, _KIND, _VERSION)
        if not isinstance(found, dict) or found.get("of") != _digest(result):
            raise Damaged("A fitted method belongs to an earlier start of its run.", where=file)
        return Input.model_validate(found.get("input"))

    def _state(self, task: str, split: str) -> Path:
        return self._partial / f"{task}.{split}.safetensors"

    def _note(self, task: str, split: str) -> Path:
        return self._partial / f"{task}.{split}.input"


def _digest(result: SplitResult) -> str:
    return sha256_bytes(canonical_json([list(row) for row in result.rows]).encode())


def _thinned(scores: npt.NDArray[np.float64]) -> list[float]:
    ordered = np.sort(scores)
    if len(ordered) > _MOST_SCORES:
        ordered = np.quantile(ordered, np.linspace(0, 1, _MOST_SCORES))
    return [float(score) for score in ordered]
