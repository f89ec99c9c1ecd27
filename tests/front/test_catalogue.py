from __future__ import annotations

import aqa_bench as aqa
from aqa_bench.core.registry import dataset_cards, methods


def test_cards_are_those_of_the_registry() -> None:
    assert [card.id for card in aqa.list_datasets()] == list(dataset_cards())
    assert [card.id for card in aqa.list_methods()] == sorted(methods())
