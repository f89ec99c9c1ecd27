"""Cards of the three rendered exercises and of the dives, as card.toml states them."""

from __future__ import annotations

from aqa_bench.core.card_file import cards_beside

__all__ = ["CARDS", "DIVING"]

*CARDS, DIVING = cards_beside(__file__)
