"""The card of the embedded stick figures, as card.toml states it."""

from __future__ import annotations

from aqa_bench.core.card_file import cards_beside

__all__ = ["CARD", "FORM"]

(CARD,) = cards_beside(__file__)
(FORM,) = CARD.tasks
