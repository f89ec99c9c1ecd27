from __future__ import annotations

import pytest

from aqa_bench.core.registry import dataset_cards
from aqa_bench.datasets.synthetic_gym.diving.presets import PRESETS as DIVES
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, PRESETS

TWINS = {f"synthetic-gym/{name}": f"fitness-aqa/{name}" for name in EXERCISES}
TWINS |= {"synthetic-gym/diving": "mtl-aqa/diving"}


@pytest.mark.parametrize(("gym", "real"), TWINS.items())
def test_the_tasks_are_those_of_the_real_twin(gym: str, real: str) -> None:
    assert dataset_cards()[gym].tasks == dataset_cards()[real].tasks


def test_both_releases_of_dives_have_the_same_tasks() -> None:
    assert dataset_cards()["unlv-dive"].tasks == dataset_cards()["mtl-aqa/diving"].tasks


@pytest.mark.parametrize("gym", TWINS)
def test_the_card_names_the_presets_that_the_generator_has(gym: str) -> None:
    assert dataset_cards()[gym].presets == tuple(DIVES if gym.endswith("diving") else PRESETS)
