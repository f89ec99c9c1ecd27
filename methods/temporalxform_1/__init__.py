from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="temporalxform-1",
        name="TemporalXform-1",
        version=1,
        paper="Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for Workout "
        "Form Assessment, ECCV 2022",
        summary="A clip a few frames earlier or later is alike, one much earlier or later is not.",
        modality="video",
        needs=frozenset({Modality.FRAMES}),
        units=frozenset({Unit.CLIP, Unit.SEQUENCE}),
        regime=Regime.FINETUNE,
        pretrained_on="Kinetics-400; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:ShiftContrast",
)
