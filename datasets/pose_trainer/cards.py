"""Cards of the four exercises, as card.toml states them."""

from __future__ import annotations

from aqa_bench.core.card_file import cards_beside

__all__ = ["CARDS", "FORM"]

CARDS = cards_beside(__file__)
(FORM,) = CARDS[0].tasks
