from __future__ import annotations

import pytest
from pydantic import Field

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.recipe_file import load_recipe, recipe_names


class Settings(Recipe):
    epochs: int = Field(default=10, gt=0)
    rate: float = 0.1
    head: str = "linear"
    widths: tuple[int, ...] = (8,)


def test_names_stand_in_the_order_of_the_file(package) -> None:
    assert recipe_names(package("[quick]\n[paper]\n[a]\n")) == ["quick", "paper", "a"]


def test_reads_values_and_leaves_out_the_text(package) -> None:
    name = package('[paper]\nabout = "As printed."\nepochs = 30\nscheme = "notebook"\nwidths = [4, 2]\n')
    recipe = load_recipe(name, Settings, "paper")
    assert recipe == Settings(epochs=30, scheme="notebook", widths=(4, 2))


def test_a_recipe_that_does_not_exist_names_the_nearest(package) -> None:
    with pytest.raises(RecipeError, match=r"Did you mean 'paper'\?") as caught:
        load_recipe(package("[paper]\n[quick]\n"), Settings, "papr")
    assert caught.value.expected == "paper | quick"
    assert caught.value.exit_code == 2


def test_a_key_that_does_not_exist_names_the_nearest(package) -> None:
    with pytest.raises(RecipeError, match=r"Did you mean 'epochs'\?") as caught:
        load_recipe(package("[paper]\nepoch = 3\n"), Settings, "paper")
    assert "[paper]" in str(caught.value.where)


@pytest.mark.parametrize("value", ["0", '"many"', "nan", "1.5"])
def test_an_unfit_value_names_the_key(package, value: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(package(f"[paper]\nepochs = {value}\n"), Settings, "paper")
    assert str(caught.value.where).endswith("[paper] epochs")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_must_be_finite(package, value: str) -> None:
    with pytest.raises(RecipeError, match="finite"):
        load_recipe(package(f"[paper]\nrate = {value}\n"), Settings, "paper")


@pytest.mark.parametrize(
    ("text", "found"), [("[paper\n", "line 1"), ('about = "x"\n[paper]\n', "about"), (None, "")]
)
def test_a_file_that_is_missing_or_no_recipes_is_an_error(package, text: str | None, found: str) -> None:
    with pytest.raises(RecipeError, match="recipes") as caught:
        recipe_names(package(text))
    assert "recipes.toml" in str(caught.value.where)
    assert found in (caught.value.found or "")


def test_overrides_are_read_as_json_and_else_as_text() -> None:
    recipe = Settings().with_overrides(
        ["epochs=3", "rate=1e-3", "head=mlp", "widths=[1, 2]", "scheme=null"], "test"
    )
    assert recipe == Settings(epochs=3, rate=1e-3, head="mlp", widths=(1, 2))


def test_a_value_may_hold_an_equals_sign_and_the_last_override_counts() -> None:
    assert Settings().with_overrides(["head=a=b", "epochs=2", "epochs=4"], "x") == Settings(
        head="a=b", epochs=4
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs", "key=value"),
        ("epoch=3", "Did you mean 'epochs'"),
        ("zzz=3", "There is no hyper-parameter 'zzz'.\n"),
        ("epochs=0", "unfit value"),
        ("epochs=many", "unfit value"),
        ("rate=NaN", "unfit value"),
        ("rate=inf", "unfit value"),
        ("=3", "There is no hyper-parameter ''"),
    ],
)
def test_overrides_that_do_not_fit_are_errors(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message.replace(".\n", r"\.\n")) as caught:
        Settings().with_overrides([text], "the recipe")
    assert str(caught.value.where).startswith("the recipe")


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().epochs = 3
