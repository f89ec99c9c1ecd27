"""Saved models at work: on files, and on datasets."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aqa_bench.core.code_digest import computing_code
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.method import FitContext
from aqa_bench.core.own import is_own
from aqa_bench.core.paths import cache_home
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.progress import Progress
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.state import pack_state
from aqa_bench.core.task import Modality, Unit
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.saved.document import Fold, ModelDocument, SavedTask, read_document
from aqa_bench.protocol.saved.folder import FINDER_FILE, checked_file, read_fold
from aqa_bench.protocol.saved.inputs import unlike
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.plain_recipe import PlainRecipe
from aqa_bench.protocol.worker.recipes import Told
from aqa_bench.protocol.worker.session import Launcher, forked

if TYPE_CHECKING:
    import pandas as pd

    from aqa_bench.learn.lifter.finder import LifterFinder

__all__ = ["Judgement", "SavedModel", "load_model"]

_log = logging.getLogger(__name__)
Array = npt.NDArray[np.float64]
_TOGETHER = 64 << 20
"""Bytes of fits that share a worker."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says of one sample.

    Attributes:
        sample: The file as it was named, or the sample's id.
        task: Task id.
        score: The score; the mean over the model's fits where ``fold`` is None.
        threshold: Scores from here on are errors; None for score tasks.
        error: Whether the score is one; None for score tasks.
        val_share: Share of the val scores that are not above the score; None without val.
        warnings: In what the sample is unlike those that the model was trained on.
        fold: The fit that judged it; None for all of them.
    """

    sample: str
    task: str
    score: float
    threshold: float | None
    error: bool | None
    val_share: float | None
    warnings: tuple[str, ...] = ()
    fold: str | None = None


class SavedModel:
    """A fitted method that was read back; :func:`load_model` makes one.

    A model of a scheme with several folds has a fit for each. Files are judged by all of them: score and
    threshold are the means over the fits, so that the decision is that of the mean distance from the
    thresholds.

    Args:
        folder: Where it lies.
        document: What it says of itself.
        plugin: Its method.

    Attributes:
        folder: Where it lies.
        document: What it says of itself.
        plugin: Its method.
    """

    def __init__(self, folder: Path, document: ModelDocument, plugin: MethodPlugin) -> None:
        self.folder, self.document, self.plugin = folder, document, plugin

    def predict(
        self,
        files: Sequence[str | Path],
        *,
        task: str | None = None,
        layout: str | None = None,
        dimensions: int | None = None,
        device: str = "auto",
    ) -> pd.DataFrame:
        """Judge files, in this process' own workers.

        Args:
            files: Videos, images or keypoints, as :func:`~aqa_bench.media.file_media.media_of_file` reads.
            task: One task; by default all whose unit the files have.
            layout: Joint order of keypoint files that do not state it, or a table that maps joint names.
            dimensions: 2 or 3, if the keypoint files do not say.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

        Returns:
            One row per file and task: ``file, task, score, threshold, error, val_share, warnings``.

        Raises:
            UsageError: The model cannot judge files of this kind.
            DataError: A file cannot be read.
        """
        import pandas as pd

        tasks = () if task is None else (task,)
        paths = [Path(file) for file in files]
        found = self.judge_files(paths, tasks=tasks, layout=layout, dimensions=dimensions, device=device)
        columns = ["file", "task", "score", "threshold", "error", "val_share", "warnings"]
        rows = [
            (j.sample, j.task, j.score, j.threshold, j.error, j.val_share, "; ".join(j.warnings))
            for j in found
        ]
        return pd.DataFrame(rows, columns=columns)

    def judge_files(
        self,
        files: Sequence[Path],
        *,
        tasks: Sequence[str] = (),
        layout: str | None = None,
        dimensions: int | None = None,
        device: str = "auto",
        launch: Launcher = forked,
        progress: Progress | None = None,
    ) -> list[Judgement]:
        """Judge files; see :meth:`predict`."""
        from aqa_bench.media.file_media import media_of_file

        wants = Modality.FEATURES in self.plugin.card.needs
        # Own data lack joints, and so may files that are judged like them.
        lacks = is_own(self.document.run.dataset)
        medias = [
            media_of_file(file, layout=layout, features=wants, dimensions=dimensions, partial=lacks)
            for file in files
        ]
        names = [str(file) for file in files]
        return self.judge_media(names, medias, tasks=tasks, device=device, launch=launch, progress=progress)

    def judge_media(
        self,
        names: Sequence[str],
        medias: Sequence[Media],
        *,
        tasks: Sequence[str] = (),
        device: str = "auto",
        launch: Launcher = forked,
        progress: Progress | None = None,
    ) -> list[Judgement]:
        """Judge media that lie in no file of their own; see :meth:`predict`.

        Args:
            names: What each is called, for errors and in the judgements.
            medias: Clips and images; each task judges those of its unit.
            tasks: Task ids; by default all whose unit the media have.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            launch: Starts the workers.
            progress: Where to report.
        """
        for name, media in zip(names, medias, strict=True):
            self._check(name, media)
        chosen = self.chosen(tasks)
        judged = []
        for saved in chosen:
            fitting = [i for i, media in enumerate(medias) if _is_of(saved, media)]
            samples = [Sample(f"s{i:08x}", f"g{i:08x}", medias[i]) for i in fitting]
            if not samples:
                continue
            shown = self._shown(samples)
            scores = self.scores(saved, saved.folds, shown, device=device, launch=launch, progress=progress)
            warnings = [tuple(unlike(medias[i], self.document.input)) for i in fitting]
            judged += combined(saved, [names[i] for i in fitting], scores, warnings)
        if names and not judged:
            units = ", ".join(f"{saved.task.id}: {saved.task.unit}" for saved in chosen)
            raise UsageError(
                "The model cannot judge files of this kind.",
                where=self.folder,
                expected=units,
                found=", ".join(sorted({"image" if m.length == 1 else "clip" for m in medias})),
                remedy="Pass files of that kind, or choose another --task.",
            )
        return judged

    def chosen(self, tasks: Sequence[str]) -> list[SavedTask]:
        """Tasks by id, or all of them.

        Raises:
            UsageError: The model has no such task.
        """
        known = {saved.task.id: saved for saved in self.document.tasks}
        if odd := [name for name in tasks if name not in known]:
            raise UsageError(
                "The model has no such task.",
                where=self.folder,
                expected=", ".join(known),
                found=", ".join(odd),
            )
        return [known[name] for name in tasks] if tasks else list(known.values())

    def scores(
        self,
        saved: SavedTask,
        folds: Sequence[Fold],
        samples: Sequence[Sample],
        *,
        device: str,
        launch: Launcher = forked,
        progress: Progress | None = None,
        exact: frozenset[Modality] = frozenset(),
    ) -> Array:
        """Scores ``(folds, n)``, made in workers from the samples' media alone; small fits share a worker."""
        run = self.document.run
        recipe = PlainRecipe.of(run.hyperparameters, f"{self.folder} {saved.task.id}")
        hand = Hand(self.plugin, Told(recipe), launch, progress, exact)
        rows: list[Array] = []
        for group in self._groups(saved, folds):
            fits = [(self._context(saved, fold, device), self._where(saved, fold), s) for fold, s in group]
            found = hand.judge_each(fits, samples).scores
            where = fits[0][1]
            checked = checked_scores(found, len(fits) * len(samples), saved.task.kind, run.method, where)
            rows.append(checked.reshape(len(fits), len(samples)))
        return np.concatenate(rows)

    def _groups(self, saved: SavedTask, folds: Sequence[Fold]) -> Iterator[list[tuple[Fold, bytes]]]:
        """Fits with their states, as many as travel to one worker together."""
        group: list[tuple[Fold, bytes]] = []
        for fold in folds:
            state = pack_state(read_fold(self.folder, self.document, saved.task.id, fold.split))
            if group and sum(len(content) for _, content in group) + len(state) > _TOGETHER:
                yield group
                group = []
            group.append((fold, state))
        yield group

    def _where(self, saved: SavedTask, fold: Fold) -> str:
        return f"{self.folder} {saved.task.id}, {fold.split}"

    def _context(self, saved: SavedTask, fold: Fold, device: str) -> FitContext:
        run = self.document.run
        return FitContext(
            dataset=run.dataset,
            task=saved.task,
            split=fold.split,
            seed=fold.seed,
            device=device,
            cache=cache_home(),
            run_seed=run.seed,
            method=run.method,
        )

    def _check(self, file: str, media: Media) -> None:
        card = self.plugin.card
        # A picture is a frame to methods that judge pictures as well.
        still = {Modality.FRAMES} if media.length == 1 and Modality.IMAGE in media.provides else set()
        missing: list[str] = sorted(card.needs - media.provides - still)
        if not missing and card.one_of and not card.one_of & media.provides:
            missing = [" or ".join(sorted(card.one_of))]
        if missing:
            raise UsageError(
                f"Method {card.id!r} needs data that the file does not have.",
                where=file,
                expected=", ".join(missing),
                found=", ".join(sorted(media.provides)),
                remedy="Pass files that have it, or judge a dataset that has it (--dataset).",
            )

    def _shown(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """The samples, of which the model's region is left."""
        from aqa_bench.core.registry import open_dataset
        from aqa_bench.protocol.regions import Cutter, RegionDataset, cut_out, found_boxes, region_of

        region = region_of(PlainRecipe.of(self.document.run.hyperparameters, str(self.folder)))
        if region is None:
            return samples
        if (known := self.document.finder) is not None:
            file = checked_file(self.folder / FINDER_FILE, known.sha256)
            cutter = Cutter(region, found_boxes(known.name, partial(_finder, file)))
            return [cutter.cut(sample) for sample in samples]
        view = cut_out(open_dataset(self.document.run.dataset), region)
        return [view.cut(sample) for sample in samples] if isinstance(view, RegionDataset) else samples


@lru_cache(maxsize=1)
def _finder(file: Path) -> LifterFinder:
    from aqa_bench.learn.lifter.finder import LifterFinder

    return LifterFinder.load(file)


def load_model(path: str | Path) -> SavedModel:
    """Read a saved model, and check that the method is still the one that was saved.

    Args:
        path: A folder that ``aqa-bench run --save-model`` wrote.

    Raises:
        DataError: There is no model, it is damaged, or its method has another version here.
        UsageError: Its method is not installed.
    """
    folder = Path(path).expanduser()
    document = read_document(folder)
    run, plugin = document.run, find_method(document.run.method)
    if plugin.card.version != run.method_version:
        raise DataError(
            "The installed version of the model's method differs and may judge differently.",
            where=folder,
            expected=f"{run.method} version {run.method_version}",
            found=f"version {plugin.card.version}",
            remedy="Use the version of aqa-bench that saved the model, or save the model again.",
        )
    if run.code is not None and computing_code(plugin.factory, ()).digest().method != run.code.method:
        _log.warning("the code of %s has changed since the model was saved: %s", run.method, folder)
    return SavedModel(folder, document, plugin)


def combined(
    saved: SavedTask, names: Sequence[str], scores: Array, warnings: Sequence[tuple[str, ...]]
) -> list[Judgement]:
    """Judgements of samples by several fits: means of scores, thresholds and shares of val scores.

    Args:
        saved: The task.
        names: ``n`` names.
        scores: ``(folds, n)``.
        warnings: ``n`` lists of warnings.
    """
    thresholds = [fold.threshold for fold in saved.folds if fold.threshold is not None]
    threshold = float(np.mean(thresholds)) if thresholds else None
    shares = val_shares(saved.folds, scores)
    means = scores.mean(axis=0) if len(scores) > 1 else scores[0]
    return [
        Judgement(
            name,
            saved.task.id,
            float(mean),
            threshold,
            None if threshold is None else bool(mean >= threshold),
            None if share is None else float(share),
            warned,
        )
        for name, mean, share, warned in zip(names, means, shares, warnings, strict=True)
    ]


def val_shares(folds: Sequence[Fold], scores: Array) -> Sequence[float | None]:
    """For each sample the mean over the fits with val of the share of val scores not above its own."""
    known = [
        np.searchsorted(fold.val_scores, row, side="right") / len(fold.val_scores)
        for fold, row in zip(folds, scores, strict=True)
        if fold.val_scores
    ]
    return np.mean(known, axis=0).tolist() if known else [None] * scores.shape[1]


def _is_of(saved: SavedTask, media: Media) -> bool:
    still = media.length == 1
    return still == (saved.task.unit is Unit.IMAGE)
