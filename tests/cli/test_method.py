from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aqa_bench.cli.main import main


def test_it_says_what_a_person_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["method", "info", "bar-only"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("bar-only: ")
    for part in ("paper: ", "needs: ", "pre-trained on: ", "role: a control", "oracle: ", "quick (default)"):
        assert part in text
    assert "synthetic-gym/backsquat" in text


def test_json_is_the_card_and_more(cli: Callable[..., Any]) -> None:
    found = cli("method", "info", "simsiam", "--json").document
    assert (found["id"], found["pretrained_on"]) == ("simsiam", "ImageNet; unlabelled clips of the dataset")
    assert {"quick", "paper"} <= {recipe["name"] for recipe in found["recipes"]}
    assert found["fits"]["mtl-aqa/diving"] == ["score", "score-dd"]


def test_an_unknown_one_is_wrong_usage(cli: Callable[..., Any]) -> None:
    answer = cli("method", "info", "simsaim")
    assert answer.code == 2
    assert "Did you mean 'simsiam'" in answer.err
