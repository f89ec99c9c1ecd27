from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="temporalxform",
        name="TemporalXform",
        version=1,
        paper="Jenni et al., Video Representation Learning by Recognizing Temporal Transformations, "
        "ECCV 2020; as a baseline of Parmar et al., ECCV 2022",
        summary="The network tells what was done to the time of a clip, and how fast it is played.",
        modality="video",
        needs=frozenset({Modality.FRAMES}),
        units=frozenset({Unit.CLIP, Unit.SEQUENCE}),
        regime=Regime.FINETUNE,
        pretrained_on="Kinetics-400; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:TemporalTransformations",
)
