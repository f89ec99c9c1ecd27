from __future__ import annotations

import pytest

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.recipe_file import load_recipe, read_recipes

CHAIN = """
[small]
base = "quick"
about = "As quick, smaller."
width = 8

[quick]
about = "As paper, for a CPU."
base = "paper"
epochs = 3

[paper]
about = "As printed."
epochs = 100
width = 64
stages = [2, 3]
"""


class Settings(Recipe):
    epochs: int = 1
    width: int = 2
    stages: tuple[int, ...] = ()
    rate: float = 0.5


def test_a_recipe_takes_the_values_of_its_bases_and_overrides_them(method_folder) -> None:
    folder = method_folder(CHAIN)
    assert load_recipe(folder, Settings, "paper") == Settings(epochs=100, width=64, stages=(2, 3))
    assert load_recipe(folder, Settings, "quick") == Settings(epochs=3, width=64, stages=(2, 3))
    assert load_recipe(folder, Settings, "small") == Settings(epochs=3, width=8, stages=(2, 3))


def test_what_a_recipe_is_about_is_not_inherited(method_folder) -> None:
    found = read_recipes(method_folder(CHAIN + '[silent]\nbase = "paper"\n'))
    assert {name: each.about for name, each in found.items()} == {
        "small": "As quick, smaller.",
        "quick": "As paper, for a CPU.",
        "paper": "As printed.",
        "silent": "",
    }
    assert found["silent"].values == found["paper"].values


def test_values_are_those_that_the_file_states(method_folder) -> None:
    assert read_recipes(method_folder(CHAIN))["small"].values == {"epochs": 3, "width": 8, "stages": [2, 3]}


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ('[a]\nbase = "a"\n', "a -> a"),
        ('[a]\nbase = "b"\n[b]\nbase = "c"\n[c]\nbase = "a"\n', "a -> b -> c -> a"),
        ('[a]\nbase = "b"\n[b]\nbase = "b"\n', "a -> b -> b"),
    ],
)
def test_a_circle_of_bases_is_shown_step_by_step(method_folder, text: str, way: str) -> None:
    with pytest.raises(RecipeError, match="cycle") as caught:
        read_recipes(method_folder(text))
    assert (caught.value.where or "").endswith("/recipes.toml [a] base")
    assert caught.value.found == way
    assert caught.value.expected
    assert caught.value.remedy


def test_a_base_that_does_not_exist_names_the_nearest(method_folder) -> None:
    with pytest.raises(RecipeError, match=r"There is no recipe 'papr'. Did you mean 'paper'\?") as caught:
        read_recipes(method_folder('[paper]\n[quick]\nbase = "papr"\n[map]\n'))
    error = caught.value
    assert (error.where or "").endswith("/recipes.toml [quick] base")
    assert (error.expected, error.found) == ("paper | map", "papr")
    assert "remove the base" in (error.remedy or "")


@pytest.mark.parametrize("value", ["3", '["paper"]', "true", "{ name = 1 }"])
def test_a_base_is_a_name(method_folder, value: str) -> None:
    with pytest.raises(RecipeError, match="not a name") as caught:
        read_recipes(method_folder(f"[paper]\n[quick]\nbase = {value}\n"))
    error = caught.value
    assert (error.where or "").endswith("/recipes.toml [quick] base")
    assert "another recipe" in (error.expected or "")
    assert error.found
    assert "[quick]" in (error.remedy or "")


def test_a_mistake_in_one_recipe_is_said_whichever_is_loaded(method_folder) -> None:
    with pytest.raises(RecipeError, match="There is no recipe 'gone'"):
        load_recipe(method_folder('[paper]\n[quick]\nbase = "gone"\n'), Settings, "paper")


def test_an_inherited_value_that_does_not_fit_is_named_where_it_is_taken(method_folder) -> None:
    with pytest.raises(RecipeError, match="invalid value") as caught:
        load_recipe(method_folder('[paper]\nwidth = "wide"\n[quick]\nbase = "paper"\n'), Settings, "quick")
    assert (caught.value.where or "").endswith("[quick] width")
