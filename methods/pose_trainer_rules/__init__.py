from __future__ import annotations

from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="pose-trainer-rules",
        name="Pose Trainer, geometric rules",
        version=1,
        paper="Chen and Yang, Pose Trainer: Correcting Exercise Posture using Pose Estimation, 2018",
        summary="Two or three hand-set limits on angles and ranges; a broken one names the fault.",
        modality="2D pose",
        needs=frozenset({Modality.KEYPOINTS}),
        regime=Regime.RULES,
        pretrained_on="nothing; its limits were set by hand on the clips of Pose Trainer",
        decision=Decision.OWN,
        stochastic=False,
        tasks=frozenset({"binary", "one-class"}),
    ),
    factory=f"{__name__}.method:PoseTrainerRules",
    default_recipe="paper",
)
