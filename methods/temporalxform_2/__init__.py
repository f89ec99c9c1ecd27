from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="temporalxform-2",
        name="TemporalXform-2",
        version=1,
        paper="Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for Workout "
        "Form Assessment, ECCV 2022",
        summary="A slightly warped clip is alike, one strongly warped or with parts out of order is not.",
        modality="video",
        needs=frozenset({Modality.FRAMES}),
        units=frozenset({Unit.CLIP, Unit.SEQUENCE}),
        regime=Regime.FINETUNE,
        pretrained_on="Kinetics-400; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:DistortionContrast",
)
