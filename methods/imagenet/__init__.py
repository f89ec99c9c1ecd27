from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="imagenet",
        name="ImageNet",
        version=1,
        paper="Baseline of Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for "
        "Workout Form Assessment, ECCV 2022",
        summary="Features of a network trained on ImageNet, frame by frame, into a 1-D residual network.",
        modality="image",
        needs=frozenset(),
        one_of=frozenset({Modality.FRAMES, Modality.IMAGE}),
        regime=Regime.FROZEN,
        pretrained_on="ImageNet",
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:ImageNet",
)
