from __future__ import annotations

import pytest

from aqa_bench.core.dataset_id import family_of, split_preset, with_preset


@pytest.mark.parametrize(
    ("dataset", "base", "preset", "family"),
    [
        ("synthetic-gym/backsquat@wild-224", "synthetic-gym/backsquat", "wild-224", "synthetic-gym"),
        ("synthetic-gym/backsquat", "synthetic-gym/backsquat", None, "synthetic-gym"),
        ("synthetic-gym@wild", "synthetic-gym", "wild", "synthetic-gym"),
        ("unlv-dive", "unlv-dive", None, "unlv-dive"),
        ("synthetic-gym/backsquat@", "synthetic-gym/backsquat", "", "synthetic-gym"),
        ("a@b/c@d", "a", "b/c@d", "a"),
    ],
)
def test_an_id_is_taken_apart_and_put_together_again(
    dataset: str, base: str, preset: str | None, family: str
) -> None:
    assert split_preset(dataset) == (base, preset)
    assert with_preset(base, preset) == dataset
    assert family_of(dataset) == family
