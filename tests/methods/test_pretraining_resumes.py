"""A pre-training that is killed ends with the weights of one that was not, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.registry import methods
from aqa_bench.learn.training import loop

PRETRAINED = sorted(
    name for name, plugin in methods().items() if plugin.card.uses_pool and "image" in plugin.card.modality
)
EPOCHS = ("steps=null", "epochs=5", "augmentation=strong", "schedule=cosine", "accumulate=2", "batch_size=2")

OWN = {
    "pad": (
        *("augmentation=none", "pose=8", "appearance=6", "picture=16", "decoder_blocks=2"),
        *("decoder_width=16", "perceptual=0"),
    )
}
"""What a method needs beside :data:`EPOCHS` to be quick."""


def weights_of(cache: Path) -> dict[str, torch.Tensor]:
    (file,) = (cache / "weights").rglob("*.safetensors")
    return load_file(file)


def killed_after(
    monkeypatch: pytest.MonkeyPatch, name: str, calls: int, *, before: bool
) -> Callable[[], None]:
    """Make a function of the training loop raise at its nth call; returns what undoes it."""
    true: Callable[..., Any] = getattr(loop, name)
    count = 0

    def dies(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == calls and before:
            raise KeyboardInterrupt
        result = true(*args, **options)
        if count == calls:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(loop, name, dies)
    return lambda: monkeypatch.setattr(loop, name, true)


@pytest.mark.parametrize(
    ("where", "calls", "before"),
    [
        pytest.param("save_checkpoint", 2, False, id="right after a checkpoint"),
        pytest.param("save_checkpoint", 3, True, id="before a checkpoint is written"),
        pytest.param("to_device", 8, True, id="within an epoch"),
    ],
)
@pytest.mark.parametrize("name", PRETRAINED)
def test_the_weights_are_those_of_an_uninterrupted_training(
    fresh: Any, monkeypatch: pytest.MonkeyPatch, name: str, where: str, calls: int, before: bool
) -> None:
    plugin: MethodPlugin = methods()[name]
    pool = fresh("whole").pool(6)
    whole = fresh("whole").fit(plugin, *EPOCHS, *OWN.get(name, ()), pool=pool)
    alive = killed_after(monkeypatch, where, calls, before=before)
    with pytest.raises(KeyboardInterrupt):
        fresh("killed").fit(plugin, *EPOCHS, *OWN.get(name, ()), pool=pool)
    alive()
    left = list((fresh("killed").cache / "weights").rglob("*.checkpoint"))
    assert len(left) == 1
    resumed = fresh("killed").fit(plugin, *EPOCHS, *OWN.get(name, ()), pool=pool)
    expected, found = weights_of(fresh("whole").cache), weights_of(fresh("killed").cache)
    assert expected.keys() == found.keys()
    assert all(torch.equal(tensor, found[key]) for key, tensor in expected.items())
    assert resumed.facts == whole.facts
    assert not left[0].exists()
