from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="features",
        name="Imported features",
        version=1,
        paper="ours",
        summary="A head on features that were computed elsewhere and come from files.",
        modality="features",
        needs=frozenset({Modality.FEATURES}),
        regime=Regime.FROZEN,
        pretrained_on="what the features' manifest says",
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:ImportedFeatures",
)
