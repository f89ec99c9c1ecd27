from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="dive-classification",
        name="Dive classification",
        version=1,
        paper="Supervised baseline of Parmar et al., Domain Knowledge-Informed Self-Supervised "
        "Representations for Workout Form Assessment, ECCV 2022, Table 6",
        summary="A video network learns what was dived; scores are regressed on its features.",
        modality="video",
        needs=frozenset({Modality.FRAMES}),
        units=frozenset({Unit.CLIP}),
        regime=Regime.FROZEN,
        pretrained_on="Kinetics-400; classes of the training dives",
        uses_pool=True,
        tasks=frozenset({"score"}),
    ),
    factory=f"{__name__}.method:DiveClassification",
)
