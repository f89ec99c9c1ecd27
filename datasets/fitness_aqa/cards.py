"""Cards of the three exercises, as card.toml states them."""

from __future__ import annotations

from aqa_bench.core.card_file import cards_beside

__all__ = ["CARDS"]

CARDS = cards_beside(__file__)
