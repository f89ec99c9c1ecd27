from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="simsiam",
        name="SimSiam",
        version=1,
        paper="Chen and He, Exploring Simple Siamese Representation Learning, CVPR 2021; "
        "baseline of Parmar et al., ECCV 2022",
        summary="Two augmented views of a frame predict each other, without negatives.",
        modality="image",
        needs=frozenset(),
        one_of=frozenset({Modality.FRAMES, Modality.IMAGE}),
        regime=Regime.FROZEN,
        pretrained_on="ImageNet; unlabelled clips of the dataset",
        uses_pool=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:SimSiam",
)
