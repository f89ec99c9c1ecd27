"""The contract of a dataset: samples, targets, splits, and an audit of what is on disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.condition import Condition
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.dataset_id import family_of
from aqa_bench.core.errors import DataError
from aqa_bench.core.guard import refused_to_methods
from aqa_bench.core.own import OwnTable
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import FloatArray, Sample, UInt8Array
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality

__all__ = [
    "Added",
    "Adds",
    "Audit",
    "Coverage",
    "Dataset",
    "DatasetFamily",
    "LifterClip",
    "LifterClips",
    "Renders",
    "SplitCount",
    "TaskAudit",
    "not_prepared",
]


class SplitCount(BaseModel):
    """Size of one part of a split; ``positive`` and ``floor`` are None for score tasks."""

    model_config = ConfigDict(extra="forbid")

    n: int
    positive: int | None = None
    floor: float | None = None


class TaskAudit(BaseModel):
    """Sizes of a task's parts in its default scheme (its first split)."""

    model_config = ConfigDict(extra="forbid")

    splits: dict[str, SplitCount]


class Coverage(BaseModel):
    """How much of the release is available."""

    model_config = ConfigDict(extra="forbid")

    expected: int
    found: int
    missing: list[str] = Field(default_factory=list)
    unreadable: list[str] = Field(default_factory=list)
    extra: int = 0


class Audit(BaseModel):
    """Outcome of ``dataset verify``.

    Attributes:
        dataset: Dataset id.
        fingerprint: Hash of content that runs depend on.
        ok: Whether every task can be run as published.
        tasks: Sizes per task.
        coverage: Files expected and found.
        groups_across_splits: Groups that stand in two parts of a split of the default scheme.
        duplicates: Sets of sample ids whose media are byte-identical.
        notes: Everything else a user should know, in sentences.
        details: Measurements, by name.
    """

    model_config = ConfigDict(extra="forbid")

    dataset: str
    fingerprint: str
    ok: bool
    tasks: dict[str, TaskAudit]
    coverage: Coverage
    groups_across_splits: int = 0
    duplicates: list[list[str]] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    details: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LifterClip:
    """Frames with the joints of the person whose performance is judged.

    Attributes:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        keypoints: ``(T, 17, 3)`` float32 in the layout coco-17: x, y in pixels, and confidence.
    """

    frames: UInt8Array
    keypoints: FloatArray


class LifterClips(Protocol):
    """Clips that belong to no task and no pool, to train and test a finder of the lifter on."""

    @property
    def name(self) -> str:
        """Names the clips: equal names, equal clips."""
        ...

    @property
    def finder(self) -> Path | None:
        """A finder that learned from these clips and comes with the dataset; None where none does."""
        ...

    def clips(self, start: int, stop: int, frames: int) -> Iterator[LifterClip]:
        """Some frames, spread evenly, of the clips of these numbers; each shows another person."""
        ...


class Dataset(ABC):
    """One dataset id, opened on data that are available.

    Attributes:
        card: Its card.
    """

    card: DatasetCard

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("samples", "targets", "splits", "unlabeled", "conditions"):
            if name in cls.__dict__:
                setattr(cls, name, refused_to_methods(cls.__dict__[name]))

    @abstractmethod
    def fingerprint(self) -> str:
        """Hex SHA-256 of the content that results depend on: media or their annotations, and labels."""

    @abstractmethod
    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every sample of a task by id, in the release's order."""

    @abstractmethod
    def targets(self, task: str) -> Mapping[str, float]:
        """Target of every sample of a task: 1 = error, 0 = none; or the score. Read by the runner only."""

    @abstractmethod
    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The splits of a task under a scheme of the card."""

    def strata(self, task: str) -> Mapping[str, str]:
        """Stratum of every sample of a score task, e.g. a dive's difficulty; empty where there are none.

        Within them rank correlation is printed a second time, since the stratum alone may tell much of
        the score.
        """
        return {}

    def conditions(self, task: str) -> Sequence[Condition]:
        """What is measured of a binary task's samples beside their labels, e.g. the camera's angle.

        Boards split results by them. Methods never see them.
        """
        return ()

    def error_spans(self, task: str) -> Mapping[str, Sequence[tuple[float, float]]]:
        """When an error shows, for figures: start and end in seconds by sample id; none where not known.

        They are labels: no method sees them.
        """
        return {}

    def lifters(self) -> LifterClips | None:
        """Clips of its own to train a finder of the lifter on; None where a dataset has none to spare."""
        return None

    def expected(self, task: str) -> int:
        """Number of samples the task's splits name, whether or not their media are available."""
        return len(self.samples(task))

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Samples for self-supervision.

        Args:
            task: The task that will be judged.
            held_out: Ids of its val and test samples.

        Returns:
            Samples that are not held out and, save where a scheme of the dataset shares groups between
            its parts, share no group with a val or test sample of any task of the exercise.
        """
        return ()

    def materialise(  # noqa: B027 - most need nothing
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Make media readable before a method is fitted, e.g. render what is generated on first use.

        Args:
            needs: Modalities that the method will read of the tasks' samples.
            progress: Where to report.
            pool: Modalities that it will read of unlabelled samples; empty where it reads none.
        """

    @abstractmethod
    def audit(self, progress: Progress | None = None) -> Audit:
        """Compare what is on disk with what was published."""


