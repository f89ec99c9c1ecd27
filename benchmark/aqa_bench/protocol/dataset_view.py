"""A dataset that answers as another one does, but for what a subclass changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aqa_bench.core.dataset import Audit, Dataset, LifterClips
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality

__all__ = ["DatasetView"]


class DatasetView(Dataset):
    """A dataset behind which another one stands; what is not overridden is that one's own.

    Args:
        dataset: The dataset.
        card: The card that the view shows.
    """

    def __init__(self, dataset: Dataset, card: DatasetCard) -> None:
        self.card = card
        self._dataset = dataset

    def fingerprint(self) -> str:
        """The dataset's own: what was put in its place is told elsewhere in a run's identity."""
        return self._dataset.fingerprint()

    def samples(self, task: str) -> Mapping[str, Sample]:
        """The dataset's own."""
        return self._dataset.samples(task)

    def targets(self, task: str) -> Mapping[str, float]:
        """The dataset's own."""
        return self._dataset.targets(task)

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The dataset's own."""
        return self._dataset.splits(task, scheme)

    def strata(self, task: str) -> Mapping[str, str]:
        """The dataset's own."""
        return self._dataset.strata(task)

    def lifters(self) -> LifterClips | None:
        """The dataset's own."""
        return self._dataset.lifters()

    def expected(self, task: str) -> int:
        """The dataset's own."""
        return self._dataset.expected(task)

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """The dataset's own."""
        return self._dataset.unlabeled(task, held_out)

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """As the dataset does."""
        self._dataset.materialise(needs, progress, pool)

    def audit(self, progress: Progress | None = None) -> Audit:
        """The dataset's own."""
        return self._dataset.audit(progress)
