from __future__ import annotations

import dataclasses
import hashlib

import pytest

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.errors import DataError, RecipeError, UsageError
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality, Unit
from aqa_bench.datasets.stick_figures.adapter import StickFigures
from aqa_bench.protocol import plan
from aqa_bench.protocol.plan import Request, _check_needs, resolve, run_id_of

DATASET = "stick-figures/shoulder-press"
CARD = MethodCard(
    id="m",
    name="m",
    version=1,
    paper="ours",
    summary="s",
    modality="none",
    needs=frozenset(),
    regime=Regime.CONTROL,
)
SAME = {
    "dataset": "d",
    "fingerprint": "f",
    "splits": {"t": "s"},
    "method": CARD,
    "recipe": {"rate": 0.1},
    "seed": 0,
}


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "e"},
        {"fingerprint": "g"},
        {"splits": {"t": "u"}},
        {"splits": {"u": "s"}},
        {"method": CARD.model_copy(update={"id": "n"})},
        {"method": CARD.model_copy(update={"version": 2})},
        {"recipe": {"rate": 0.2}},
        {"seed": 1},
        {"members": ["a", "b"]},
        {"pool": {"dataset": "e", "fingerprint": "g"}},
        {"keypoints": {"sha256": "a", "people": None}},
    ],
)
def test_the_run_id_changes_with_everything_that_decides_the_result(change: dict[str, object]) -> None:
    assert run_id_of(**(SAME | change)) != run_id_of(**SAME)


def test_the_run_id_changes_with_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_id_of(**SAME)
    monkeypatch.setattr(plan, "BENCHMARK_VERSION", "v3")
    assert run_id_of(**SAME) != before


def test_the_run_id_does_not_change_with_words() -> None:
    renamed = CARD.model_copy(update={"name": "x", "summary": "y", "paper": "z"})
    assert run_id_of(**(SAME | {"method": renamed})) == run_id_of(**SAME)
    assert run_id_of(**SAME, members=["a", "b"]) == run_id_of(**SAME, members=["b", "a"])


def test_the_run_id_never_changes_on_its_own() -> None:
    text = (
        '{"benchmark":"v2","dataset":"d","fingerprint":"f","method":"m","method_version":1,'
        '"recipe":{"rate":0.1},"seed":0,"splits":{"t":"s"}}'
    )
    assert run_id_of(**SAME) == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert run_id_of(**SAME, keypoints=None) == run_id_of(**SAME)


def test_defaults_come_from_the_method_and_the_dataset() -> None:
    resolved = resolve(Request(DATASET, "constant"))
    assert (resolved.recipe_name, resolved.scheme.id, [t.id for t in resolved.tasks]) == (
        "quick",
        "folds",
        ["form"],
    )
    assert resolved.folder == f"{DATASET}/constant/{resolved.run_id}"


def test_the_scheme_comes_from_the_request_then_the_recipe(plugins) -> None:
    assert resolve(Request(DATASET, "noise", "leaky")).scheme.id == "one-class-leaky"
    assert resolve(Request(DATASET, "noise", "leaky", scheme="folds")).scheme.id == "folds"


def test_overrides_change_the_recipe_and_the_id() -> None:
    changed = resolve(Request(DATASET, "duration", overrides=("c=2",)))
    assert changed.recipe.model_dump()["c"] == 2.0
    assert changed.run_id != resolve(Request(DATASET, "duration")).run_id
    assert resolve(Request(DATASET, "duration", overrides=("c=1.0",))).run_id == (
        resolve(Request(DATASET, "duration")).run_id
    )


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (Request(DATASET, "constnat"), UsageError, "Did you mean 'constant'"),
        (Request("stick-figures/press", "constant"), UsageError, "There is no dataset"),
        (Request(DATASET, "constant", "paper"), RecipeError, "There is no recipe 'paper'"),
        (Request(DATASET, "constant", scheme="fold"), UsageError, "Did you mean 'folds'"),
        (Request(DATASET, "constant", tasks=("from",)), UsageError, "Did you mean 'form'"),
        (Request(DATASET, "duration", overrides=("cc=1",)), RecipeError, "Did you mean 'c'"),
        (Request(DATASET, "scorer"), UsageError, "cannot run this task"),
        (Request(DATASET, "scorer", tasks=("form",)), UsageError, "cannot run this task"),
    ],
)
def test_what_does_not_exist_or_fit_is_a_usage_error(
    plugins, request_: Request, error: type[UsageError], message: str
) -> None:
    with pytest.raises(error, match=message):
        resolve(request_)


def test_a_method_that_needs_what_the_dataset_lacks_is_refused(plugins, monkeypatch) -> None:
    card = StickFigures.card.model_copy(update={"provides": frozenset()})
    monkeypatch.setattr(plan, "find_dataset", lambda _: card)
    with pytest.raises(UsageError, match="needs data that") as caught:
        resolve(Request(DATASET, "noise"))
    assert (caught.value.expected, caught.value.found) == ("keypoints", "nothing")


@pytest.mark.parametrize("provides", [{Modality.IMAGE}, {Modality.FRAMES, Modality.IMAGE}])
def test_one_of_several_modalities_is_enough(provides: set[Modality]) -> None:
    pictures = CARD.model_copy(update={"one_of": frozenset({Modality.FRAMES, Modality.IMAGE})})
    _check_needs(pictures, StickFigures.card.model_copy(update={"provides": frozenset(provides)}))
    with pytest.raises(UsageError, match="needs data that") as caught:
        _check_needs(pictures, StickFigures.card)
    assert caught.value.expected == "frames or image"


def test_a_method_of_clips_does_not_judge_images() -> None:
    clips = CARD.model_copy(update={"units": frozenset({Unit.CLIP})})
    task = StickFigures.card.tasks[0]
    assert clips.can_judge(task.model_copy(update={"unit": Unit.CLIP}))
    assert not clips.can_judge(task.model_copy(update={"unit": Unit.IMAGE}))


def test_a_dataset_that_is_not_prepared_says_how_to_prepare_it() -> None:
    with pytest.raises(DataError, match="has not been prepared") as caught:
        resolve(Request("pose-trainer/bicep-curl", "constant"))
    assert "aqa-bench dataset prepare pose-trainer" in str(caught.value.remedy)


def test_splits_that_cannot_be_trusted_stop_the_run(monkeypatch) -> None:
    sound = StickFigures().splits("form", "folds")[0]

    def with_splits(*splits: Split) -> None:
        monkeypatch.setattr(StickFigures, "splits", lambda self, task, scheme: splits)

    with_splits(dataclasses.replace(sound, test=(*sound.test, sound.train[0])))
    with pytest.raises(DataError, match="train and test without common samples"):
        resolve(Request(DATASET, "constant"))
    with_splits(sound, dataclasses.replace(sound, fold=1))
    with pytest.raises(DataError, match="tested once per repeat"):
        resolve(Request(DATASET, "constant"))
