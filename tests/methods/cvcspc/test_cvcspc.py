from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.registry import find_method

METHOD = find_method("cvcspc")


def weights(cache: Path) -> list[Path]:
    return sorted((cache / "weights" / "cvcspc").glob("*.safetensors"))


def test_tasks_and_label_seeds_share_one_pre_training(bench) -> None:
    pool = bench.pool(6)
    first = bench.fit(METHOD, pool=pool, seed=1)
    (file,) = weights(bench.cache)
    written = file.stat().st_mtime_ns
    second = bench.fit(METHOD, "head_lr=0.02", pool=pool, seed=2, task="kfe")
    assert weights(bench.cache) == [file]
    assert file.stat().st_mtime_ns == written
    assert first.facts["weights"] == second.facts["weights"]


@pytest.mark.parametrize("change", ["run_seed", "pool", "recipe"])
def test_what_shapes_the_weights_gives_new_ones(bench, change: str) -> None:
    bench.fit(METHOD, pool=bench.pool(6))
    bench.fit(
        METHOD,
        *(["gap=40"] if change == "recipe" else []),
        pool=bench.pool(7 if change == "pool" else 6),
        run_seed=int(change == "run_seed"),
    )
    assert len(weights(bench.cache)) == 2


def test_seeds_of_a_suite_share_pre_trainings(bench) -> None:
    pool = bench.pool(6)
    found = [
        bench.fit(METHOD, "pretraining_seeds=2", "steps=1", pool=pool, seed=s, run_seed=s).facts
        for s in range(3)
    ]
    assert [facts["pretraining_seed"] for facts in found] == [0, 1, 0]
    assert len(weights(bench.cache)) == 2
    assert found[0]["weights"] == found[2]["weights"] != found[1]["weights"]


def test_the_same_seed_gives_the_same_scores_in_another_cache(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    pool = fresh("a").pool(6)
    scores = [fresh(cache).fit(METHOD, pool=pool).predictor.predict(test) for cache in ("a", "b")]
    np.testing.assert_array_equal(*scores)


def test_damaged_weights_are_trained_again(bench) -> None:
    before = bench.fit(METHOD, pool=bench.pool(6)).facts["weights"]
    (file,) = weights(bench.cache)
    file.write_bytes(file.read_bytes()[:1000])
    assert bench.fit(METHOD, pool=bench.pool(6)).facts["weights"] == before


def test_pre_training_that_was_killed_goes_on(fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.methods.cvcspc import method

    overrides = ("steps=null", "epochs=4", "augmentation=light")
    pool = fresh("whole").pool(6)
    whole = fresh("whole").fit(METHOD, *overrides, pool=pool)
    true_loss, calls = method.distance_ratio_loss, []

    def dies(*args: torch.Tensor, **options: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return true_loss(*args, **options)

    monkeypatch.setattr(method, "distance_ratio_loss", dies)
    with pytest.raises(KeyboardInterrupt):
        fresh("killed").fit(METHOD, *overrides, pool=pool)
    resumed = fresh("killed").fit(METHOD, *overrides, pool=pool)
    assert len(calls) < 6 + 8
    assert resumed.facts["weights"] == whole.facts["weights"]
    assert resumed.facts["pretraining_losses"] == whole.facts["pretraining_losses"]


def test_it_learns_the_height_of_the_bar(bench) -> None:
    facts = bench.fit(
        METHOD, "steps=30", "batch_size=8", "lr=0.001", "held_out=0.3", pool=bench.pool(12)
    ).facts
    assert facts["watched"] == "3 other clips"
    assert facts["pretraining_losses"][1] < facts["pretraining_losses"][0]
    assert facts["triplet_accuracy_60"] > max(0.75, facts["initial_triplet_accuracy_60"])
    assert not facts["collapsed"]


def test_the_log_has_every_epoch_and_what_was_watched(bench) -> None:
    bench.fit(METHOD, pool=bench.pool(6))
    (log,) = (bench.cache / "weights" / "cvcspc").glob("*.metrics.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["epoch"] for line in lines[:-2]] == list(range(len(lines) - 2))
    assert set(lines[-1]["after"]) >= {"triplet_accuracy_30", "relative_std", "effective_rank"}


@pytest.mark.parametrize("recipe", ["quick", "map", "scratch", "paper", "released"])
def test_every_recipe_trains(bench, recipe: str) -> None:
    stages = ["stages=[1,2]"] if recipe == "map" else []
    fitted = bench.fit(METHOD, *stages, pool=bench.pool(6), recipe=recipe)
    assert fitted.facts["pretrained_on"] == "6 unlabelled clips of drawn/clips"
    expected = np.log(3 if recipe == "released" else 2)
    assert fitted.facts["pretraining_losses"][0] == pytest.approx(expected, abs=0.4)


def test_a_projection_of_a_map_tells_left_from_right(tiny) -> None:
    from aqa_bench.learn.pretraining.triplets import EmbeddingNetwork, FrameTriplets

    torch.manual_seed(0)
    recipe = FrameTriplets(projector="map", projector_stage=-1, projector_grid=2, embedding=16)
    network = EmbeddingNetwork.of(tiny(), recipe, 32).eval()
    assert network.features.num_features(32) == 32 * 2 * 2
    image = torch.zeros(1, 3, 32, 32)
    image[..., :8] = 1
    assert not torch.allclose(network(image), network(image.flip(-1)), atol=1e-3)
    network(image).sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_a_pool_that_cannot_be_used_is_refused_before_training(bench, images) -> None:
    with pytest.raises(DataError, match="at least 2 usable clips"):
        bench.fit(METHOD, pool=bench.pool(1))
    with pytest.raises(DataError, match="never turns"):
        bench.fit(METHOD, pool=bench.pool(4, turns=False))
    with pytest.raises(DataError, match="too few clips"):
        bench.fit(METHOD, pool=bench.labelled(4, images).samples)
    with pytest.raises(DataError, match="at least 3 clips"):
        bench.fit(METHOD, "negatives=third-clip", pool=bench.pool(2))
    assert not weights(bench.cache)


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_no_weights(
    bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.methods.cvcspc import method

    true_loss = method.distance_ratio_loss
    monkeypatch.setattr(method, "distance_ratio_loss", lambda *a, **o: true_loss(*a, **o) / 0)
    with pytest.raises(MethodError, match="finite"):
        bench.fit(METHOD, pool=bench.pool(6))
    assert not weights(bench.cache)
