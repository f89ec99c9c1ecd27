from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="vanilla-pc",
        name="Vanilla PC",
        version=1,
        paper="Control of Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for "
        "Workout Form Assessment, ECCV 2022",
        summary="Pose contrastive learning within single videos, with strong augmentation.",
        modality="image",
        needs=frozenset(),
        one_of=frozenset({Modality.FRAMES, Modality.IMAGE}),
        regime=Regime.FROZEN,
        pretrained_on="ImageNet; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:VanillaPC",
)
