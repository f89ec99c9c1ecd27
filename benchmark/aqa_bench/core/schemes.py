"""Split schemes that need only ids, labels and groups: folds, the one-class family, fewer labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aqa_bench.core.errors import DataError
from aqa_bench.core.seeds import data_seed, derive_seed
from aqa_bench.core.split import Scheme, Split

__all__ = [
    "FOLDS",
    "LABELS",
    "LABEL_COUNTS",
    "LOW_DATA",
    "LOW_DATA_PERCENT",
    "ONE_CLASS",
    "ONE_CLASS_CLEAN",
    "ONE_CLASS_LEAKY",
    "STANDARD_SCHEMES",
    "fewer_labels",
    "folds",
    "low_data",
    "one_class",
    "one_class_clean",
    "one_class_leaky",
]

FOLDS = Scheme(
    "folds",
    "5 stratified folds, repeated 5 times, groups kept whole: fold k is test, fold k+1 val, the rest train",
)
ONE_CLASS = Scheme(
    "one-class",
    "20 times: train on two thirds (rounded down) of the good samples, test on the rest and all bad ones",
    primary="auroc",
)
ONE_CLASS_CLEAN = Scheme(
    "one-class-clean",
    "as one-class with the same good samples, but half of the bad (rounded down) are in train, not test",
    primary="auroc",
)
ONE_CLASS_LEAKY = Scheme(
    "one-class-leaky",
    "as one-class, but the method also sees every label, as published for ST-GCN with a one-class SVM",
    honest=False,
    primary="auroc",
)
LOW_DATA_PERCENT: Mapping[str, int] = {"low-1": 1, "low-5": 5, "low-10": 10}
"""Share of the training part that is labelled, in percent, by scheme id."""
LOW_DATA = tuple(
    Scheme(
        name,
        f"5 times: {percent}% of the official train samples of each class, at least 2, chosen at random "
        "(groups are not kept whole); val and test as official",
    )
    for name, percent in LOW_DATA_PERCENT.items()
)
LABEL_COUNTS: Mapping[str, int] = {f"labels-{count}": count for count in (112, 224, 448, 672, 1120)}
"""Number of labelled clips in the training part, by scheme id, the smallest first."""
LABELS = tuple(
    Scheme(
        name,
        f"3 times: {count} clips of the official train part, whole groups in random order, so that larger "
        f"sets contain the smaller ones; once if it is the whole part; val and test as official",
    )
    for name, count in LABEL_COUNTS.items()
)
STANDARD_SCHEMES: Mapping[str, Scheme] = {
    scheme.id: scheme for scheme in (FOLDS, ONE_CLASS, ONE_CLASS_CLEAN, ONE_CLASS_LEAKY, *LOW_DATA, *LABELS)
}
"""The schemes of this module by id: a dataset's card names them without defining them."""

_LEAST = 2


def folds(
    dataset: str, targets: Mapping[str, float], groups: Mapping[str, str], *, k: int = 5, repeats: int = 5
) -> tuple[Split, ...]:
    """Stratified ``k`` folds, ``repeats`` times, drawn by hash so that every machine draws the same.

    Where each sample is a group of its own, the folds' sizes and their numbers of positives differ
    by one at most.

    Args:
        dataset: Dataset id: names the seed.
        targets: 1 = error or 0 = none, by sample id in the release's order.
        groups: Group of every sample id; a group stays in one fold.
        k: Number of folds, 3 or more.
        repeats: Number of repeats.

    Returns:
        ``k * repeats`` splits: fold ``f`` is test, ``(f + 1) % k`` is val, the others are train.

    Raises:
        DataError: There are fewer than ``k`` groups, or ``k`` is less than 3.
    """
    members = _members(targets, groups)
    if k < 3 or len(members) < k:
        raise _too_few(dataset, FOLDS, f"at least {max(k, 3)} groups and 3 folds", len(members))
    splits = []
    for repeat in range(repeats):
        dealt = _deal(members, targets, k, data_seed(dataset, FOLDS.id, repeat))
        parts = [tuple(i for i in targets if dealt[groups[i]] == fold) for fold in range(k)]
        for fold in range(k):
            val = (fold + 1) % k
            train = tuple(i for i in targets if dealt[groups[i]] not in (fold, val))
            splits.append(Split(repeat, fold, train, parts[val], parts[fold]))
    return tuple(splits)


