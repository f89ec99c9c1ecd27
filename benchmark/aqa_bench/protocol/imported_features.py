"""A dataset whose samples offer features from files in place of media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.progress import Progress
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import FloatArray, Media, Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.protocol.dataset_view import DatasetView
from aqa_bench.protocol.feature_folder import FeatureFolder

__all__ = ["FeaturedDataset", "bind_features", "with_features"]

_SHOWN = 3


def bind_features(method: MethodCard, recipe: Recipe) -> tuple[Recipe, FeatureFolder | None]:
    """Open the features that a recipe names.

    Args:
        method: Card of the recipe's method.
        recipe: Its hyper-parameters.

    Returns:
        The recipe with the manifest's hash in place of the folder's path, and the features; the recipe
        as it is and None for methods that read media.

    Raises:
        UsageError: The recipe names no features.
        DataError: They cannot be opened, or are others than those whose hash the recipe names.
    """
    if Modality.FEATURES not in method.needs:
        return recipe, None
    path, sha256 = getattr(recipe, "path", None), getattr(recipe, "sha256", None)
    if not path:
        raise UsageError(
            f"Method {method.id!r} needs features.",
            expected="--features DIR, a folder with manifest.json and the arrays that it lists",
            found="none",
            remedy="aqa-bench features export writes such a folder for an image method.",
        )
    folder = FeatureFolder(Path(str(path)).expanduser())
    if sha256 not in (None, folder.sha256):
        raise DataError(
            "These features are not the ones that the recipe names.",
            where=folder.path,
            expected=f"a manifest of SHA-256 {sha256}",
            found=folder.sha256,
            remedy="Pass the right folder, or remove sha256.",
        )
    return recipe.model_copy(update={"path": None, "sha256": folder.sha256}), folder


def with_features(card: DatasetCard, features: FeatureFolder) -> DatasetCard:
    """A dataset's card that says that its samples have features.

    Raises:
        DataError: The features belong to another dataset.
    """
    if features.manifest.dataset not in (None, card.id):
        raise DataError(
            "The features belong to another dataset.",
            where=features.path,
            expected=card.id,
            found=features.manifest.dataset,
            remedy="Pass the features of this dataset, or choose the other dataset with --dataset.",
        )
    return card.model_copy(update={"provides": card.provides | {Modality.FEATURES}})


@dataclass(frozen=True, slots=True)
class _FeatureMedia(Media):
    """Features of one sample, read when asked for; its own media are not shown."""

    media: Media
    folder: FeatureFolder
    sample: str

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        return frozenset({Modality.FEATURES})

    @property
    def length(self) -> int:
        return self.media.length

    @property
    def fps(self) -> float | None:
        return self.media.fps

    @property
    def content_key(self) -> str:
        return sha256_bytes(f"{self.folder.sha256}\x1f{self.sample}".encode())

    def features(self) -> FloatArray:
        return self.folder.read(self.sample)


class FeaturedDataset(DatasetView):
    """A dataset with features in place of its media; labels and splits are its own.

    Args:
        dataset: The dataset.
        features: Features of at least every sample available that a split names.
    """

    def __init__(self, dataset: Dataset, features: FeatureFolder) -> None:
        super().__init__(dataset, with_features(dataset.card, features))
        self._features = features

    def samples(self, task: str) -> Mapping[str, Sample]:
        """The dataset's samples that have features.

        Use :meth:`check_coverage` first, where none may be without.
        """
        return {
            name: Sample(sample.id, sample.group, _FeatureMedia(sample.media, self._features, name))
            for name, sample in self._dataset.samples(task).items()
            if name in self._features.ids
        }

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Nothing: features are of the samples that the tasks judge."""
        return ()

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Check every array that a run may read.

        Raises:
            DataError: One is missing, changed or unfit.
        """
        self._dataset.materialise(needs - {Modality.FEATURES}, progress, pool)
        named = {name for task in self.card.tasks for name in self.samples(task.id)}
        self._features.verify(sorted(named), progress)

    def check_coverage(self, task: str, splits: Sequence[Split]) -> None:
        """Make sure that every sample available that a split names has features.

        Raises:
            DataError: Some have none.
        """
        named = {i for split in splits for part in (split.train, split.val, split.test) for i in part}
        wanted = sorted(named & self._dataset.samples(task).keys())
        missing = [name for name in wanted if name not in self._features.ids]
        if missing:
            raise DataError(
                "Some samples of the task have no features.",
                where=f"{self.card.id} {task}, {self._features.path}",
                expected=f"features for all {len(wanted)} samples",
                found=f"{len(missing)} without, e.g. {', '.join(missing[:_SHOWN])}",
                remedy="Add them, or run with --task on tasks that the features cover.",
            )
