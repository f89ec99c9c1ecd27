from __future__ import annotations

from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality

__all__ = ["METHOD"]

METHOD = MethodPlugin(
    card=MethodCard(
        id="stgcn-ocsvm",
        name="ST-GCN + One-Class SVM",
        version=1,
        paper="Human Skeleton Anomaly Detection in Fitness Pose, NTHU computer vision laboratory; features "
        "of Yan, Xiong and Lin, Spatial Temporal Graph Convolutional Networks, AAAI 2018",
        summary="What correct form looks like to a graph network over the skeleton; all else is an error.",
        modality="2D pose",
        needs=frozenset({Modality.KEYPOINTS}),
        regime=Regime.ONE_CLASS,
        pretrained_on="exercise recognition on other exercises of the dataset, without form labels",
        decision=Decision.OWN,
        uses_pool=True,
        tasks=frozenset({"binary", "one-class"}),
    ),
    factory=f"{__name__}.method:STGCNOneClass",
)