def one_class(
    dataset: str, targets: Mapping[str, float], groups: Mapping[str, str], *, repeats: int = 20
) -> tuple[Split, ...]:
    """Train on two thirds of the good samples; test on the other good ones and all bad ones.

    Two thirds are rounded down (12 of 19). Bad samples whose group is in train are in no part.

    Args:
        dataset: Dataset id: names the seed.
        targets: 1 = error or 0 = none, by sample id in the release's order.
        groups: Group of every sample id; a group stays in one part.
        repeats: Number of repeats.

    Returns:
        ``repeats`` splits without val.

    Raises:
        DataError: Fewer than two groups have good samples, or no bad sample is left to test.
    """
    members = _members(targets, groups)
    splits = []
    for repeat in range(repeats):
        chosen = _good_groups(dataset, members, targets, repeat)
        train = tuple(i for i in targets if groups[i] in chosen and not targets[i])
        test = tuple(i for i in targets if groups[i] not in chosen)
        splits.append(Split(repeat, 0, train, (), test))
    return tuple(splits)


def one_class_clean(
    dataset: str, targets: Mapping[str, float], groups: Mapping[str, str], *, repeats: int = 20
) -> tuple[Split, ...]:
    """As :func:`one_class` with the same good samples in train, and half of the bad ones beside them.

    The half is rounded down (8 of 17) and leaves the test part. Bad samples of a group that also
    has good samples go where these are.

    Args:
        dataset: Dataset id: names the seed.
        targets: 1 = error or 0 = none, by sample id in the release's order.
        groups: Group of every sample id; a group stays in one part.
        repeats: Number of repeats.

    Returns:
        ``repeats`` splits without val.

    Raises:
        DataError: As :func:`one_class`.
    """
    members = _members(targets, groups)
    bad = {group: sum(targets[i] == 1 for i in ids) for group, ids in members.items()}
    only_bad = [group for group, ids in members.items() if bad[group] == len(ids)]
    splits = []
    for repeat in range(repeats):
        chosen = _good_groups(dataset, members, targets, repeat)
        room = sum(bad.values()) // 2 - sum(bad[group] for group in chosen)
        seed = data_seed(dataset, ONE_CLASS_CLEAN.id, repeat)
        chosen |= _fill(_shuffled(only_bad, seed), bad, room)
        train = tuple(i for i in targets if groups[i] in chosen)
        test = tuple(i for i in targets if groups[i] not in chosen)
        if not any(targets[i] == 1 for i in test):
            raise _too_few(dataset, ONE_CLASS_CLEAN, "bad samples from a group that is not trained on", 0)
        splits.append(Split(repeat, 0, train, (), test))
    return tuple(splits)


def one_class_leaky(
    dataset: str, targets: Mapping[str, float], groups: Mapping[str, str], *, repeats: int = 20
) -> tuple[Split, ...]:
    """As :func:`one_class`, with the label of every sample leaked to the method.

    Args:
        dataset: Dataset id: names the seed.
        targets: 1 = error or 0 = none, by sample id in the release's order.
        groups: Group of every sample id.
        repeats: Number of repeats.

    Returns:
        ``repeats`` splits whose ``leaked`` names every sample.

    Raises:
        DataError: As :func:`one_class`.
    """
    return tuple(
        Split(split.repeat, split.fold, split.train, split.val, split.test, leaked=tuple(targets))
        for split in one_class(dataset, targets, groups, repeats=repeats)
    )


