"""Split schemes of data that come from few events: an honest val cut, and whole events held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aqa_bench.core.errors import DataError
from aqa_bench.core.seeds import data_seed, derive_seed
from aqa_bench.core.split import Split

__all__ = ["event_grouped", "with_val"]

_FEW = 5


def with_val(
    dataset: str, scheme: str, train: Sequence[str], test: Sequence[str], *, share: float = 0.1
) -> Split:
    """A published train and test part, with a val part cut from train by hash.

    Args:
        dataset: Dataset id: names the seed.
        scheme: Scheme id: names the seed.
        train: Ids of the published train part.
        test: Ids of the published test part.
        share: Share of train that becomes val, rounded to the nearest count.

    Returns:
        The split; every part keeps the order it was given in.

    Example:
        >>> split = with_val("d", "official", [str(i) for i in range(20)], ["x"])
        >>> len(split.train), len(split.val), split.test
        (18, 2, ('x',))
    """
    order = _drawn(train, data_seed(dataset, scheme, "val"))
    val = frozenset(order[: round(share * len(order))])
    return Split(
        0,
        0,
        train=tuple(i for i in train if i not in val),
        val=tuple(i for i in train if i in val),
        test=tuple(test),
    )


def event_grouped(
    dataset: str, events: Mapping[str, str], *, repeats: int = 5, test: float = 0.25, val: float = 0.1
) -> tuple[Split, ...]:
    """Whole events in each part, drawn by hash.

    Of events in a drawn order, those become test that fit into its share of the samples; of the rest,
    those become val that fit into its share. Each part gets the smallest event left where none fits.
    With five events or fewer each is tested once and the smallest of the others is val.

    Args:
        dataset: Dataset id: names the seed.
        events: Event by sample id, in the release's order.
        repeats: Number of draws where there are more than five events.
        test: Largest share of the samples in test.
        val: Largest share of the samples in val.

    Returns:
        One split a repeat.

    Raises:
        DataError: There are fewer than three events.
    """
    sizes: dict[str, int] = {}
    for event in events.values():
        sizes[event] = sizes.get(event, 0) + 1
    if len(sizes) < 3:
        raise DataError(
            "There are too few events for this split scheme.",
            where=f"{dataset}, event-grouped",
            expected="at least 3 events",
            found=len(sizes),
            remedy="Prepare the rest of the release, or choose another scheme.",
        )
    if len(sizes) <= _FEW:
        tested = [{event} for event in sizes]
        tuned = [{_smallest(sizes, chosen)} for chosen in tested]
    else:
        tested, tuned = [], []
        for repeat in range(repeats):
            order = _drawn(sizes, data_seed(dataset, "event-grouped", repeat))
            tested.append(_fill(order, sizes, test, set()))
            tuned.append(_fill(order, sizes, val, tested[-1]))
    return tuple(
        Split(
            repeat,
            0,
            train=tuple(i for i, event in events.items() if event not in held | kept),
            val=tuple(i for i, event in events.items() if event in kept),
            test=tuple(i for i, event in events.items() if event in held),
        )
        for repeat, (held, kept) in enumerate(zip(tested, tuned, strict=True))
    )


def _fill(order: Sequence[str], sizes: Mapping[str, int], share: float, taken: set[str]) -> set[str]:
    room = int(share * sum(sizes.values()))
    chosen: set[str] = set()
    for event in order:
        if event not in taken and sizes[event] <= room:
            chosen.add(event)
            room -= sizes[event]
    return chosen or {_smallest(sizes, taken)}


def _smallest(sizes: Mapping[str, int], taken: set[str]) -> str:
    return min((event for event in sizes if event not in taken), key=lambda event: (sizes[event], event))


def _drawn(names: Sequence[str] | Mapping[str, int], seed: int) -> list[str]:
    return sorted(names, key=lambda name: (derive_seed(seed, name), name))