class DatasetFamily(Protocol):
    """Opens and prepares the datasets of one plug-in."""

    def open(self, dataset: str, home: Path) -> Dataset:
        """Open a dataset id on the family's data folder.

        Args:
            dataset: Id of one of the family's cards, followed by ``@preset`` where that is not the
                default one. The dataset's own card has the same id.
            home: The family's data folder.

        Raises:
            DataError: It has not been prepared there, or what is there is damaged.
        """
        ...

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Make data ready: index the sources, or generate or fetch them.

        Args:
            dataset: Dataset id as for :meth:`open`, or None for the whole family.
            sources: Folders or archives that hold the release.
            home: The family's data folder, made when missing.
            options: Options of the family, e.g. ``extract``.
            progress: Where to report.

        Returns:
            Sentences that say what was done.

        Raises:
            DataError: Nothing usable was found; what can be used is kept all the same.
        """
        ...


@dataclass(frozen=True, slots=True)
class Added:
    """An own dataset that was added.

    Attributes:
        card: Its card.
        facts: What was found, for a program.
        lines: The same in sentences, for a person.
    """

    card: DatasetCard
    facts: Mapping[str, Any]
    lines: Sequence[str]


@runtime_checkable
class Adds(Protocol):
    """A family whose datasets a person adds as tables."""

    def add(self, request: OwnTable, home: Path, progress: Progress) -> Added:
        """Check a table and its media, and keep them as a dataset. Media stay where they are.

        Args:
            request: What is added.
            home: The family's data folder, made when missing.
            progress: Where to report.

        Raises:
            UsageError: There is a dataset of that name, or an option has an unknown value.
            DataError: A row, label or file cannot be used; nothing is kept then.
        """
        ...


@runtime_checkable
class Renders(Protocol):
    """A family that draws its media itself, on the CPU or a GPU."""

    def render(
        self,
        dataset: str | None,
        home: Path,
        progress: Progress,
        *,
        device: str,
        jobs: int | None,
        role: str | None = None,
    ) -> Sequence[str]:
        """Draw what is not there yet, as :meth:`DatasetFamily.prepare` does.

        Args:
            dataset: Dataset id as for :meth:`DatasetFamily.open`, or None for the whole family.
            home: The family's data folder, made when missing.
            progress: Where to report.
            device: ``cpu``, ``cuda`` or ``cuda:N``.
            jobs: Processes; one for each processor where None. What is written is the same.
            role: ``labelled`` or ``unlabelled`` clips alone; both where None.

        Returns:
            Sentences that say what was done.
        """
        ...

    def render_specimen(self, size: int, device: str) -> UInt8Array:
        """One clip, drawn anew at every call, so that devices can be compared and timed.

        Args:
            size: Side of the frames in pixels.
            device: ``cpu``, ``cuda`` or ``cuda:N``.

        Returns:
            ``(T, size, size, 3)`` uint8 RGB: the same clip on every device but for rounding.
        """
        ...


def not_prepared(dataset: str, home: Path, expected: str) -> DataError:
    """The error for data that are not available."""
    family = family_of(dataset)
    return DataError(
        f"{dataset} has not been prepared.",
        where=home,
        expected=expected,
        found="no prepared data",
        remedy=f"aqa-bench dataset prepare {family} --source PATH (how to get it: dataset info {dataset})",
    )
