from __future__ import annotations

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.method import MethodPlugin

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="pose-tdm",
        name="Pose TDM",
        version=1,
        paper="Ogata et al., Temporal Distance Matrices for Squat Classification, CVPR Workshops 2019; "
        "baseline of Parmar et al., Domain Knowledge-Informed Self-Supervised Representations for Workout "
        "Form Assessment, ECCV 2022",
        summary="Distances between all pairs of joints, frame by frame, into a 1-D residual network.",
        modality="pose",
        # What samples must provide depends on the recipe's source: keypoints, distances or frames.
        needs=frozenset(),
        regime=Regime.FINETUNE,
        tasks=frozenset({"binary", "score"}),
    ),
    factory=f"{__name__}.method:PoseTDM",
)
