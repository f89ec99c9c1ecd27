from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="half-cycle-difference",
        name="Half-cycle difference",
        version=1,
        paper="ours, after the motion disentangling of Parmar et al., ECCV 2022",
        summary="Spatial features of every frame minus those of the other half-cycle at the same elevation.",
        modality="image",
        needs=frozenset({Modality.FRAMES}),
        regime=Regime.FROZEN,
        pretrained_on="ImageNet",
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:HalfCycleDifference",
)
