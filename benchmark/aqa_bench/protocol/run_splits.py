"""The fits of a run: each split in fresh workers, kept on disk as soon as it is finished."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Sequence
from statistics import median

from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.paths import cache_home
from aqa_bench.core.progress import Part, Progress
from aqa_bench.core.split import Split
from aqa_bench.core.task import Task
from aqa_bench.protocol.custody import Custodian, checked_scores
from aqa_bench.protocol.fitting import prepare_fit
from aqa_bench.protocol.partials import Partials, SplitResult
from aqa_bench.protocol.plan import ResolvedRun
from aqa_bench.protocol.regions import RegionDataset
from aqa_bench.protocol.run_code import check_code, check_process
from aqa_bench.protocol.saved.saving import Fitted, ModelSaving
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.session import Launcher, forked

__all__ = ["SplitFits"]


class SplitFits:
    """Fits a run's splits, one after the other; those that an earlier start finished are taken over.

    A process that fits some splits and one that fits all of them do the same to each: seeds come from the
    run, task and split, and nothing but what needs no label is kept from one split to the next.

    Args:
        resolved: The run.
        code: The code that it is computed with.
        partials: Where finished splits are kept.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: Where to report.
        launch: Starts the workers that the method runs in.
        saving: Saves the fitted methods, if they are to be saved.

    Raises:
        MethodError: The harness was edited since this process began.

    Attributes:
        results: Finished splits, by task and split.
        before: Seconds that an earlier start, or another process, took for those that were taken over.
    """

    def __init__(
        self,
        resolved: ResolvedRun,
        code: CodeDigest,
        partials: Partials,
        device: str,
        progress: Progress,
        launch: Launcher = forked,
        saving: ModelSaving | None = None,
    ) -> None:
        check_process(resolved)
        self.results: dict[tuple[str, str], SplitResult] = {}
        self.before = 0.0
        self._resolved, self._code, self._partials = resolved, code, partials
        self._device, self._saving = device, saving
        self._at_work = Part(progress, resolved.plugin.card.id)
        self._hand = Hand(resolved.plugin, resolved.told, launch, self._at_work, resolved.dataset.card.exact)
        if isinstance(resolved.dataset, RegionDataset):
            self._hand.oracle |= resolved.dataset.oracle
        self._salt = secrets.token_bytes(16)
        self._custodians: dict[str, Custodian] = {}
        self._fresh: list[float] = []

    def fit(self, places: Sequence[tuple[Task, Split]]) -> None:
        """Fit splits, as far as they are not finished.

        Raises:
            MethodError: The method broke its contract, or its code was edited meanwhile.
            AqaBenchError: Anything else that a person can act on.
        """
        try:
            for done, (task, split) in enumerate(places):
                self._at_work.name = (
                    f"{self._resolved.plugin.card.id} {task.id} {done + 1}/{len(places)}"
                    f"{_left(self._fresh, len(places) - done)}"
                )
                self.results[task.id, split.id] = self._finished(task, split) or self._fitted(task, split)
        except KeyboardInterrupt as stop:
            stop.add_note(_kept(len(self.results), len(places), self._partials))
            raise

    def _finished(self, task: Task, split: Split) -> SplitResult | None:
        found = self._partials.read(task.id, split.id)
        if found is None or (self._saving and not self._saving.has(task.id, split.id, found)):
            return None
        self.before += found.seconds
        return found

    def _fitted(self, task: Task, split: Split) -> SplitResult:
        begun = time.perf_counter()
        if task.id not in self._custodians:
            # One task's samples and targets at a time.
            self._custodians = {task.id: Custodian(self._resolved.dataset, task.id, self._salt)}
        fitted = self._scored(task, split, self._custodians[task.id], begun)
        # Before it is kept: what was fitted while somebody edited the code is of neither code.
        check_code(self._code, self._resolved)
        self._partials.keep(task.id, split.id, fitted.result)
        if self._saving is not None:
            self._saving.keep(self._hand, task.id, split.id, fitted)
        self._fresh.append(time.perf_counter() - begun)
        return fitted.result

    def _scored(self, task: Task, split: Split, custodian: Custodian, begun: float) -> Fitted:
        card, hand = self._resolved.plugin.card, self._hand
        given = prepare_fit(self._resolved, task, split, custodian, self._device)
        parts = [("val", i) for i in custodian.available(split.val)]
        parts += [("test", i) for i in custodian.available(split.test)]
        bare = custodian.bare([i for _, i in parts])
        found = hand.fit(given, bare, keep=self._saving is not None)
        scores = checked_scores(found.scores, len(bare), task.kind, card.id, given.where)
        rows = [(part, name, float(score)) for (part, name), score in zip(parts, scores, strict=True)]
        result = SplitResult(
            rows,
            found.fit_seconds,
            found.predict_seconds,
            len(given.pool),
            found.facts,
            tuple(sorted(hand.oracle)),
            time.perf_counter() - begun,
        )
        return Fitted(result, given, bare, scores, found.state)


def _left(fresh: list[float], fits: int) -> str:
    """How long the fits to come will take at the pace of those that were made; empty where that is short.

    The first one is left out where there are others: it starts programs and fills caches.
    """
    pace = fresh[1:] or fresh
    seconds = median(pace) * fits if pace else 0.0
    return f" (about {math.ceil(seconds / 60)} min for all left)" if seconds >= 60 else ""


def _kept(done: int, planned: int, partials: Partials) -> str:
    where = f" in {partials.folder}" if done else ""
    return (
        f"{done} of {planned} fits are kept{where}; finished pre-training and features stay in "
        f"{cache_home()}. The same command continues from there."
    )
