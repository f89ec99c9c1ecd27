"""The card of the Waseda squats, as card.toml states it."""

from __future__ import annotations

from aqa_bench.core.card_file import cards_beside

__all__ = ["CARD"]

(CARD,) = cards_beside(__file__)
