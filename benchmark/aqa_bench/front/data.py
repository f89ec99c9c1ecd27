"""A dataset as a notebook wants it: samples of a part, arrays, train and val targets, a PyTorch dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import UsageError
from aqa_bench.core.lookup import find
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_scheme, find_task, open_dataset
from aqa_bench.core.sample import Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality, Task, Unit
from aqa_bench.front.arrays import Form, array_of

if TYPE_CHECKING:
    import pandas as pd

    from aqa_bench.front.clips import Clips

__all__ = ["LoadedDataset", "Samples", "load_dataset"]

_PARTS = ("train", "val", "test")
_READABLE = (Modality.FRAMES, Modality.KEYPOINTS, Modality.DISTANCES, Modality.JOINTS_3D, Modality.FEATURES)


def load_dataset(dataset: str) -> LoadedDataset:
    """Open a dataset in this machine's data folder.

    Args:
        dataset: Dataset id, with ``@preset`` for another preset of generated data.

    Raises:
        UsageError: There is no such dataset or preset; the nearest one is suggested.
        DataError: Its data have not been prepared, or are damaged.

    Example:
        >>> import aqa_bench as aqa
        >>> data = aqa.load_dataset("stick-figures/shoulder-press")
        >>> data
        stick-figures/shoulder-press: tasks form; schemes folds, one-class, one-class-clean, one-class-leaky
        >>> train = data.samples("form", "train")
        >>> train.to_numpy(frames=8).shape
        (36, 8, 17, 3)
    """
    return LoadedDataset(open_dataset(dataset))


@dataclass(frozen=True)
class Samples:
    """Samples of one part of a split, in the release's order.

    Attributes:
        dataset: The dataset that they belong to.
        task: The task.
        part: ``train``, ``val`` or ``test``; None for all samples.
        items: The samples. They carry no label.
    """

    dataset: Dataset
    task: Task
    part: str | None
    items: tuple[Sample, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.items)

    def __getitem__(self, place: int) -> Sample:
        return self.items[place]

    def __repr__(self) -> str:
        where = "all samples" if self.part is None else self.part
        return f"{len(self)} samples of {self.dataset.card.id}, {self.task.id}, {where}"

    @property
    def ids(self) -> list[str]:
        """Ids of the samples, the release's own."""
        return [sample.id for sample in self.items]

    @property
    def targets(self) -> npt.NDArray[np.float64]:
        """``(n,)`` float64: 1 = error and 0 = none for binary tasks, the score otherwise.

        Raises:
            UsageError: The samples are not of train or val.
        """
        if self.part not in ("train", "val"):
            raise _withheld(self.dataset.card.id)
        known = self.dataset.targets(self.task.id)
        return np.array([known[sample.id] for sample in self.items], dtype=np.float64)

    @property
    def table(self) -> pd.DataFrame:
        """Columns ``sample_id``, ``group`` and, for train and val, ``target``."""
        import pandas as pd

        columns: dict[str, Any] = {"sample_id": self.ids, "group": [sample.group for sample in self.items]}
        return pd.DataFrame(columns | ({"target": self.targets} if self.part in ("train", "val") else {}))

    def to_numpy(
        self, modality: str | None = None, *, frames: int = 16, size: int = 112, layout: str = "coco-17"
    ) -> npt.NDArray[Any]:
        """Return the samples' media as one array.

        Args:
            modality: ``frames``, ``image``, ``keypoints``, ``distances``, ``joints-3d`` or ``features``; by
                default the first of these that the task has.
            frames: Evenly spaced frames per clip.
            size: Side in pixels to which pictures are resized.
            layout: Joint order of keypoints.

        Returns:
            ``(n, frames, size, size, 3)`` uint8 for frames, ``(n, size, size, 3)`` uint8 for images,
            ``(n, frames, V, 3)`` float32 for keypoints (x and y in pixels, confidence), ``(n, frames, D)``
            float32 for distances and features in time.

        Raises:
            UsageError: The samples do not have that, or do not fit into one array.
            DataError: Media cannot be read.
        """
        form = self.form(modality, frames, size, layout)
        arrays = [array_of(sample, form) for sample in self.items]
        if len({array.shape for array in arrays}) > 1:
            raise UsageError(
                "The samples have different shapes and do not fit into one array.",
                where=repr(self),
                expected="arrays of the same shape",
                found=", ".join(sorted({str(array.shape) for array in arrays})[:3]),
                remedy="Read them one by one: sample.media has every modality.",
            )
        return np.stack(arrays) if arrays else np.empty(0, dtype=np.float32)

    def torch(
        self, modality: str | None = None, *, frames: int = 16, size: int = 112, layout: str = "coco-17"
    ) -> Clips:
        """Return the samples as a PyTorch dataset; arguments as for :meth:`to_numpy`.

        Raises:
            UsageError: The samples do not have that, or PyTorch is not installed.
        """
        form = self.form(modality, frames, size, layout)
        try:
            from aqa_bench.front.clips import Clips
        except ImportError as error:
            raise UsageError(
                "A PyTorch dataset needs PyTorch.",
                expected="torch",
                found=f"no {error.name}",
                remedy='pip install "aqa-bench[train]"; to_numpy does not need it.',
            ) from error
        return Clips(self.items, form, self.targets if self.part in ("train", "val") else None)

    def form(self, modality: str | None, frames: int, size: int, layout: str) -> Form:
        """What to read of each sample; media that are made on first use are made here."""
        if not all(isinstance(count, Integral) and count >= 1 for count in (frames, size)):
            raise UsageError(
                "There is nothing to read.",
                expected="frames and size: whole numbers >= 1",
                found=f"{frames!r}, {size!r}",
            )
        offered = self.dataset.card.provides - self.task.withheld
        pictures = Modality.IMAGE if self.task.unit is Unit.IMAGE else Modality.FRAMES
        there = {m.value: m for m in (pictures, *_READABLE[1:]) if m in offered}
        if not there:
            raise UsageError(
                "The samples have no data that fit into an array.",
                where=self.dataset.card.id,
                expected=", ".join(_READABLE),
                found=", ".join(sorted(offered)) or "nothing",
            )
        name = modality or next(iter(there))
        chosen = find(there, name, "readable modality of these samples", "aqa-bench list datasets")
        self.dataset.materialise(frozenset({chosen}), NullProgress())
        return Form(chosen, frames, size, layout)


