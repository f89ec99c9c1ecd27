"""Methods for the tests, installed by entry points as a third party's would be."""

from __future__ import annotations

from aqa_bench.core.cards import Decision, MethodCard, Regime
from aqa_bench.core.method import MethodPlugin
from aqa_bench.core.task import Modality


def _plugin(name: str, **facts: object) -> MethodPlugin:
    card = MethodCard.model_validate(
        {
            "id": name,
            "name": name,
            "version": 1,
            "paper": "ours",
            "summary": "For the tests.",
            "modality": "2D pose",
            "needs": frozenset({Modality.KEYPOINTS}),
            "regime": Regime.FROZEN,
            **facts,
        }
    )
    return MethodPlugin(card, "aqa_test_methods.method:Tricky")


NOISE = _plugin("noise")
STEADY = _plugin("steady", stochastic=False, decision=Decision.OWN)
SCORER = _plugin("scorer", tasks=frozenset({"score"}))
POOLER = _plugin("pooler", uses_pool=True)
