"""A saved model on a dataset: on its run's own, each fit judges its own samples, as it did in the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality, Unit
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.feature_folder import FeatureFolder
from aqa_bench.protocol.imported_features import FeaturedDataset
from aqa_bench.protocol.keypoints import KeypointDataset, open_keypoints
from aqa_bench.protocol.regions import cut_out, region_of
from aqa_bench.protocol.saved.document import Fold, SavedTask
from aqa_bench.protocol.saved.inputs import unlike
from aqa_bench.protocol.saved.model import Judgement, SavedModel, combined, val_shares
from aqa_bench.protocol.worker.plain_recipe import PlainRecipe
from aqa_bench.protocol.worker.session import Launcher, forked

__all__ = ["judge_dataset"]

Part = Literal["train", "val", "test"]


def judge_dataset(
    model: SavedModel,
    name: str,
    part: Part = "test",
    *,
    tasks: Sequence[str] = (),
    keypoints: str | None = None,
    features: str | None = None,
    device: str = "auto",
    launch: Launcher = forked,
    progress: Progress | None = None,
) -> list[Judgement]:
    """Judge one part of a dataset.

    On the very data of the model's run each fit judges the part of its own split, and gives the run's own
    scores to the last digit. On other data all fits judge every sample, as they do files.

    Args:
        model: The model.
        name: Dataset id.
        part: Part of the splits.
        tasks: Task ids; by default those that model and dataset have in common.
        keypoints: Folder of poses that take the place of the dataset's own.
        features: Folder of features, for methods that read them.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        launch: Starts the workers.
        progress: Where to report.

    Raises:
        UsageError: Dataset or task do not exist, or dataset and model have no task in common.
        DataError: The dataset is not prepared, or cannot be read.
    """
    run = model.document.run
    dataset = open_dataset(name)
    own = (dataset.card.id, dataset.fingerprint()) == (run.dataset, run.dataset_fingerprint)
    dataset = _shown(model, dataset, keypoints, features)
    known = {task.id for task in dataset.card.tasks}
    chosen = [saved for saved in model.chosen(tasks) if saved.task.id in known]
    if not chosen:
        raise UsageError(
            "Model and dataset have no task in common.",
            where=dataset.card.id,
            expected=", ".join(saved.task.id for saved in model.document.tasks),
            found=", ".join(sorted(known)),
        )
    _materialise(model, dataset, chosen, progress or NullProgress())
    judged: list[Judgement] = []
    for saved in chosen:
        custodian = Custodian(dataset, saved.task.id)
        scheme = run.scheme if own else dataset.card.schemes[0].id
        splits = {split.id: split for split in dataset.splits(saved.task.id, scheme)}

        def scores(folds: Sequence[Fold], ids: Sequence[str], saved: SavedTask = saved) -> np.ndarray:
            return model.scores(
                saved,
                folds,
                custodian.bare(ids),  # noqa: B023 - called within the same turn
                device=device,
                launch=launch,
                progress=progress,
                exact=dataset.card.exact,
            )

        if own:
            for fold in saved.folds:
                ids, wanted = _asked(custodian, splits[fold.split], part)
                judged += _alone(saved, fold, ids, scores([fold], ids)[0], wanted)
            continue
        named = dict.fromkeys(i for split in splits.values() for i in getattr(split, part))
        ids = custodian.available(list(named))
        if not ids:
            continue
        media = dataset.samples(saved.task.id)
        warnings = [tuple(unlike(media[i].media, model.document.input)) for i in ids]
        judged += combined(saved, ids, scores(saved.folds, ids), warnings)
    return judged


def _asked(custodian: Custodian, split: Split, part: Part) -> tuple[Sequence[str], frozenset[str]]:
    """Samples to be judged together, and those of them that are asked for.

    Val and test in the run's own order: the last digits of a network's outputs depend on who stands beside
    whom.
    """
    if part == "train":
        ids = custodian.available(split.train)
        return ids, frozenset(ids)
    ids = (*custodian.available(split.val), *custodian.available(split.test))
    return ids, frozenset(getattr(split, part))


def _alone(
    saved: SavedTask, fold: Fold, ids: Sequence[str], scores: np.ndarray, wanted: frozenset[str]
) -> list[Judgement]:
    shares = val_shares([fold], scores[None])
    return [
        Judgement(
            name,
            saved.task.id,
            float(score),
            fold.threshold,
            None if fold.threshold is None else bool(score >= fold.threshold),
            share,
            fold=fold.split,
        )
        for name, score, share in zip(ids, scores, shares, strict=True)
        if name in wanted
    ]


def _shown(model: SavedModel, dataset: Dataset, keypoints: str | None, features: str | None) -> Dataset:
    from pathlib import Path

    run = model.document.run
    if features is not None:
        dataset = FeaturedDataset(dataset, FeatureFolder(Path(features).expanduser()))
    if keypoints is not None:
        people = None if run.keypoints is None else run.keypoints.people
        dataset = KeypointDataset(dataset, open_keypoints(keypoints, people))
    return cut_out(dataset, region_of(PlainRecipe.of(run.hyperparameters, str(model.folder))))


def _materialise(
    model: SavedModel, dataset: Dataset, chosen: Sequence[SavedTask], progress: Progress
) -> None:
    stills = {saved.task.unit is Unit.IMAGE for saved in chosen}
    unseen = {Modality.FRAMES} if False not in stills else {Modality.IMAGE} if True not in stills else set()
    dataset.materialise((model.plugin.card.modalities & dataset.card.provides) - unseen, progress)
