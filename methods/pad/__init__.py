from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="pad",
        name="PAD",
        version=1,
        paper="Pose-appearance disentangling of Parmar et al., Domain Knowledge-Informed Self-Supervised "
        "Representations for Workout Form Assessment, ECCV 2022; after Rhodin et al., ECCV 2018",
        summary="Two frames of a video are painted from their own pose and each other's appearance.",
        modality="image",
        needs=frozenset(),
        one_of=frozenset({Modality.FRAMES, Modality.IMAGE}),
        regime=Regime.FROZEN,
        pretrained_on="ImageNet; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:PAD",
)
