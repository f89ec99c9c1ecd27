"""What there is: the cards of datasets and methods."""

from __future__ import annotations

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.registry import dataset_cards, methods

__all__ = ["list_datasets", "list_methods"]


def list_datasets() -> list[DatasetCard]:
    """Cards of all datasets, by family.

    Example:
        >>> import aqa_bench as aqa
        >>> [card.id for card in aqa.list_datasets() if "figures" in card.id]
        ['stick-figures/shoulder-press']
    """
    return list(dataset_cards().values())


def list_methods() -> list[MethodCard]:
    """Cards of all methods, sorted by id; controls are among them.

    Example:
        >>> import aqa_bench as aqa
        >>> {card.id: card.control for card in aqa.list_methods()}["prior"]
        True
    """
    return [plugin.card for plugin in methods().values()]
