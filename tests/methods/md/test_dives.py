from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import dataset_cards, find_method
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import TaskKind

METHOD = find_method("md")


def scored(labelled: LabeledSet) -> LabeledSet:
    """Scores of about 50 that say what the labels say."""
    return dataclasses.replace(labelled, targets=50 + 10 * labelled.targets)


def fit(bench, *overrides: str, **options):
    parts = {
        "train": scored(bench.labelled(8)),
        "val": scored(bench.labelled(4, first=50)),
        "pool": bench.pool(8),
        "task_kind": TaskKind.SCORE,
        "recipe": "dives-quick",
    }
    return bench.fit(METHOD, *overrides, **{**parts, **options})


def weights(cache: Path) -> list[Path]:
    return sorted((cache / "weights" / "md").glob("*.safetensors"))


@pytest.mark.parametrize("recipe", ["dives-quick", "dives"])
@pytest.mark.parametrize("regime", ["finetune", "frozen"])
def test_every_recipe_of_dives_trains(dive_bench, recipe: str, regime: str) -> None:
    bench = dive_bench()
    fitted = fit(bench, f"regime={regime}", recipe=recipe)
    assert fitted.facts["pretraining_losses"][0] == pytest.approx(np.log(2), abs=0.4)
    assert fitted.facts["pretraining_clips_dropped"] == {}
    predicted = fitted.predictor.predict(bench.labelled(3, first=100).samples)
    assert predicted.shape == (3,)
    assert 30 < predicted.mean() < 80


def test_whole_kinds_watch_and_are_measured(dive_bench, dives) -> None:
    class Several(dives):
        @property
        def event(self) -> str:
            return str(self.seed % 8 // 2)

    bench = dive_bench("a", Several)
    facts = fit(bench, "held_out=0.3", pool=bench.pool(24)).facts
    assert facts["watched"] == "6 other clips"
    assert 0 <= facts["triplet_accuracy"] <= 1


def test_weights_are_of_the_classes(dive_bench, dives) -> None:
    class Moved(dives):
        event = "02"

        @property
        def content_key(self) -> str:
            return f"DrawnDive-{self.seed}-{self.error}-{self.turns}"

    bench = dive_bench()
    fit(bench)
    fit(bench, seed=4)
    assert len(weights(bench.cache)) == 1
    fit(bench, pool=dive_bench("a", Moved).pool(8))
    assert len(weights(bench.cache)) == 2


def test_dives_without_a_second_of_their_kind_are_too_few(dive_bench, dives) -> None:
    class Alone(dives):
        @property
        def event(self) -> str:
            return str(self.seed)

    bench = dive_bench("a", Alone)
    with pytest.raises(DataError, match="8 alone in their class and event"):
        fit(bench)
    assert not weights(bench.cache)


def test_the_other_pairing_is_refused_by_name(dive_bench, video_bench) -> None:
    with pytest.raises(DataError, match="dives-quick"):
        fit(dive_bench(), recipe="quick")
    with pytest.raises(DataError, match="selected"):
        fit(video_bench())


def test_it_can_be_run_on_every_dataset_of_dives_in_both_tracks() -> None:
    for name in ("mtl-aqa/diving", "unlv-dive", "synthetic-gym/diving"):
        card = dataset_cards()[name]
        assert METHOD.card.needs <= card.provides
        assert METHOD.card.one_of & card.provides
        assert all(METHOD.card.can_judge(task) for task in card.tasks)