def low_data(
    dataset: str, split: Split, targets: Mapping[str, float], percent: int, *, repeats: int = 5
) -> tuple[Split, ...]:
    """Train on a share of a split's training samples; val and test stay as they are.

    Of every class the share is drawn sample by sample and rounded to the nearest count, but not below
    two. Within a repeat, what a lower share draws is drawn by every higher one too.

    Args:
        dataset: Dataset id: names the seed.
        split: The split to draw from.
        targets: 1 = error or 0 = none, by sample id.
        percent: Share of the training samples, 1 to 100.
        repeats: Number of repeats.

    Returns:
        ``repeats`` splits that share ``split``'s val and test; train keeps the split's order.

    Raises:
        DataError: A class has fewer than two training samples, or ``percent`` is out of range.
    """
    classes = [[i for i in split.train if (targets[i] == 1) is error] for error in (False, True)]
    scheme = Scheme(f"low-{percent}", f"{percent}% of train")
    if not 1 <= percent <= 100:
        raise _too_few(dataset, scheme, "a share of 1 to 100 percent", percent)
    if min(map(len, classes)) < _LEAST:
        expected = f"at least {_LEAST} training samples of each class"
        raise _too_few(dataset, scheme, expected, min(map(len, classes)))
    splits = []
    for repeat in range(repeats):
        # One seed for all shares, so that they are nested.
        seed = data_seed(dataset, "low-data", repeat)
        chosen: set[str] = set()
        for members in classes:
            count = max((len(members) * percent + 50) // 100, _LEAST)
            chosen.update(_shuffled(members, seed)[:count])
        train = tuple(i for i in split.train if i in chosen)
        splits.append(replace(split, repeat=repeat, train=train))
    return tuple(splits)


def fewer_labels(
    dataset: str,
    split: Split,
    groups: Mapping[str, str],
    sizes: Mapping[str, int],
    count: int,
    *,
    repeats: int = 3,
) -> tuple[Split, ...]:
    """Train on some groups of a split's training part that hold a number of labelled clips.

    Groups are taken in an order drawn by hash, as long as they fit, until the smallest of
    ``LABEL_COUNTS`` is reached, then the next, up to ``count``: within a repeat, a larger number
    contains the smaller ones, whatever the task.

    Args:
        dataset: Dataset id: names the seed.
        split: The split to draw from.
        groups: Group of every training sample; a sample is a clip or an image of one.
        sizes: Number of labelled clips of every group of the training part.
        count: Number of labelled clips.
        repeats: Number of repeats; one where the whole training part is taken.

    Returns:
        Splits that share ``split``'s val and test; train keeps the split's order.

    Raises:
        DataError: The training part has fewer than ``count`` clips.
    """
    if sum(sizes.values()) < count:
        scheme = Scheme(f"labels-{count}", "")
        raise _too_few(dataset, scheme, f"at least {count} training clips", sum(sizes.values()))
    splits: list[Split] = []
    for repeat in range(repeats):
        order = _shuffled(sizes, data_seed(dataset, "labels", repeat))
        chosen: set[str] = set()
        for step in sorted({count, *(c for c in LABEL_COUNTS.values() if c < count)}):
            room = step - sum(sizes[group] for group in chosen)
            chosen |= _fill((group for group in order if group not in chosen), sizes, room)
        train = tuple(i for i in split.train if groups[i] in chosen)
        splits.append(replace(split, repeat=repeat, train=train))
        if len(chosen) == len(sizes):
            return (splits[-1],)
    return tuple(splits)


def _members(targets: Mapping[str, float], groups: Mapping[str, str]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for sample in targets:
        members.setdefault(groups[sample], []).append(sample)
    return members


def _shuffled(names: Iterable[str], seed: int) -> list[str]:
    """The names in an order drawn by hash: unlike a generator's, it never changes with a library."""
    return sorted(names, key=lambda name: (derive_seed(seed, name), name))


def _deal(
    members: Mapping[str, list[str]], targets: Mapping[str, float], k: int, seed: int
) -> dict[str, int]:
    """Fold of every group: greedily the one with the fewest positives, then the fewest samples."""
    positives = {group: sum(targets[i] == 1 for i in ids) for group, ids in members.items()}
    order = sorted(_shuffled(members, seed), key=lambda group: (-positives[group], -len(members[group])))
    # Equal folds are filled in a drawn order, or fold 0 would always be the larger one.
    turns = [int(fold) for fold in _shuffled(map(str, range(k)), derive_seed(seed, "turns"))]
    size, errors, home = [0] * k, [0] * k, {}
    for group in order:
        fold = min(turns, key=lambda f: (errors[f] if positives[group] else 0, size[f]))
        home[group] = fold
        size[fold] += len(members[group])
        errors[fold] += positives[group]
    return home


def _good_groups(
    dataset: str, members: Mapping[str, list[str]], targets: Mapping[str, float], repeat: int
) -> set[str]:
    """Groups whose good samples are trained on: two thirds of the good, rounded down."""
    good = {group: sum(not targets[i] for i in ids) for group, ids in members.items()}
    candidates = [group for group, count in good.items() if count]
    order = _shuffled(candidates, data_seed(dataset, ONE_CLASS.id, repeat))
    chosen = _fill(order, good, sum(good.values()) * 2 // 3) or set(order[:1])
    if len(candidates) < 2:
        raise _too_few(dataset, ONE_CLASS, "good samples of at least two groups", len(candidates))
    if not any(targets[i] == 1 for group, ids in members.items() if group not in chosen for i in ids):
        raise _too_few(dataset, ONE_CLASS, "bad samples from a group that is not trained on", 0)
    return chosen


def _fill(order: Iterable[str], weight: Mapping[str, int], room: int) -> set[str]:
    """Take groups in order as long as their weights fit into ``room``."""
    chosen = set()
    for group in order:
        if weight[group] <= room:
            chosen.add(group)
            room -= weight[group]
    return chosen


def _too_few(dataset: str, scheme: Scheme, expected: str, found: int) -> DataError:
    return DataError(
        "There are too few samples for this split scheme.",
        where=f"{dataset}, {scheme.id}",
        expected=expected,
        found=found,
        remedy="Prepare the rest of the release, or choose another scheme.",
    )
