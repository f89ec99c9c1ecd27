"""Label custody: what a method is shown of a dataset.

Sample ids and groups become tokens that are salted anew for every run, since some releases write the label
into the file name; and the order is shuffled, since some sort by it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.sample import FloatArray, LabeledSet, Media, Sample, Trajectory, UInt8Array
from aqa_bench.core.task import TaskKind

__all__ = ["Custodian", "checked_scores"]


class _SealedMedia(Media):
    """Media whose origin (path, id) is out of reach of ordinary code."""

    def __init__(self, media: Media) -> None:
        self.provides = media.provides
        self._ask: Callable[[], Media] = lambda: media

    def __repr__(self) -> str:
        return "sealed media"

    @property
    def length(self) -> int:
        return self._ask().length

    @property
    def content_key(self) -> str:
        return self._ask().content_key

    def draw_seed(self, name: str) -> int:
        return self._ask().draw_seed(name)

    @property
    def fps(self) -> float | None:
        return self._ask().fps

    @property
    def attributes(self) -> Mapping[str, float | str]:
        return dict(self._ask().attributes)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        return self._ask().frames(indices, size)

    def image(self, size: int | None = None) -> UInt8Array:
        return self._ask().image(size)

    def keypoints(self, layout: str) -> FloatArray:
        return self._ask().keypoints(layout)

    def joints_3d(self, layout: str) -> FloatArray:
        return self._ask().joints_3d(layout)

    def distances(self) -> FloatArray:
        return self._ask().distances()

    def trajectory(self) -> Trajectory:
        return self._ask().trajectory()

    def bar_boxes(self) -> FloatArray:
        return self._ask().bar_boxes()

    def features(self) -> FloatArray:
        return self._ask().features()


class Custodian:
    """Hands out the samples and targets of one task.

    Args:
        dataset: The dataset.
        task: Task id.
        salt: What tokens are salted with, one for all tasks of a run; drawn by default.

    Attributes:
        salt: The salt.
    """

    def __init__(self, dataset: Dataset, task: str, salt: bytes | None = None) -> None:
        self._name = dataset.card.id
        self.salt = secrets.token_bytes(16) if salt is None else salt
        self._samples = dataset.samples(task)
        self._targets = dataset.targets(task)
        self._ranks = self._ranked(())

    def available(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The ids whose media are available, shuffled: in the same order in every run."""
        return tuple(sorted((i for i in ids if i in self._samples), key=self._place))

    def labeled(self, ids: Sequence[str]) -> LabeledSet:
        """Sealed samples with their targets."""
        known = self.available(ids)
        targets = np.array([self._targets[i] for i in known], dtype=np.float64)
        return LabeledSet(tuple(self.seal(self._samples[i]) for i in known), targets)

    def bare(self, ids: Sequence[str]) -> tuple[Sample, ...]:
        """Sealed samples without targets, in the order of ``ids``."""
        return tuple(self.seal(self._samples[i]) for i in ids)

    def everyone(self) -> tuple[Sample, ...]:
        """All samples of the task, sealed and without targets, shuffled: in the same order in every run."""
        return self.bare(self.available(tuple(self._samples)))

    def pool(
        self, samples: Sequence[Sample], held_out: frozenset[str], where: str, *, shares_groups: bool = False
    ) -> tuple[Sample, ...]:
        """Sealed unlabelled samples, shuffled.

        Args:
            samples: The unlabelled samples.
            held_out: Ids of the val and test samples.
            where: Dataset, task and split, for the error.
            shares_groups: Whether the scheme lets groups stand in several parts.

        Raises:
            DataError: One of them, or (unless ``shares_groups``) its group, is held out.
        """
        groups = {self._samples[i].group for i in held_out if i in self._samples and not shares_groups}
        leaks = [s.id for s in samples if s.id in held_out or s.group in groups]
        if leaks:
            raise DataError(
                "The unlabelled samples overlap with held-out samples.",
                where=where,
                expected="no samples from val or test" if shares_groups else "no groups from val or test",
                found=f"{len(leaks)} of them, e.g. {leaks[0]}",
                remedy="Report the dataset's adapter as a bug.",
            )
        self._ranks = self._ranked(sample.group for sample in samples)
        return tuple(self.seal(s) for s in sorted(samples, key=lambda s: self._place(s.id)))

    def seal(self, sample: Sample) -> Sample:
        """A sample whose id and group are tokens; sorted, those of groups stand in one order in every run."""
        group = f"g{self._ranks[sample.group]:06x}{self._token(sample.group)[:10]}"
        return Sample("s" + self._token(sample.id), group, _SealedMedia(sample.media))

    def _token(self, name: str) -> str:
        return hmac.new(self.salt, f"{self._name}\x1f{name}".encode(), "sha256").hexdigest()[:16]

    def _place(self, name: str) -> str:
        """Where a name stands in the order, which no salt changes: honest methods predict the same again."""
        return hashlib.sha256(f"{self._name}\x1f{name}".encode()).hexdigest()[:16]

    def _ranked(self, groups: Iterable[str]) -> dict[str, int]:
        known = {sample.group for sample in self._samples.values()} | {*groups}
        return {group: rank for rank, group in enumerate(sorted(known, key=self._place))}


def checked_scores(
    scores: object, n: int, kind: TaskKind, method: str, where: str
) -> npt.NDArray[np.float64]:
    """A predictor's answer as ``(n,)`` float64.

    Raises:
        MethodError: It is not n finite numbers.
    """
    try:
        array: npt.NDArray[Any] = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _refused(method, where, f"{n} numbers", type(scores).__name__) from error
    if array.shape != (n,):
        raise _refused(method, where, f"scores of shape ({n},)", f"shape {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise _refused(
            method,
            where,
            "finite scores",
            f"{bad.size} not finite, the first at index {bad[0]}: {array[bad[0]]}",
        )
    if kind is not TaskKind.SCORE and (array.min() < 0 or array.max() > 1):
        raise _refused(
            method,
            where,
            "error scores in [0, 1], with 0.5 as the method's own threshold",
            f"{array.min():g} to {array.max():g}",
        )
    return array


def _refused(method: str, where: str, expected: str, found: str) -> MethodError:
    return MethodError(
        f"Method {method!r} returned scores that cannot be used.",
        where=where,
        expected=expected,
        found=found,
        remedy="Correct the method's predict; nothing was written.",
    )
