from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="bar-only",
        name="Bar only",
        version=1,
        paper="ours",
        summary="Judges a clip by the bar's track and a still image by the bar's box, without the person.",
        modality="bar",
        needs=frozenset(),
        one_of=frozenset({Modality.TRAJECTORY, Modality.BAR_BOXES}),
        regime=Regime.CONTROL,
        control=True,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:BarOnly",
)
