"""Splits: which samples a method is fitted, tuned and judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes

__all__ = ["Scheme", "Split", "check_repeats", "check_split", "splits_fingerprint"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A named way to split a task.

    Attributes:
        id: Short id, e.g. ``folds`` or ``official``.
        description: The rule in one sentence.
        honest: False where the protocol itself shows test labels to the method. Such rows are
            printed apart and never ranked with the others.
        primary: Metric that ranks methods under this scheme, where it is not the task's own.
        shares_groups: True where the protocol lets a group stand in several parts, e.g. an event whose
            dives are dealt out at random. Its description says so to the reader, and the pool of
            unlabelled samples then has to avoid held-out samples, not their groups.
    """

    id: str
    description: str
    honest: bool = True
    primary: str | None = None
    shares_groups: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """One partition of sample ids.

    Test scores of the folds of one repeat are pooled before a metric is computed; metrics are then
    averaged over repeats.

    Attributes:
        repeat: Number of the repeat.
        fold: Number of the fold within the repeat.
        train: Ids that methods are fitted on.
        val: Ids that thresholds and models are selected on; may be empty.
        test: Ids that methods are judged on.
        leaked: Ids, test ids among them, whose labels the scheme shows to the method. Empty in
            every honest scheme.
    """

    repeat: int
    fold: int
    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    leaked: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The split's name in predictions, e.g. ``r0f3``."""
        return f"r{self.repeat}f{self.fold}"


def check_split(split: Split, groups: Mapping[str, str], where: str, *, strict_groups: bool = False) -> None:
    """Check that a split can be trusted.

    Args:
        split: The split.
        groups: Group of every sample id.
        where: Dataset and scheme, for the error.
        strict_groups: Whether a group in two parts is an error (official splits may have them; they
            are then reported by the dataset's audit instead).

    Raises:
        DataError: An id stands in two parts or twice in one, is unknown, a part that must not be
            empty is, or a group straddles parts while ``strict_groups``.
    """
    parts = {"train": split.train, "val": split.val, "test": split.test}
    for name, ids in parts.items():
        if len(set(ids)) != len(ids):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            raise _broken(where, split, f"unique ids in {name}", f"{len(twice)} repeated, e.g. {twice[0]}")
        unknown = sorted(set(ids) - groups.keys())
        if unknown:
            raise _broken(
                where, split, f"known sample ids in {name}", f"{len(unknown)} unknown, e.g. {unknown[0]}"
            )
    for name in ("train", "test"):
        if not parts[name]:
            raise _broken(where, split, f"samples in {name}", "none")
    for first, second in (("train", "val"), ("train", "test"), ("val", "test")):
        shared = sorted(set(parts[first]) & set(parts[second]))
        if shared:
            raise _broken(
                where,
                split,
                f"{first} and {second} without common samples",
                f"{len(shared)} shared, e.g. {shared[0]}",
            )
        if strict_groups:
            straddling = sorted({groups[i] for i in parts[first]} & {groups[i] for i in parts[second]})
            if straddling:
                raise _broken(
                    where, split, f"no group in both {first} and {second}", ", ".join(straddling[:3])
                )


def check_repeats(splits: Sequence[Split], where: str) -> None:
    """Check that test scores can be pooled: the folds of a repeat test different samples.

    Raises:
        DataError: There is no split, two have one name, or a repeat tests a sample twice.
    """
    if not splits:
        raise DataError("There are no splits.", where=where, expected="at least one", found="none")
    tested: dict[tuple[int, str], Split] = {}
    names: set[str] = set()
    for split in splits:
        if split.id in names:
            raise _broken(where, split, "unique repeats and folds", f"{split.id} twice")
        names.add(split.id)
        for sample in split.test:
            first = tested.setdefault((split.repeat, sample), split)
            if first is not split:
                raise _broken(
                    where, split, "each sample tested once per repeat", f"{sample} also in {first.id}"
                )


def splits_fingerprint(splits: Sequence[Split]) -> str:
    """Hex SHA-256 of the ids of every part of every split."""
    content = [[s.repeat, s.fold, s.train, s.val, s.test, s.leaked] for s in splits]
    return sha256_bytes(canonical_json(content).encode())


def _broken(where: str, split: Split, expected: str, found: str) -> DataError:
    return DataError(
        "A split cannot be used.",
        where=f"{where}, {split.id}",
        expected=expected,
        found=found,
        remedy="Correct the split files of the release, or report the scheme as a bug.",
    )
