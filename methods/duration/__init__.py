from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="duration",
        name="Duration",
        version=1,
        paper="ours",
        summary="Judges a clip by its number of frames alone: what a dataset gives away through its cutting.",
        modality="none",
        needs=frozenset(),
        regime=Regime.CONTROL,
        stochastic=False,
        control=True,
    ),
    factory=f"{__name__}.method:Duration",
)
