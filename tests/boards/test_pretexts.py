from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aqa_bench.boards.model import PretextSuccess
from aqa_bench.boards.pages.render import pretext_text
from aqa_bench.boards.pretexts import pretexts_of
from aqa_bench.core.record import RunRecord, read_record


def made(synthetic: ModuleType, root: Path, facts: dict[str, Any], **changes: object) -> RunRecord:
    return read_record(synthetic.write_run(root, "a-method", 0.5, scored=False, facts=facts, **changes))


def test_success_is_the_mean_over_runs(synthetic: ModuleType, tmp_path: Path) -> None:
    facts = [
        {"initial_rotation_accuracy": before, "rotation_accuracy": after, "rotation_chance": 0.25}
        for before, after in ((0.2, 0.5), (0.3, 0.7))
    ]
    records = [made(synthetic, tmp_path / str(i), each, seed=i) for i, each in enumerate(facts)]
    expected = PretextSuccess(task="rotation", before=0.25, after=0.6, chance=0.25)
    assert pretexts_of(records) == (expected,)


def test_triplets_count_at_the_gap_of_the_training_and_only_for_those_that_train_on_them(
    synthetic: ModuleType, tmp_path: Path
) -> None:
    facts = {f"{when}triplet_accuracy_{gap}": gap / 100 for gap in (30, 45, 60) for when in ("", "initial_")}
    sampled = {"triplets": "sampled", "gap": 45.0}
    mine = made(synthetic, tmp_path / "a", facts, hyperparameters=sampled)
    assert pretexts_of([mine]) == (PretextSuccess(task="triplets", before=0.45, after=0.45, chance=0.5),)
    other = made(synthetic, tmp_path / "b", facts, hyperparameters={"gap": 45.0})
    assert pretexts_of([other]) == ()


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"initial_triplet_accuracy": 0.52, "triplet_accuracy": 0.81}, "triplets 0.52 → 0.81 (chance 0.50)"),
        ({"pretext_accuracy": 0.9, "pretext_chance": None}, "exercises 0.90"),
        (
            {"initial_reconstruction_l1": 0.2, "reconstruction_l1": 0.08, "swap_l1": 0.1},
            "reconstruction error 0.20 → 0.08",
        ),
        (
            {"initial_accuracy": 0.3, "accuracy": 0.5, "chance": 0.2},
            "attributes of dives 0.30 → 0.50 (chance 0.20)",
        ),
        (
            {
                **{"speed_accuracy": 0.4, "initial_speed_accuracy": 0.3, "speed_chance": 0.25},
                **{"order_accuracy": 0.6, "initial_order_accuracy": 0.5},
            },
            "order 0.50 → 0.60; speed 0.30 → 0.40 (chance 0.25)",
        ),
        ({}, "-"),
        ({"val_accuracy": 0.7, "accuracy": 0.9}, "-"),
    ],
)
def test_what_a_row_says(synthetic: ModuleType, tmp_path: Path, facts: dict[str, Any], text: str) -> None:
    assert pretext_text(pretexts_of([made(synthetic, tmp_path, facts)])) == text


@pytest.mark.parametrize(
    "facts",
    [
        {"rotation_accuracy": 1e300, "initial_rotation_accuracy": 0.2},
        {"rotation_accuracy": "<b>", "initial_rotation_accuracy": 0.2},
        {"rotation_accuracy": True, "initial_rotation_accuracy": 0.2},
        {"<b>_accuracy": 0.5, "initial_<b>_accuracy": 0.2},
        {"rotation_accuracy": [0.5], "initial_rotation_accuracy": None},
    ],
)
def test_facts_of_strangers_are_not_printed(
    synthetic: ModuleType, tmp_path: Path, facts: dict[str, Any]
) -> None:
    assert pretexts_of([made(synthetic, tmp_path, facts)]) == ()


def test_clips_that_were_learnt_from_prove_nothing(synthetic: ModuleType, tmp_path: Path) -> None:
    facts = {"initial_speed_accuracy": 0.2, "speed_accuracy": 0.9}
    assert pretexts_of([made(synthetic, tmp_path / "a", {**facts, "watched": "22 other clips"})])
    assert not pretexts_of(
        [made(synthetic, tmp_path / "b", {**facts, "watched": "the pre-training's own clips"})]
    )
