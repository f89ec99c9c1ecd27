from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="kinetics",
        name="Kinetics",
        version=1,
        paper="Baseline of Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for "
        "Workout Form Assessment, ECCV 2022",
        summary="A video network trained to name actions, fine-tuned end to end on labelled clips.",
        modality="video",
        needs=frozenset({Modality.FRAMES}),
        units=frozenset({Unit.CLIP, Unit.SEQUENCE}),
        regime=Regime.FINETUNE,
        pretrained_on="Kinetics-400",
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:Kinetics",
)
