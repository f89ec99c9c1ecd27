from __future__ import annotations

from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="pose-trainer-dtw",
        name="Pose Trainer, dynamic time warping",
        version=1,
        paper="Chen and Yang, Pose Trainer: Correcting Exercise Posture using Pose Estimation, 2018",
        summary="Compares a clip's angle series with all good and bad training clips; the nearer class wins.",
        modality="2D pose",
        needs=frozenset({Modality.KEYPOINTS}),
        regime=Regime.FROZEN,
        decision=Decision.OWN,
        stochastic=False,
        tasks=frozenset({"binary"}),
    ),
    factory=f"{__name__}.method:PoseTrainerDTW",
    default_recipe="released",
)