class LoadedDataset:
    """A dataset, opened.

    Test labels stay with the runner: samples carry none, and :meth:`targets` returns only those of train
    and val. (The labels are on the user's own disk, and the splits of a cross-validation test every sample
    once, so this only guards against mistakes.)

    Args:
        dataset: The dataset.

    Attributes:
        dataset: The same, for everything that is not offered here.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __repr__(self) -> str:
        schemes = ", ".join(scheme.id for scheme in self.card.schemes)
        return f"{self.card.id}: tasks {', '.join(self.tasks)}; schemes {schemes}"

    @property
    def card(self) -> DatasetCard:
        """Licence, source, citation, tasks and schemes."""
        return self.dataset.card

    @property
    def tasks(self) -> list[str]:
        """Ids of the tasks."""
        return [task.id for task in self.card.tasks]

    def splits(self, task: str | None = None, scheme: str | None = None) -> Mapping[str, Split]:
        """Splits of a task under a scheme by their names, e.g. ``r0f3``.

        Args:
            task: Task id; the dataset's first by default.
            scheme: Split scheme; the dataset's first by default.

        Raises:
            UsageError: There is no such task or scheme.
        """
        chosen = self._task(task)
        rule = find_scheme(self.card, scheme or self.card.schemes[0].id)
        return {split.id: split for split in self.dataset.splits(chosen.id, rule.id)}

    def samples(
        self,
        task: str | None = None,
        split: str | None = None,
        *,
        scheme: str | None = None,
        fold: str | None = None,
    ) -> Samples:
        """Samples of a task whose media are available.

        Args:
            task: Task id; the dataset's first by default.
            split: ``train``, ``val`` or ``test``; all samples by default.
            scheme: Split scheme; the dataset's first by default.
            fold: Name of a split of the scheme, e.g. ``r0f3``; its first by default.

        Raises:
            UsageError: There is no such task, scheme, fold or part.
        """
        chosen = self._task(task)
        known = self.dataset.samples(chosen.id)
        ids: Sequence[str] = list(known)
        if split is not None:
            part = find({name: name for name in _PARTS}, split, "part of a split", "train, val, test")
            wanted = frozenset(getattr(self._split(chosen, scheme, fold), part))
            ids = [name for name in known if name in wanted]
        return Samples(self.dataset, chosen, split, tuple(known[name] for name in ids))

    def targets(
        self,
        task: str | None = None,
        split: str = "train",
        *,
        scheme: str | None = None,
        fold: str | None = None,
    ) -> dict[str, float]:
        """Return targets of train or val samples by id; arguments as for :meth:`samples`.

        Raises:
            UsageError: They are those of test, or there is no such task, scheme or fold.
        """
        if split not in ("train", "val"):
            raise _withheld(self.card.id)
        samples = self.samples(task, split, scheme=scheme, fold=fold)
        return dict(zip(samples.ids, samples.targets.tolist(), strict=True))

    def unlabelled(
        self, task: str | None = None, *, scheme: str | None = None, fold: str | None = None
    ) -> tuple[Sample, ...]:
        """Return samples for training without labels: none of val or test, and none of their groups.

        Raises:
            UsageError: There is no such task, scheme or fold.
        """
        chosen = self._task(task)
        split = self._split(chosen, scheme, fold)
        return tuple(self.dataset.unlabeled(chosen.id, frozenset((*split.val, *split.test))))

    def torch(
        self,
        split: str | None = None,
        *,
        task: str | None = None,
        scheme: str | None = None,
        fold: str | None = None,
        modality: str | None = None,
        frames: int = 16,
        size: int = 112,
        layout: str = "coco-17",
    ) -> Clips:
        """Return a part as a PyTorch dataset; arguments as :meth:`samples` and :meth:`Samples.to_numpy`.

        Raises:
            UsageError: As :meth:`samples` and :meth:`Samples.torch`.
        """
        samples = self.samples(task, split, scheme=scheme, fold=fold)
        return samples.torch(modality, frames=frames, size=size, layout=layout)

    def _task(self, task: str | None) -> Task:
        return self.card.tasks[0] if task is None else find_task(self.card, task)

    def _split(self, task: Task, scheme: str | None, fold: str | None) -> Split:
        known = self.splits(task.id, scheme)
        name = next(iter(known)) if fold is None else fold
        return find(known, name, f"split of {self.card.id}", "splits()")


def _withheld(dataset: str) -> UsageError:
    return UsageError(
        "Test labels stay with the runner.",
        where=dataset,
        expected="train or val",
        found="test samples",
        remedy="To score predictions on them, use aqa.evaluate.",
    )
