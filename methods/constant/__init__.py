from __future__ import annotations

from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.method import MethodPlugin

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="constant",
        name="Always error",
        version=1,
        paper="ours",
        summary="Calls every sample an error, or gives it the mean training score: the floor of F1.",
        modality="none",
        needs=frozenset(),
        regime=Regime.CONTROL,
        decision=Decision.OWN,
        stochastic=False,
        control=True,
    ),
    factory=f"{__name__}.method:Constant",
)
