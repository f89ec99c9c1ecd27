from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.recipe import ADDED_LATER, Recipe, build_recipe
from aqa_bench.core.recipe_file import load_recipe, recipe_names


class Settings(Recipe):
    epochs: int = Field(default=10, gt=0)
    rate: float = 0.1
    head: str = "linear"
    widths: tuple[int, ...] = (8,)


def test_names_stand_in_the_order_of_the_file(method_folder) -> None:
    assert recipe_names(method_folder("[quick]\n[paper]\n[a]\n")) == ["quick", "paper", "a"]


def test_reads_values_and_leaves_out_the_text(method_folder) -> None:
    folder = method_folder(
        '[paper]\nabout = "As printed."\nepochs = 30\nscheme = "notebook"\nwidths = [4, 2]\n'
    )
    recipe = load_recipe(folder, Settings, "paper")
    assert recipe == Settings(epochs=30, scheme="notebook", widths=(4, 2))


def test_a_recipe_that_does_not_exist_names_the_nearest(method_folder) -> None:
    with pytest.raises(RecipeError, match=r"Did you mean 'paper'\?") as caught:
        load_recipe(method_folder("[paper]\n[quick]\n"), Settings, "papr")
    assert caught.value.expected == "paper | quick"
    assert caught.value.exit_code == 2


def test_a_key_that_does_not_exist_names_the_nearest(method_folder) -> None:
    with pytest.raises(RecipeError, match=r"Did you mean 'epochs'\?") as caught:
        load_recipe(method_folder("[paper]\nepoch = 3\n"), Settings, "paper")
    assert "[paper]" in str(caught.value.where)


@pytest.mark.parametrize("value", ["0", '"many"', "nan", "1.5"])
def test_an_unfit_value_names_the_key(method_folder, value: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(method_folder(f"[paper]\nepochs = {value}\n"), Settings, "paper")
    assert str(caught.value.where).endswith("[paper] epochs")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_must_be_finite(method_folder, value: str) -> None:
    with pytest.raises(RecipeError, match="finite"):
        load_recipe(method_folder(f"[paper]\nrate = {value}\n"), Settings, "paper")


@pytest.mark.parametrize(
    ("text", "found"), [("[paper\n", "line 1"), ('about = "x"\n[paper]\n', "about"), (None, "")]
)
def test_a_file_that_is_missing_or_no_recipes_is_an_error(
    method_folder, text: str | None, found: str
) -> None:
    with pytest.raises(RecipeError, match="recipes") as caught:
        recipe_names(method_folder(text))
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
        ("epochs=0", "invalid value"),
        ("epochs=many", "invalid value"),
        ("rate=NaN", "invalid value"),
        ("rate=inf", "invalid value"),
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


class Grown(Settings):
    order: Annotated[str, ADDED_LATER] = "forward"
    crops: Annotated[tuple[int, ...], ADDED_LATER, Field(min_length=1)] = (1, 2)


class Inherited(Grown):
    own: int = 1


@pytest.mark.parametrize("mode", ["json", "python"])
def test_a_field_added_later_keeps_the_documents_of_earlier_runs(mode: str) -> None:
    before, after = Settings().model_dump(mode=mode), Grown().model_dump(mode=mode)
    assert after == before
    assert list(after) == list(before)
    assert Grown().model_dump_json() == Settings().model_dump_json()
    assert Inherited().model_dump(mode=mode) == before | {"own": 1}


def test_a_field_added_later_is_in_the_document_once_it_has_another_value() -> None:
    assert Grown(order="back").model_dump() == Settings().model_dump() | {"order": "back"}
    assert Grown(order="forward", crops=(3,)).model_dump(mode="json")["crops"] == [3]
    assert Grown(order="forward").model_dump() == Settings().model_dump()


def test_a_part_of_a_document_keeps_to_the_same_rule() -> None:
    wanted = {"epochs", "order"}
    assert Grown().model_dump(include=wanted) == {"epochs": 10}
    assert Grown(order="back").model_dump(include=wanted) == {"epochs": 10, "order": "back"}
    assert Grown(order="back").model_dump(include={"epochs"}) == {"epochs": 10}


def test_a_document_without_a_field_added_later_is_read_back_as_the_same_recipe() -> None:
    for recipe in (Grown(), Grown(order="back", crops=(7,))):
        assert build_recipe(Grown, recipe.model_dump(mode="json"), "x") == recipe
        assert canonical_json(recipe.model_dump(mode="json"))


def test_a_field_added_later_can_be_overridden_and_set_back() -> None:
    changed = Grown().with_overrides(["order=back", "crops=[5]"], "x")
    assert changed == Grown(order="back", crops=(5,))
    assert changed.with_overrides(["order=forward"], "x") == Grown(crops=(5,))
    with pytest.raises(RecipeError, match="Did you mean 'order'"):
        Grown().with_overrides(["ordr=back"], "x")
    with pytest.raises(RecipeError, match="invalid value"):
        Grown().with_overrides(["crops=[]"], "x")
