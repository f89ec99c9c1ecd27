from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality, Unit

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="background",
        name="Background",
        version=1,
        paper="ours",
        summary="Frames with the person and the bar hidden, with the features and head of imagenet.",
        modality="image",
        needs=frozenset({Modality.FRAMES}),
        units=frozenset({Unit.CLIP}),
        regime=Regime.CONTROL,
        pretrained_on="ImageNet",
        control=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:Background",
)
