from __future__ import annotations

from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.method import MethodPlugin

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="prior",
        name="Prior",
        version=1,
        paper="ours",
        summary="Gives every sample the training set's error rate or mean score: the floor of accuracy.",
        modality="none",
        needs=frozenset(),
        regime=Regime.CONTROL,
        decision=Decision.OWN,
        stochastic=False,
        control=True,
    ),
    factory=f"{__name__}.method:Prior",
)
