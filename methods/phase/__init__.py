from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="phase",
        name="Phase",
        version=1,
        paper="ours",
        summary="Judges a still image by how high the bar is in it, and by nothing else.",
        modality="bar",
        needs=frozenset(),
        one_of=frozenset({Modality.TRAJECTORY, Modality.BAR_BOXES}),
        units=frozenset({Unit.IMAGE}),
        regime=Regime.CONTROL,
        stochastic=False,
        control=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:Phase",
)
