"""The judge of an exercise, opened: rules at once, learned methods after their fit, any saved model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aqa_bench.coach.assessment import Evidence
from aqa_bench.coach.evidence import evidence_of_model, evidence_of_rules
from aqa_bench.coach.judges import JUDGES, JudgeEntry
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.finding import Finding, FindsReasons
from aqa_bench.core.lock import exclusive
from aqa_bench.core.method import FitContext
from aqa_bench.core.paths import cache_home
from aqa_bench.core.progress import Progress
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_dataset, find_method
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality, TaskKind, Unit
from aqa_bench.front.running import Run, open_run
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run as run_resolved
from aqa_bench.protocol.saved.model import SavedModel, load_model

__all__ = ["Judge", "Judged", "open_judge"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """What a judge says of one repetition and task.

    Attributes:
        score: Higher means error.
        threshold: Scores from here on are errors.
        findings: What decided, where the judge says so.
    """

    score: float
    threshold: float
    findings: tuple[Finding, ...] = ()


class Judge(Protocol):
    """A judge at work.

    Attributes:
        fingerprint: Of the dataset that it was tested on; None for the exercise's own judge, which was tested
            on the clips that ``tested.json`` describes.
        evidence: How well it does there, one entry per task.
        stills: Tasks that are judged by the picture of the turn.
        side: Side of the pictures that it was trained on in pixels; None where it looks at none.
        shows_reasons: Whether its verdicts can be checked by what it finds.
    """

    fingerprint: str | None
    evidence: list[Evidence]
    stills: frozenset[str]
    side: int | None
    shows_reasons: bool

    def judge(self, task: str, medias: Sequence[Media], progress: Progress) -> list[Judged]:
        """Judge repetitions.

        Raises:
            DataError: A repetition shows too little.
        """
        ...


def open_judge(exercise: str, model: Path | None, progress: Progress) -> Judge:
    """The judge of an exercise.

    A learned judge is fitted at its first use, which takes minutes, and kept in the cache.

    Args:
        exercise: The exercise.
        model: A saved model in place of the exercise's own judge.
        progress: Where to report.

    Raises:
        DataError: The model cannot be read.
        UsageError: Something is not installed that the judge needs.
        AqaBenchError: The fit failed.
    """
    if model is not None:
        saved = load_model(model)
        return _SavedJudge(saved, (), None, saved.document.run.dataset_fingerprint)
    entry = JUDGES[exercise]
    return _fitted(entry, progress) if entry.fitted else _RulesJudge(entry, progress)


class _RulesJudge:
    """A method without weights.

    Args:
        entry: Which one.
        progress: Where its run reports, which is made once where its dataset is here.
    """

    stills: frozenset[str] = frozenset()
    side: int | None = None
    fingerprint: str | None = None

    def __init__(self, entry: JudgeEntry, progress: Progress) -> None:
        plugin, card = find_method(entry.method), find_dataset(entry.dataset)
        kind, task = plugin.load(), card.tasks[0]
        recipe = load_recipe(plugin.folder, kind.recipe_type(), entry.recipe)
        context = FitContext(card.id, task, "all", 0, "cpu", cache_home(), method=entry.method)
        self._predictor = kind(recipe).restore(State(), context)
        self.shows_reasons = isinstance(self._predictor, FindsReasons)
        found = evidence_of_rules(entry, _rules_run(entry, progress))
        self.evidence = [] if found is None else [found]

    def judge(self, task: str, medias: Sequence[Media], progress: Progress) -> list[Judged]:
        samples = [Sample(f"s{i}", f"g{i}", media) for i, media in enumerate(medias)]
        scores = self._predictor.predict(samples)
        reasons: list[tuple[Finding, ...]] = [()] * len(samples)
        if isinstance(self._predictor, FindsReasons):
            reasons = self._predictor.findings(samples)
        return [
            Judged(float(score), 0.5, found) for score, found in zip(scores.tolist(), reasons, strict=True)
        ]


class _SavedJudge:
    """A fitted method.

    Args:
        model: The method.
        warnings: What to know of its evidence.
        run: Its run, where it is here.
        fingerprint: Of the dataset that it was tested on, where it is not the exercise's own judge.
    """

    shows_reasons = False

    def __init__(
        self, model: SavedModel, warnings: Sequence[str], run: Run | None, fingerprint: str | None = None
    ) -> None:
        document = model.document
        self._model, self.fingerprint = model, fingerprint
        self.evidence = evidence_of_model(document, warnings, run)
        # A score of how well somebody did has no threshold, so it is no verdict of good or error.
        scored = {saved.task.id for saved in document.tasks if saved.task.kind is TaskKind.SCORE}
        self.evidence = [one for one in self.evidence if one.task not in scored]
        self.stills = frozenset(s.task.id for s in document.tasks if s.task.unit is Unit.IMAGE)
        looks = model.plugin.card.needs & {Modality.FRAMES, Modality.IMAGE}
        width = document.input.width
        self.side = (width[1] if width else _SIDE) if looks else None

    def judge(self, task: str, medias: Sequence[Media], progress: Progress) -> list[Judged]:
        names = [f"repetition {i + 1}" for i in range(len(medias))]
        found = self._model.judge_media(names, medias, tasks=[task], progress=progress)
        return [Judged(one.score, 0.5 if one.threshold is None else one.threshold) for one in found]


_SIDE = 224


def _fitted(entry: JudgeEntry, progress: Progress) -> _SavedJudge:
    """The judge's model from the cache, fitted if it is not there."""
    home = _home(entry)
    with exclusive(home.with_suffix(".lock")):
        model = _read(home / "model")
        if model is None:
            request = Request(entry.dataset, entry.method, entry.recipe, 0)
            stale = (home / "model").exists()
            run_resolved(
                resolve(request), home / "runs", progress=progress, model=home / "model", force=stale
            )
            model = load_model(home / "model")
    return _SavedJudge(model, entry.warnings, _run_in(home / "runs", model.document.run.run_id))


def _read(folder: Path) -> SavedModel | None:
    try:
        return load_model(folder)
    except AqaBenchError:
        return None


def _run_in(folder: Path, run_id: str) -> Run | None:
    # A run that was set aside has another name.
    for record in sorted(folder.rglob(f"{run_id}/run.json")):
        try:
            return open_run(record.parent)
        except AqaBenchError:
            continue
    return None


def _rules_run(entry: JudgeEntry, progress: Progress) -> Run | None:
    """A run on the dataset, where that is here; it is made at first use, in seconds.

    The rules judge without one, e.g. where the cache cannot be written to.
    """
    folder = _home(entry) / "runs"
    try:
        with exclusive(folder.with_suffix(".lock")):
            request = Request(entry.dataset, entry.method, entry.recipe, 0)
            found = run_resolved(resolve(request), folder, progress=progress)
    except AqaBenchError as error:
        if not isinstance(error, DataError):
            logger.warning("The judge has no precision and recall at other thresholds: %s", error)
        return None
    return Run(found.record, found.path)


def _home(entry: JudgeEntry) -> Path:
    version = find_method(entry.method).card.version
    named = f"{entry.dataset}\x1f{entry.method}\x1f{version}\x1f{entry.recipe}"
    return cache_home() / "coach" / sha256_bytes(named.encode())[:16]
