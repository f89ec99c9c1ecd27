from __future__ import annotations

import pytest

from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.protocol.doctor.small import cut_down
from aqa_bench.protocol.doctor.trials import planned_trials

PLANNED = planned_trials()


@pytest.mark.parametrize(("plugin", "name"), PLANNED, ids=[f"{p.card.id}-{n}" for p, n in PLANNED])
def test_every_recipe_can_be_cut_down_and_grows_nowhere(plugin: MethodPlugin, name: str) -> None:
    recipe = load_recipe(plugin.folder, plugin.load().recipe_type(), name)
    small = cut_down(recipe, where=name)
    assert type(small) is type(recipe)
    for field, value in small:
        before = getattr(recipe, field)
        if isinstance(value, int) and isinstance(before, int):
            assert value <= before, field


def test_what_a_recipe_does_stays() -> None:
    plugin = find_method("md")
    recipe = load_recipe(plugin.folder, plugin.load().recipe_type(), "paper")
    small = cut_down(recipe, where="md").model_dump()
    kept = ("backbone", "augmentation", "optimizer", "lr", "regime", "head", "terms", "pairing", "keep")
    assert {name: small[name] for name in kept} == {name: recipe.model_dump()[name] for name in kept}
    assert (small["weights"], small["resize"], small["crop"], small["epochs"]) == ("random", 32, None, 1)
    assert cut_down(recipe, where="md", own_networks=False).backbone == "r2plus1d-small"


def test_weights_that_are_no_backbones_are_left_alone() -> None:
    plugin = find_method("stgcn-ocsvm")
    recipe = load_recipe(plugin.folder, plugin.load().recipe_type(), "paper")
    assert cut_down(recipe, where="stgcn").weights is None
