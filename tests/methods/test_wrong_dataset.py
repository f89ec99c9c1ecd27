"""A method that cannot work on a dataset is refused before anything is opened or trained."""

from __future__ import annotations

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.core.registry import dataset_cards, methods
from aqa_bench.core.task import Modality
from aqa_bench.protocol import plan
from aqa_bench.protocol.plan import Request, resolve

PICTURES = {Modality.FRAMES, Modality.IMAGE}
IMAGE_METHODS = sorted(n for n, p in methods().items() if (p.card.needs | p.card.one_of) & PICTURES)
WITHOUT_PICTURES = sorted(name for name, card in dataset_cards().items() if not card.provides & PICTURES)


def test_there_are_both() -> None:
    assert {"cvcspc", "imagenet", "simsiam", "vanilla-pc"} <= set(IMAGE_METHODS)
    assert "stick-figures/shoulder-press" in WITHOUT_PICTURES


@pytest.mark.parametrize("dataset", WITHOUT_PICTURES)
@pytest.mark.parametrize("method", IMAGE_METHODS)
def test_image_methods_are_refused_where_there_are_keypoints_alone(
    method: str, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "open_dataset", lambda name: pytest.fail(f"{name} was opened"))
    with pytest.raises(UsageError) as caught:
        resolve(Request(dataset, method))
    assert method in str(caught.value)
    assert dataset in str(caught.value)
    wanted = {*PICTURES, *methods()[method].card.units}
    assert any(name in str(caught.value.expected) for name in wanted)
