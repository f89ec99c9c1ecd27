from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="metadata",
        name="Metadata",
        version=1,
        paper="ours",
        summary="Judges a clip by what is noted of it, never by the video: difficulty, class, event.",
        modality="metadata",
        needs=frozenset({Modality.ATTRIBUTES}),
        regime=Regime.CONTROL,
        stochastic=False,
        control=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:Metadata",
    default_recipe="attributes-event",
)
