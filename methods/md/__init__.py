from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="md",
        name="Motion Disentangling",
        version=1,
        paper="Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for Workout "
        "Form Assessment, ECCV 2022",
        summary="The halves of a repetition, one played backwards, or dives of one class and event, are told "
        "apart.",
        modality="video",
        needs=frozenset({Modality.FRAMES}),
        one_of=frozenset({Modality.TRAJECTORY, Modality.ATTRIBUTES}),
        units=frozenset({Unit.CLIP, Unit.SEQUENCE}),
        regime=Regime.FINETUNE,
        pretrained_on="Kinetics-400; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:MotionDisentangling",
)
