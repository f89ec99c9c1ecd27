"""What the runner has done by a method's workers: what needs no label once, then split by split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from aqa_bench.core.bounded import DOCUMENT_BYTES
from aqa_bench.core.files import canonical_json
from aqa_bench.core.method import FitContext
from aqa_bench.core.paths import cache_home
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.progress import NullProgress, Part, Progress
from aqa_bench.core.report import FitReport
from aqa_bench.core.sample import Sample
from aqa_bench.core.state import STATE_BYTES
from aqa_bench.core.task import Modality
from aqa_bench.protocol.fitting import Fitting
from aqa_bench.protocol.worker.asked import Asked
from aqa_bench.protocol.worker.failures import strange
from aqa_bench.protocol.worker.folders import frames_folder, private_folder, shared_folders
from aqa_bench.protocol.worker.job import told_context, told_labelled
from aqa_bench.protocol.worker.media_desk import MediaDesk
from aqa_bench.protocol.worker.recipes import Told
from aqa_bench.protocol.worker.secret import cache_secret
from aqa_bench.protocol.worker.session import Job, Launcher, do, forked
from aqa_bench.protocol.worker.wire import Message, UnreadableError

__all__ = ["Hand", "Judged", "Scored", "checked_facts"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A split's answer.

    Attributes:
        scores: As they came; :func:`~aqa_bench.protocol.custody.checked_scores` has yet to see them.
        facts: The fit's report.
        fit_seconds: As the worker says.
        predict_seconds: As the worker says.
        state: What the method was fitted to, where it was asked for: the content of a file.
    """

    scores: npt.NDArray[np.float64]
    facts: dict[str, Any]
    fit_seconds: float
    predict_seconds: float
    state: bytes | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a fitted method that was read back says.

    Attributes:
        scores: As they came, like those of :class:`Scored`.
        asked: What it asked of media.
    """

    scores: npt.NDArray[np.float64]
    asked: Asked


class Hand:
    """Does a run's work on splits, each in a fresh worker; remembers only what has been prepared.

    Args:
        plugin: The method.
        told: Its recipe, and whether it prepares.
        launch: Starts workers.
        progress: Shows what the method reports; nothing by default.
        exact: What the dataset's samples know exactly.

    Attributes:
        oracle: What of that was read of samples to be judged, in any stage so far.
    """

    def __init__(
        self,
        plugin: MethodPlugin,
        told: Told,
        launch: Launcher = forked,
        progress: Progress | None = None,
        exact: frozenset[Modality] = frozenset(),
    ) -> None:
        self.plugin = plugin
        self.oracle: set[Modality] = set()
        self._exact = exact
        self._recipe = told.recipe.model_dump(mode="json")
        self._prepares = told.prepares
        self._launch = launch
        self._progress = progress or NullProgress()
        self._reports = progress is not None
        self._at_work = Part(self._progress)
        self._pools, self._samples = shared_folders(plugin)
        self._prepared: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self._seen: dict[str, set[str]] = {}

    def fit(self, given: Fitting, bare: Sequence[Sample], *, keep: bool = False) -> Scored:
        """Fit to one split, and score bare samples.

        Args:
            given: What the split gives.
            bare: Samples without targets.
            keep: Whether what was fitted is asked for.

        Raises:
            AqaBenchError: What the method raised; or it ended, or answered in a way that is no answer.
        """
        state = bytearray()

        def take(message: Message) -> None:
            if message.header["bytes"] > STATE_BYTES + DOCUMENT_BYTES or len(state) > STATE_BYTES:
                raise UnreadableError(f"a state of more than {STATE_BYTES:,} bytes")
            state.extend(message.body)

        told, part = ({"keep": True}, take) if keep else (None, None)
        answer = self.labelled("fit", given, bare, told, part)
        seconds = answer.header.get("seconds")
        if not isinstance(seconds, list) or not _are_seconds(seconds):
            raise strange(self.plugin.card.id, given.where, "no seconds")
        scores = self._scores(answer, given.where)
        facts = checked_facts(answer.header.get("report"), given.where)
        fitted, predicted = map(float, seconds)
        return Scored(scores, facts, fitted, predicted, bytes(state) if keep else None)

    def judge(self, ctx: FitContext, where: str, state: bytes, bare: Sequence[Sample]) -> Judged:
        """Have a fitted method read back, and score bare samples: from their media, and nothing kept.

        Args:
            ctx: As in the fit; its cache and what was prepared are not used.
            where: Dataset, task and split, for errors.
            state: What the method was fitted to.
            bare: Samples without targets.

        Raises:
            AqaBenchError: As for :meth:`fit`.
        """
        return self.judge_each([(ctx, where, state)], bare)

    def judge_each(self, fits: Sequence[tuple[FitContext, str, bytes]], bare: Sequence[Sample]) -> Judged:
        """As :meth:`judge` of several fits of one task, which share a worker.

        Returns:
            The scores of one fit after those of another.
        """
        desk, (ctx, where, _) = self._desk(), fits[0]
        told = [
            {"bytes": len(state), "split": each.split, "seed": each.seed, "where": at}
            for each, at, state in fits
        ]
        with private_folder() as cache:
            alone = replace(ctx, cache=cache, shared=(), prepared={}, leaked=None)
            message = {"fits": told} | _entered(desk, (), bare)
            answer = self._do("judge", where, alone, message, desk, b"".join(state for _, _, state in fits))
        return Judged(self._scores(answer, where), desk.asked)

    def _scores(self, answer: Message, where: str) -> npt.NDArray[np.float64]:
        if len(answer.body) % 8:
            raise strange(self.plugin.card.id, where, "no scores")
        return np.frombuffer(bytes(answer.body), "<f8").astype(np.float64)

    def labelled(
        self,
        stage: str,
        given: Fitting,
        bare: Sequence[Sample],
        told: Mapping[str, Any] | None = None,
        part: Callable[[Message], None] | None = None,
    ) -> Message:
        """A stage that sees labels, after what needs none: its writes go to a folder that goes with it.

        Args:
            stage: Its name.
            given: What the split gives.
            bare: Samples without targets.
            told: What else it takes, as plain JSON.
            part: Takes the parts of an answer that comes in parts.
        """
        prepared = self.prepared(given, given.everyone or [*given.train.samples, *given.val.samples, *bare])
        desk = self._desk()
        sets = {"train": given.train, "val": given.val}
        if given.ctx.leaked is not None:
            sets["leaked"] = given.ctx.leaked
        parts, body = told_labelled(desk, sets)
        message = {**(told or {}), "labelled": parts} | _entered(desk, given.pool, bare)
        with private_folder() as cache:
            ctx = replace(given.ctx, cache=cache, shared=(self._samples, self._pools), prepared=prepared)
            return self._do(stage, given.where, ctx, message, desk, body, part)

    def bare(
        self,
        stage: str,
        given: Fitting,
        samples: Sequence[Sample],
        told: Mapping[str, Any],
        part: Callable[[Message], None] | None = None,
    ) -> Message:
        """A stage that sees bare samples and no label; what it keeps of them is kept from run to run."""
        prepared = self._of_pool(given) if self._prepares else {}
        desk = self._desk()
        ctx = replace(given.ctx, cache=self._samples, shared=(self._pools,), prepared=prepared, leaked=None)
        message = {**told} | _entered(desk, given.pool, samples)
        return self._do(stage, given.where, ctx, message, desk, b"", part)

    def prepared(self, given: Fitting, samples: Sequence[Sample]) -> Mapping[str, Any]:
        """Have done what needs no label, unless this run has: of every pool, and of every sample, once."""
        if not self._prepares:
            return {}
        prepared = self._of_pool(given)
        # By what was prepared, not by the pool: pools of several splits may have come to the same.
        seen = self._seen.setdefault(canonical_json(dict(prepared)), set())
        fresh = {s.id: s for s in samples if s.id not in seen}
        if fresh:
            desk = self._desk()
            ctx = replace(
                given.ctx, cache=self._samples, shared=(self._pools,), prepared=prepared, leaked=None
            )
            self._do("prepare", given.where, ctx, _entered(desk, (), tuple(fresh.values())), desk)
            seen |= fresh.keys()
        return prepared

    def _of_pool(self, given: Fitting) -> Mapping[str, Any]:
        name = _named(given.pool)
        if name not in self._prepared:
            desk = self._desk()
            ctx = replace(given.ctx, cache=self._pools, shared=(), prepared={}, leaked=None)
            answer = self._do("prepare", given.where, ctx, _entered(desk, given.pool, ()), desk)
            found = answer.header.get("prepared")
            if not isinstance(found, dict):
                raise strange(self.plugin.card.id, given.where, "a preparation that is not a JSON object")
            self._prepared[name] = found
        return self._prepared[name]

    def _desk(self) -> MediaDesk:
        return MediaDesk(
            cache_secret(cache_home()),
            frames_folder(),
            self._at_work,
            exact=self._exact,
            shown=self.plugin.card.modalities,
        )

    def _do(
        self,
        stage: str,
        where: str,
        ctx: FitContext,
        told: Mapping[str, Any],
        desk: MediaDesk,
        body: bytes = b"",
        part: Callable[[Message], None] | None = None,
    ) -> Message:
        message = {
            **told,
            "context": told_context(ctx),
            "recipe": self._recipe,
            "frames": str(frames_folder()),
            "progress": self._reports,
        }
        job = Job(self.plugin, stage, where, message, body, ctx.cache, ctx.shared)
        # A method that reports nothing is seen to work, too.
        self._at_work.meanwhile = _doing(stage, told)
        self._at_work.close()
        try:
            return do(job, desk, launch=self._launch, progress=self._at_work, part=part)
        finally:
            self._progress.close()
            self.oracle |= desk.exact_read


def checked_facts(report: object, where: str) -> dict[str, Any]:
    """A fit's report that came from a worker, held to the report's own rules.

    Raises:
        MethodError: It is none.
    """
    if not isinstance(report, dict):
        raise strange("?", where, "a report that is not a JSON object")
    fields = {k: v for k, v in report.items() if k in FitReport.model_fields and k != "extras"}
    try:
        checked = FitReport(extras={k: v for k, v in report.items() if k not in FitReport.model_fields})
    except ValidationError as error:
        raise strange("?", where, f"a report with odd names: {error.errors()[0]['msg']}") from None
    checked.update(**fields)
    return checked.document()


def _entered(desk: MediaDesk, pool: Sequence[Sample], bare: Sequence[Sample]) -> dict[str, Any]:
    return {"pool": desk.enter(pool), "bare": desk.enter(bare, judged=True)}


def _doing(stage: str, told: Mapping[str, Any]) -> str:
    """A stage in words."""
    if stage == "prepare":
        return "preparing samples" if told["bare"] else "preparing the pool"
    return {"fit": "fitting and scoring", "judge": "scoring"}.get(stage, stage)


def _named(pool: Sequence[Sample]) -> tuple[str, ...]:
    return tuple(sample.id for sample in pool)


def _are_seconds(value: list[Any]) -> bool:
    return len(value) == 2 and all(
        isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v < 1e9 for v in value
    )
