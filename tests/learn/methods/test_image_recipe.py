from __future__ import annotations

import pytest
from pydantic import ValidationError

from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe
from aqa_bench.methods.cvcspc.method import CVCSPCRecipe


@pytest.mark.parametrize(
    "change",
    [{"head_lr": 0.5}, {"frames": 4}, {"finetune": False}, {"pooling": "map"}, {"pretraining_seeds": 3}],
)
def test_what_comes_after_leaves_the_pre_training_alone(change: dict[str, object]) -> None:
    assert CVCSPCRecipe(**change).pretraining() == CVCSPCRecipe().pretraining()


@pytest.mark.parametrize("change", [{"gap": 45}, {"resize": 256}, {"freeze": 1}, {"weights": "random"}])
def test_what_shapes_the_weights_is_part_of_it(change: dict[str, object]) -> None:
    assert CVCSPCRecipe(**change).pretraining() != CVCSPCRecipe().pretraining()


def test_seeds_share_pre_trainings_in_turn() -> None:
    assert [CVCSPCRecipe(pretraining_seeds=3).pretraining_seed(seed) for seed in range(5)] == [0, 1, 2, 0, 1]
    assert CVCSPCRecipe().pretraining_seed(4) == 4


def test_counts_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError):
        ImagePoolRecipe(batch_size=0)
