"""What every kind of pretext computes of a batch can be replayed, and trains to the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from aqa_bench.core.registry import methods
from aqa_bench.learn.training import graph
from aqa_bench.learn.training.graph import CHECKS, WARMUPS

IMAGES = ("steps=null", "epochs=5", "batch_size=2", "head_epochs=1", "augmentation=strong")
OWN = {
    "pad": (
        *("augmentation=none", "pose=8", "appearance=6", "picture=16", "decoder_blocks=2"),
        *("decoder_width=16", "perceptual=0"),
    ),
    "simsiam": ("projection=16", "bottleneck=8", "accumulate=2", "schedule=cosine"),
}
VIDEOS = ("epochs=3", "batch_size=2", "resize=16", "crop=16", "finetune_epochs=1", "clip_frames=4")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, (*IMAGES, *OWN.get(name, ()))) for name in ("cvcspc", "pad", "simsiam", "vanilla-pc")),
        *((name, VIDEOS) for name in ("md", "temporalxform")),
    ],
)
def test_the_weights_are_those_of_a_training_without_graphs(
    fresh: Any,
    video_bench: Any,
    monkeypatch: pytest.MonkeyPatch,
    repeating: type,
    name: str,
    settings: tuple[str, ...],
) -> None:
    plugin, bench = methods()[name], fresh if settings[0] != VIDEOS[0] else video_bench
    found = {}
    for kind, build in {"usual": lambda: None, "replayed": repeating}.items():
        made: Callable[[], Any] = build
        monkeypatch.setattr(graph, "recorder_for", lambda *_, made=made, **__: made())
        own = bench(kind)
        facts = own.fit(plugin, *settings, pool=own.pool(8)).facts
        (file,) = (own.cache / "weights").rglob("*.safetensors")
        found[kind] = load_file(file), facts
    (usual, facts), (replayed, others) = found["usual"], found["replayed"]
    assert all(torch.equal(tensor, replayed[key]) for key, tensor in usual.items())
    # Of the head, where it trains long enough.
    others.pop("replayed_batches", 0)
    assert others.pop("pretraining_replayed") == facts["pretraining_batches"] - WARMUPS - CHECKS
    assert facts == others
