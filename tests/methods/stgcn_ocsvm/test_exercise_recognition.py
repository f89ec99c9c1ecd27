from __future__ import annotations

import pytest
import torch

from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.training.device import deterministic
from aqa_bench.methods.stgcn_ocsvm import exercise_recognition
from aqa_bench.methods.stgcn_ocsvm.exercise_recognition import exercise_clips, exercise_of, learn_exercises
from aqa_bench.methods.stgcn_ocsvm.recipe import STGCNRecipe
from aqa_bench.methods.stgcn_ocsvm.stgcn import STGCN

CPU = torch.device("cpu")


class Named(Media):
    provides = frozenset({Modality.ATTRIBUTES})

    def __init__(self, exercise: str, number: int) -> None:
        self._exercise, self._number = exercise, number

    @property
    def content_key(self) -> str:
        return f"{self._number:03d}"

    @property
    def attributes(self) -> dict[str, float | str]:
        return {"exercise": self._exercise}


class Nameless(Media):
    provides: frozenset[Modality] = frozenset()


POOL = [
    Sample(f"{name}{i}", f"{name}{i}", Named(name, 10 * i + j))
    for j, name in enumerate(("curl", "raise", "press"))
    for i in range(5)
]


def test_pool_leaves_the_judged_exercise_out_and_needs_two() -> None:
    assert {name for _, name in exercise_clips(POOL, "press", "others")} == {"curl", "raise"}
    assert len(exercise_clips(POOL[::-1], "press", "all")) == 15
    found = exercise_clips(POOL, "press", "all")
    assert [name for _, name in found] == sorted(name for _, name in found)
    assert [s for s, name in found if name == "curl"] == [s for s in POOL if s.id.startswith("curl")]
    assert exercise_clips(POOL[5:], "press", "others") == []


def test_a_clip_without_a_name_is_left_out() -> None:
    nameless = Sample("x", "x", Nameless())
    assert exercise_of(nameless) is None
    assert nameless not in [sample for sample, _ in exercise_clips([*POOL, nameless], None, "all")]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """What the network is trained on, without the training."""
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(exercise_recognition, "train", lambda model, x, *_, **__: seen.append(x))
    return seen


def learn(groups: list[str], seed: int = 1) -> dict[str, float]:
    """Clips that hold their number, of two exercises in turn."""
    x = torch.arange(float(len(groups))).view(-1, 1, 1, 1, 1).expand(-1, 3, 16, 18, 1)
    names = ["curl", "raise"] * (len(groups) // 2)
    with deterministic(0):
        network = STGCN().eval()
    return learn_exercises(network, x, names, groups, STGCNRecipe(frames=16), seed=seed, device=CPU)


def test_a_fifth_of_each_exercise_is_kept_aside_in_whole_groups(trained) -> None:
    groups = [f"{i % 2}-{i // 4}" for i in range(20)]
    figures = learn(groups)
    kept = sorted(set(range(20)) - {int(clip[0, 0, 0, 0]) for clip in trained[0]})
    assert [sum(i % 2 == k for i in kept) for k in (0, 1)] == [2, 2]
    assert not {groups[i] for i in kept} & {groups[i] for i in range(20) if i not in kept}
    assert figures["pretext_accuracy"] * 4 in range(5)
    assert figures["initial_pretext_accuracy"] == figures["pretext_accuracy"]
    assert figures["pretext_chance"] == 0.5
    learn(groups, seed=2)
    assert not torch.equal(trained[0], trained[1])


def test_an_exercise_of_one_group_is_trained_on_and_not_measured(trained) -> None:
    assert learn(["a", "b"] * 5) == {}
    assert len(trained[0]) == 10
